"""Roles of a daemon that answers from memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lamb.model.iam_errors import EntityAlreadyExists, NoSuchEntity

HERE = "arn:aws:iam::123456789012:role/"
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
SENDING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": ["*"]}],
}


class MemoryRoles:
    """The role `sender`, which may send to queues and has a policy of AWS's."""

    def __init__(self, said: list[tuple[Any, ...]]) -> None:
        self.said = said
        self.names = ["sender"]

    def _known(self, name: str) -> str:
        if name not in self.names:
            message = f"The role with name {name} cannot be found."
            raise NoSuchEntity(message)
        return name

    def _role(self, name: str) -> dict[str, Any]:
        return {
            "RoleName": name,
            "Arn": HERE + name,
            "CreateDate": "2026-01-02T03:04:05Z",
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]},
        }

    def create(self, name: str, trust: dict[str, Any], description: str | None) -> dict[str, Any]:
        if name in self.names:
            message = f"Role with name {name} already exists."
            raise EntityAlreadyExists(message)
        self.said.append(("create", name, trust["Statement"][0]["Principal"], description))
        return self._role(name)

    def everything(self) -> Iterator[dict[str, Any]]:
        return map(self._role, self.names)

    def get(self, name: str) -> dict[str, Any]:
        return self._role(self._known(name))

    def delete(self, name: str) -> None:
        self.said.append(("delete", name))

    def policies(self, name: str) -> dict[str, Any]:
        self._known(name)
        return {"lamb": SENDING}

    def put_policy(self, name: str, policy: str, document: dict[str, Any]) -> None:
        self.said.append(("put policy", name, policy, document["Statement"]))

    def delete_policy(self, name: str, policy: str) -> None:
        self.said.append(("delete policy", name, policy))

    def attached(self, name: str) -> list[str]:
        self._known(name)
        return [BASIC]

    def attach(self, name: str, policy_arn: str) -> None:
        self.said.append(("attach", name, policy_arn))

    def detach(self, name: str, policy_arn: str) -> None:
        self.said.append(("detach", name, policy_arn))

    def aws_policies(self) -> list[str]:
        return [BASIC]

"""The client's words for roles: IAM's own operations, with answers in JSON instead of XML."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from lamb.client.session import Session
from lamb.client.transport import quote
from lamb.model.errors import LambError

Document = dict[str, Any]

_FORM = {"content-type": "application/x-www-form-urlencoded"}
_VERSION = "2010-05-08"


class Roles:
    """Every method raises the classes of lamb.model.iam_errors. Roles are told by their names."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def create(self, name: str, trust: Document, description: str | None) -> Document:
        """CreateRole: the role."""
        form = {"RoleName": name, "AssumeRolePolicyDocument": json.dumps(trust)}
        if description is not None:
            form["Description"] = description
        return _read(self._ask("CreateRole", form)["Role"])

    def everything(self) -> Iterator[Document]:
        """ListRoles, page after page."""
        return map(_read, self._pages("ListRoles", "Roles", {}))

    def get(self, name: str) -> Document:
        """GetRole, with its trust policy read."""
        return _read(self._ask("GetRole", {"RoleName": name})["Role"])

    def delete(self, name: str) -> None:
        """DeleteRole; it must have no policies."""
        self._ask("DeleteRole", {"RoleName": name})

    def policies(self, name: str) -> dict[str, Document]:
        """The policies inside the role: name → document."""
        names = list(self._pages("ListRolePolicies", "PolicyNames", {"RoleName": name}))
        found = {}
        for policy in names:
            told = self._ask("GetRolePolicy", {"RoleName": name, "PolicyName": policy})
            found[policy] = _document(told["PolicyDocument"])
        return found

    def put_policy(self, name: str, policy: str, document: Document) -> None:
        """PutRolePolicy."""
        form = {"RoleName": name, "PolicyName": policy, "PolicyDocument": json.dumps(document)}
        self._ask("PutRolePolicy", form)

    def delete_policy(self, name: str, policy: str) -> None:
        """DeleteRolePolicy."""
        self._ask("DeleteRolePolicy", {"RoleName": name, "PolicyName": policy})

    def attached(self, name: str) -> list[str]:
        """ListAttachedRolePolicies: ARNs."""
        pages = self._pages("ListAttachedRolePolicies", "AttachedPolicies", {"RoleName": name})
        return [policy["PolicyArn"] for policy in pages]

    def attach(self, name: str, policy_arn: str) -> None:
        """AttachRolePolicy; one that is attached already is no error."""
        self._ask("AttachRolePolicy", {"RoleName": name, "PolicyArn": policy_arn})

    def detach(self, name: str, policy_arn: str) -> None:
        """DetachRolePolicy."""
        self._ask("DetachRolePolicy", {"RoleName": name, "PolicyArn": policy_arn})

    def aws_policies(self) -> list[str]:
        """The ARNs of AWS's own policies that lamb knows."""
        return [policy["Arn"] for policy in self._pages("ListPolicies", "Policies", {"Scope": "AWS"})]

    def _pages(self, operation: str, member: str, form: Mapping[str, str]) -> Iterator[Any]:
        marker: str | None = None
        while True:
            page = self._ask(operation, {**form, **({"Marker": marker} if marker else {})})
            yield from page[member]
            marker = page.get("Marker")
            if not marker:
                return

    def _ask(self, operation: str, form: Mapping[str, str]) -> Document:
        whole = {"Action": operation, "Version": _VERSION, "ContentType": "JSON", **form}
        body = "&".join(f"{quote(name)}={quote(value)}" for name, value in whole.items()).encode()
        try:
            answer = self._session.request("POST", "/", body, _FORM)
        except LambError as error:
            raise _named(error) from None
        document = json.loads(answer.body)[f"{operation}Response"]
        return dict(document.get(f"{operation}Result", {}))


def _read(role: Document) -> Document:
    """With its trust policy as a document."""
    told = {name: value for name, value in role.items() if value is not None}
    return {**told, "AssumeRolePolicyDocument": _document(role["AssumeRolePolicyDocument"])}


def _document(text: str) -> Document:
    """A policy, as IAM writes it into its answers."""
    # Only what shows policies pays for it.
    from urllib.parse import unquote  # noqa: PLC0415

    document: Document = json.loads(unquote(text))
    return document


def _named(error: LambError) -> LambError:
    """The class that IAM's code stands for."""
    # Only failures pay for it.
    from lamb.model.iam_errors import BY_CODE  # noqa: PLC0415

    kind = BY_CODE.get(error.code)
    if kind is None:
        return error
    # Past the constructors: the finished text is here, not what it was made of.
    named = kind.__new__(kind)
    LambError.__init__(named, error.message, hint=error.hint)
    return named

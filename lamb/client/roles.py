"""The client's words for roles: IAM's own operations, with answers in JSON instead of XML."""

from __future__ import annotations

import json
from collections.abc import Iterator

from lamb.client.forms import Document, Forms
from lamb.client.session import Classes, Session

_VERSION = "2010-05-08"


class Roles:
    """Every method raises the classes of lamb.model.iam_errors. Roles are told by their names."""

    def __init__(self, session: Session) -> None:
        self._forms = Forms(session, _VERSION, "Marker", _classes)

    def create(self, name: str, trust: Document, description: str | None) -> Document:
        """CreateRole: the role."""
        form = {"RoleName": name, "AssumeRolePolicyDocument": json.dumps(trust)}
        if description is not None:
            form["Description"] = description
        return _read(self._forms.ask("CreateRole", form)["Role"])

    def everything(self) -> Iterator[Document]:
        """ListRoles, page after page."""
        return map(_read, self._forms.pages("ListRoles", "Roles", {}))

    def get(self, name: str) -> Document:
        """GetRole, with its trust policy read."""
        return _read(self._forms.ask("GetRole", {"RoleName": name})["Role"])

    def delete(self, name: str) -> None:
        """DeleteRole; it must have no policies."""
        self._forms.ask("DeleteRole", {"RoleName": name})

    def policies(self, name: str) -> dict[str, Document]:
        """The policies inside the role: name → document."""
        names = list(self._forms.pages("ListRolePolicies", "PolicyNames", {"RoleName": name}))
        found = {}
        for policy in names:
            told = self._forms.ask("GetRolePolicy", {"RoleName": name, "PolicyName": policy})
            found[policy] = _document(told["PolicyDocument"])
        return found

    def put_policy(self, name: str, policy: str, document: Document) -> None:
        """PutRolePolicy."""
        form = {"RoleName": name, "PolicyName": policy, "PolicyDocument": json.dumps(document)}
        self._forms.ask("PutRolePolicy", form)

    def delete_policy(self, name: str, policy: str) -> None:
        """DeleteRolePolicy."""
        self._forms.ask("DeleteRolePolicy", {"RoleName": name, "PolicyName": policy})

    def attached(self, name: str) -> list[str]:
        """ListAttachedRolePolicies: ARNs."""
        pages = self._forms.pages("ListAttachedRolePolicies", "AttachedPolicies", {"RoleName": name})
        return [policy["PolicyArn"] for policy in pages]

    def attach(self, name: str, policy_arn: str) -> None:
        """AttachRolePolicy; one that is attached already is no error."""
        self._forms.ask("AttachRolePolicy", {"RoleName": name, "PolicyArn": policy_arn})

    def detach(self, name: str, policy_arn: str) -> None:
        """DetachRolePolicy."""
        self._forms.ask("DetachRolePolicy", {"RoleName": name, "PolicyArn": policy_arn})

    def aws_policies(self) -> list[str]:
        """The ARNs of AWS's own policies that lamb knows."""
        return [policy["Arn"] for policy in self._forms.pages("ListPolicies", "Policies", {"Scope": "AWS"})]


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


def _classes() -> Classes:
    from lamb.model.iam_errors import BY_CODE  # noqa: PLC0415

    return BY_CODE

"""IAM's operations over managed policies: members → use cases → documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lamb.api.iam_call import Call, Document, document, listed, moment, tags
from lamb.core import managed_policies, pages
from lamb.core.managed_policies import PolicyView, Wanted
from lamb.model import iam
from lamb.model.iam import ManagedPolicy, PolicyVersion, Role


def create(call: Call) -> Document:
    wanted = ManagedPolicy(
        account=call.account,
        name=call["PolicyName"],
        path=call.members.get("Path", "/"),
        id="",
        description=call.members.get("Description"),
        tags={},
        default_version=0,
        created_ms=0,
        updated_ms=0,
    )
    made = managed_policies.create(call.core, wanted, call["PolicyDocument"], call.tags())
    shown = _policy(made)
    # Told by GetPolicy alone.
    del shown["Description"]
    return {"Policy": {**shown, "Tags": shown["Tags"] or None}}


def get(call: Call) -> Document:
    return {"Policy": _policy(managed_policies.get(call.core, call.account, call["PolicyArn"]))}


def delete(call: Call) -> None:
    managed_policies.delete(call.core, call.account, call["PolicyArn"])


def list_all(call: Call) -> Document:
    wanted = Wanted(
        scope=call.members.get("Scope", "All"),
        only_attached=call.members.get("OnlyAttached", False),
        path_prefix=call.members.get("PathPrefix", "/"),
        usage=call.members.get("PolicyUsageFilter"),
    )
    views, marker = managed_policies.list_policies(call.core, call.account, wanted, call.page())
    shown = [_policy(view) for view in views]
    for each in shown:
        for member in ("Description", "Tags"):
            each.pop(member)
    return listed("Policies", shown, marker)


def entities(call: Call) -> Document:
    having, bounded = managed_policies.entities(call.core, call.account, call["PolicyArn"])
    usage, kind = call.members.get("PolicyUsageFilter"), call.members.get("EntityFilter", "Role")
    found = {
        None: {role.name: role for role in (*having, *bounded)},
        "PermissionsPolicy": {role.name: role for role in having},
        "PermissionsBoundary": {role.name: role for role in bounded},
    }[usage]
    (after,) = pages.start(call.page(), [""])
    prefix = call.members.get("PathPrefix", "/")
    wanted = [
        role
        for name, role in sorted(found.items())
        if name > after and kind == "Role" and role.path.startswith(prefix)
    ]
    most = call.members.get("MaxItems", iam.PAGE_DEFAULT)
    kept, marker = pages.cut_at(wanted, most, lambda role: [role.name])
    shown = listed("PolicyRoles", [_entity(role) for role in kept], marker)
    return {"PolicyGroups": [], "PolicyUsers": [], **shown}


def _entity(role: Role) -> Document:
    return {"RoleName": role.name, "RoleId": role.id}


# ------------------------------------------------------------------ versions


def create_version(call: Call) -> Document:
    default = call.members.get("SetAsDefault", False)
    arguments = (call.account, call["PolicyArn"], call["PolicyDocument"])
    made = managed_policies.create_version(call.core, *arguments, default=default)
    return {"PolicyVersion": _version(made, default=default)}


def get_version(call: Call) -> Document:
    arguments = (call.account, call["PolicyArn"], call["VersionId"])
    found, default = managed_policies.version(call.core, *arguments)
    return {"PolicyVersion": {"Document": document(found.document), **_version(found, default=default)}}


def list_versions(call: Call) -> Document:
    found, default = managed_policies.versions(call.core, call.account, call["PolicyArn"])
    # The newest first: what comes after a marker has lower numbers.
    (before,) = pages.start(call.page(), [1 << 30])
    rest = [version for version in found if version.number < before]
    most = call.members.get("MaxItems", iam.PAGE_DEFAULT)
    kept, marker = pages.cut_at(rest, most, lambda version: [version.number])
    return listed("Versions", [_version(each, default=each.number == default) for each in kept], marker)


def set_default_version(call: Call) -> None:
    arguments = (call.account, call["PolicyArn"], call["VersionId"])
    managed_policies.set_default_version(call.core, *arguments)


def delete_version(call: Call) -> None:
    managed_policies.delete_version(call.core, call.account, call["PolicyArn"], call["VersionId"])


# ------------------------------------------------------------------ tags


def tag(call: Call) -> None:
    managed_policies.tag(call.core, call.account, call["PolicyArn"], call.tags())


def untag(call: Call) -> None:
    managed_policies.untag(call.core, call.account, call["PolicyArn"], call["TagKeys"])


def list_tags(call: Call) -> Document:
    policy = managed_policies.get(call.core, call.account, call["PolicyArn"]).policy
    return listed("Tags", tags(policy.tags), None)


# ------------------------------------------------------------------ shapes


def _policy(view: PolicyView) -> Document:
    policy = view.policy
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": f"v{policy.default_version}",
        "AttachmentCount": view.attached,
        "PermissionsBoundaryUsageCount": view.bounding,
        "IsAttachable": True,
        "Description": policy.description,
        "CreateDate": moment(policy.created_ms),
        "UpdateDate": moment(policy.updated_ms),
        "Tags": tags(policy.tags),
    }


def _version(version: PolicyVersion, *, default: bool) -> Document:
    return {
        "VersionId": version.id,
        "IsDefaultVersion": default,
        "CreateDate": moment(version.created_ms),
    }


HANDLERS: Mapping[str, Callable[[Call], Document | None]] = {
    "CreatePolicy": create,
    "CreatePolicyVersion": create_version,
    "DeletePolicy": delete,
    "DeletePolicyVersion": delete_version,
    "GetPolicy": get,
    "GetPolicyVersion": get_version,
    "ListEntitiesForPolicy": entities,
    "ListPolicies": list_all,
    "ListPolicyTags": list_tags,
    "ListPolicyVersions": list_versions,
    "SetDefaultPolicyVersion": set_default_version,
    "TagPolicy": tag,
    "UntagPolicy": untag,
}

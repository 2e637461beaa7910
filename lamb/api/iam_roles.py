"""IAM's operations over roles: members → use cases → documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from lamb.api.iam_call import Call, Document, document, listed, moment, tags
from lamb.core import pages, roles
from lamb.model import iam
from lamb.model.iam import Role
from lamb.model.iam_errors import BadRequest

# API reference, CreateRole: "If you do not specify a value for this setting, the default value of one hour"
_SESSION_S = 3600
_CHANGEABLE = {"Description": "description", "MaxSessionDuration": "max_session_s"}


def create(call: Call) -> Document:
    wanted = Role(
        account=call.account,
        name=call["RoleName"],
        path=call.members.get("Path", "/"),
        id="",
        trust=call["AssumeRolePolicyDocument"],
        description=call.members.get("Description"),
        max_session_s=call.members.get("MaxSessionDuration", _SESSION_S),
        boundary_arn=call.members.get("PermissionsBoundary"),
        tags={},
        created_ms=0,
    )
    made = roles.create(call.core, wanted, call.tags())
    return {"Role": _less(_role(made), "Description", "MaxSessionDuration", "RoleLastUsed")}


def get(call: Call) -> Document:
    return {"Role": _role(roles.get(call.core, call.account, call["RoleName"]))}


def update(call: Call) -> Document:
    changes = {ours: call.members[theirs] for theirs, ours in _CHANGEABLE.items() if theirs in call.members}
    roles.update(call.core, call.account, call["RoleName"], **changes)
    return {}


def update_description(call: Call) -> Document:
    changed = roles.update(call.core, call.account, call["RoleName"], description=call["Description"])
    return {"Role": _less(_role(changed), "MaxSessionDuration", "RoleLastUsed", "Tags")}


def update_trust(call: Call) -> None:
    roles.update_trust(call.core, call.account, call["RoleName"], call["PolicyDocument"])


def delete(call: Call) -> None:
    roles.delete(call.core, call.account, call["RoleName"])


def list_all(call: Call) -> Document:
    found, marker = roles.list_roles(
        call.core, call.account, call.members.get("PathPrefix", "/"), call.page()
    )
    # API reference: "this operation does not return the following attributes"
    shown = [_less(_role(role), "PermissionsBoundary", "RoleLastUsed", "Tags") for role in found]
    return listed("Roles", shown, marker)


def put_boundary(call: Call) -> None:
    roles.set_boundary(call.core, call.account, call["RoleName"], call["PermissionsBoundary"])


def delete_boundary(call: Call) -> None:
    roles.set_boundary(call.core, call.account, call["RoleName"], None)


# ------------------------------------------------------------------ tags


def tag(call: Call) -> None:
    roles.tag(call.core, call.account, call["RoleName"], call.tags())


def untag(call: Call) -> None:
    roles.untag(call.core, call.account, call["RoleName"], call["TagKeys"])


def list_tags(call: Call) -> Document:
    role = roles.get(call.core, call.account, call["RoleName"])
    return _part(call, "Tags", [(each["Key"], each) for each in tags(role.tags)])


# ------------------------------------------------------------------ policies


def put_policy(call: Call) -> None:
    arguments = (call["RoleName"], call["PolicyName"], call["PolicyDocument"])
    roles.put_inline(call.core, call.account, *arguments)


def get_policy(call: Call) -> Document:
    text = roles.inline(call.core, call.account, call["RoleName"], call["PolicyName"])
    return {"RoleName": call["RoleName"], "PolicyName": call["PolicyName"], "PolicyDocument": document(text)}


def list_policies(call: Call) -> Document:
    names = roles.list_inline(call.core, call.account, call["RoleName"])
    return _part(call, "PolicyNames", [(name, name) for name in names])


def delete_policy(call: Call) -> None:
    roles.delete_inline(call.core, call.account, call["RoleName"], call["PolicyName"])


def attach(call: Call) -> None:
    roles.attach(call.core, call.account, call["RoleName"], call["PolicyArn"])


def detach(call: Call) -> None:
    roles.detach(call.core, call.account, call["RoleName"], call["PolicyArn"])


def list_attached(call: Call) -> Document:
    arns = roles.list_attached(call.core, call.account, call["RoleName"])
    prefix = call.members.get("PathPrefix", "/")
    entities = {arn: iam.parse_arn(arn) for arn in arns}
    shown = [
        (arn, {"PolicyName": entity.name, "PolicyArn": arn})
        for arn, entity in entities.items()
        if entity is not None and entity.path.startswith(prefix)
    ]
    return _part(call, "AttachedPolicies", shown)


def list_instance_profiles(call: Call) -> Document:
    """Machines are no business of lamb: no role is in a profile."""
    roles.get(call.core, call.account, call["RoleName"])
    return listed("InstanceProfiles", [], None)


# ------------------------------------------------------------------ shapes


def _part(call: Call, member: str, items: Sequence[tuple[str, object]]) -> Document:
    """One page of a list that is short as a whole: key and what is shown."""
    page = call.page()
    (after,) = pages.start(page, [""])
    keys = [key for key, _ in items]
    if after and after not in keys:
        raise BadRequest("Invalid Marker.")
    rest = items[keys.index(after) + 1 :] if after else items
    kept, marker = pages.cut_at(rest, page.max_items or iam.PAGE_DEFAULT, lambda item: [item[0]])
    return listed(member, [shown for _, shown in kept], marker)


def _less(shown: Document, *members: str) -> Document:
    """Only GetRole tells everything."""
    return {member: value for member, value in shown.items() if member not in members}


def _role(role: Role) -> Document:
    boundary = None
    if role.boundary_arn is not None:
        boundary = {
            "PermissionsBoundaryType": "Policy",
            "PermissionsBoundaryArn": role.boundary_arn,
        }
    return {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": moment(role.created_ms),
        "AssumeRolePolicyDocument": document(role.trust),
        "Description": role.description,
        "MaxSessionDuration": role.max_session_s,
        "PermissionsBoundary": boundary,
        "Tags": tags(role.tags) or None,
        "RoleLastUsed": {},
    }


HANDLERS: Mapping[str, Callable[[Call], Document | None]] = {
    "AttachRolePolicy": attach,
    "CreateRole": create,
    "DeleteRole": delete,
    "DeleteRolePermissionsBoundary": delete_boundary,
    "DeleteRolePolicy": delete_policy,
    "DetachRolePolicy": detach,
    "GetRole": get,
    "GetRolePolicy": get_policy,
    "ListAttachedRolePolicies": list_attached,
    "ListInstanceProfilesForRole": list_instance_profiles,
    "ListRolePolicies": list_policies,
    "ListRoleTags": list_tags,
    "ListRoles": list_all,
    "PutRolePermissionsBoundary": put_boundary,
    "PutRolePolicy": put_policy,
    "TagRole": tag,
    "UntagRole": untag,
    "UpdateAssumeRolePolicy": update_trust,
    "UpdateRole": update,
    "UpdateRoleDescription": update_description,
}

"""Resource policies of functions, versions and aliases."""

from __future__ import annotations

import json

from lamb.api.messages import Call, Reply
from lamb.core import permissions
from lamb.model.permission import Permission


def add(call: Call) -> Reply:
    members = call.members
    wanted = Permission(
        sid=members["StatementId"],
        action=members["Action"],
        principal=members["Principal"],
        source_arn=members.get("SourceArn"),
        source_account=members.get("SourceAccount"),
        event_source_token=members.get("EventSourceToken"),
        url_auth_type=members.get("FunctionUrlAuthType"),
        invoked_via_url=members.get("InvokedViaFunctionUrl"),
        organization_id=members.get("PrincipalOrgID"),
    )
    added = permissions.add(call.core, call.reference(), wanted, members.get("RevisionId"))
    # A document within a document: text.
    return Reply({"Statement": json.dumps(added, separators=(",", ":"), ensure_ascii=False)})


def get(call: Call) -> Reply:
    policy = permissions.get(call.core, call.reference())
    return Reply({"Policy": policy.text, "RevisionId": policy.revision_id})


def remove(call: Call) -> Reply:
    members = call.members
    permissions.remove(call.core, call.reference(), members["StatementId"], members.get("RevisionId"))
    return Reply(status=204)

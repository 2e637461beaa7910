from __future__ import annotations

import re

import pytest
from unit.core.plane import ARN, FIRST, key, ref

from lamb.core import aliases, function_urls, functions
from lamb.model.errors import ResourceConflict, ResourceNotFound, ValidationFailure
from lamb.model.function_url import UrlChanges, host_name, id_of
from lamb.model.requests import Page

OPEN = UrlChanges("NONE")


def create(plane, qualifier=None, wanted=OPEN):
    return function_urls.create(plane.core, ref(qualifier=qualifier), wanted)


def there(plane):
    return [url.qualifier for url in function_urls.list_urls(plane.core, ref(), FIRST)[0]]


def test_a_url_has_an_id_that_never_changes(plane):
    plane.create()
    made = create(plane)
    assert re.fullmatch("[a-z0-9]{32}", made.id)
    assert (made.auth_type, made.invoke_mode, made.cors) == ("NONE", "BUFFERED", None)
    plane.clock.advance(seconds=1)
    changed = function_urls.update(
        plane.core, ref(), UrlChanges("AWS_IAM", "RESPONSE_STREAM", {"AllowOrigins": ["*"]})
    )
    assert (changed.id, changed.created_ms) == (made.id, made.created_ms)
    assert changed.last_modified_ms > made.last_modified_ms
    assert function_urls.get(plane.core, ref()) == changed


def test_an_update_changes_what_is_given_and_an_empty_cors_clears_it(plane):
    plane.create()
    create(plane, wanted=UrlChanges("NONE", cors={"MaxAge": 5}))
    assert function_urls.update(plane.core, ref(), UrlChanges("AWS_IAM")).cors == {"MaxAge": 5}
    assert function_urls.update(plane.core, ref(), UrlChanges(cors={})).cors is None
    assert function_urls.get(plane.core, ref()).auth_type == "AWS_IAM"


def test_credentials_for_every_origin_are_kept_as_aws_keeps_them(plane):
    """Terraform's own example asks for both; it is the browser that refuses what comes of it."""
    plane.create()
    both = {"AllowOrigins": ["*"], "AllowCredentials": True}
    assert create(plane, wanted=UrlChanges("NONE", cors=both)).cors == both


def test_function_and_aliases_have_urls_of_their_own_and_list_them_in_pages(plane):
    plane.create(publish=True)
    for name in ("a", "b"):
        plane.alias(name)
    ids = {create(plane, qualifier).id for qualifier in ("b", None, "a")}
    assert len(ids) == 3
    assert there(plane) == ["$LATEST", "a", "b"]
    first, marker = function_urls.list_urls(plane.core, ref(), Page(max_items=2))
    second, end = function_urls.list_urls(plane.core, ref(), Page(marker, 2))
    assert ([url.qualifier for url in first + second], end) == (["$LATEST", "a", "b"], None)


def test_there_is_one_for_each(plane):
    plane.create()
    create(plane)
    with pytest.raises(ResourceConflict) as caught:
        create(plane)
    assert caught.value.message == (
        f"Failed to create function url config for [functionArn = {ARN}]. "
        "Error message:  FunctionUrlConfig exists for this Lambda function"
    )


@pytest.mark.parametrize(
    ("qualifier", "pattern"),
    [
        ("$LATEST", r"((?!^\d+$)^[0-9a-zA-Z-_]+$)"),
        ("1", r"(^\$LATEST$)|((?!^[0-9]+$)([a-zA-Z0-9-_]+))"),
    ],
)
def test_a_version_has_no_url(plane, qualifier, pattern):
    plane.create(publish=True)
    for ask in (create, lambda plane, q: function_urls.get(plane.core, ref(qualifier=q))):
        with pytest.raises(ValidationFailure) as caught:
            ask(plane, qualifier)
        assert caught.value.message == (
            f"1 validation error detected: Value '{qualifier}' at 'qualifier' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {pattern}"
        )


def test_what_is_missing_is_said_differently_by_each_operation(plane):
    def refused(ask, *arguments) -> str:
        with pytest.raises(ResourceNotFound) as caught:
            ask(plane.core, *arguments)
        return caught.value.message

    nothing, nobody = "The resource you requested does not exist.", "Function does not exist"
    assert refused(function_urls.list_urls, ref(), FIRST) == nobody
    for wanted in (ref(), ref(qualifier="live")):
        if wanted.qualifier is not None:
            plane.create()
        assert refused(function_urls.create, wanted, OPEN) == nobody
        assert refused(function_urls.update, wanted, OPEN) == nobody
        assert refused(function_urls.get, wanted) == nothing
        assert refused(function_urls.delete, wanted) == nothing
    assert refused(function_urls.update, ref(), OPEN) == nothing


def test_a_url_goes_with_its_alias_and_its_function(plane):
    plane.create(publish=True)
    plane.alias()
    old = {create(plane).id, create(plane, "live").id}
    aliases.delete(plane.core, key(), "live")
    assert there(plane) == ["$LATEST"]
    functions.delete(plane.core, ref())
    plane.create()
    assert there(plane) == []
    assert create(plane).id not in old


def test_a_deleted_url_is_gone(plane):
    plane.create()
    create(plane)
    function_urls.delete(plane.core, ref())
    assert there(plane) == []


def test_the_host_name_carries_the_id():
    assert id_of(host_name("abc", "us-east-1")) == "abc"
    assert id_of("abc.lambda-url.us-east-1.on.aws") == "abc"
    for other in ("localhost", "a.b.lambda-url.x", "127.0.0.1", "lambda-url.us-east-1.localhost"):
        assert id_of(other) is None

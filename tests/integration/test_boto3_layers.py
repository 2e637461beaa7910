"""boto3, unpatched: layers from their zip to the function that imports them, and code in buckets."""

from __future__ import annotations

import hashlib
import io
import json
import re
import stat
import urllib.error
import urllib.request
import zipfile
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import boto3
import harness
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::123456789012:role/r"
LAYERS = "arn:aws:lambda:us-east-1:123456789012:layer"
IMPORTS = """
def handler(event, context):
    import shared
    return [shared.NAME, open("/opt/who.txt").read()]
"""


def package(**files: str) -> bytes:
    """A zip of files whose names have `__` for `/` and `_dot_` for `.`."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name.replace("__", "/").replace("_dot_", "."))
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, text)
    return packed.getvalue()


def layer(name: str) -> bytes:
    return package(python__shared_dot_py=f"NAME = {name!r}\n", who_dot_txt=name)


@pytest.fixture(scope="module")
def aws(lamb_of_module: harness.Lamb) -> Iterator[Any]:
    with lamb_of_module.serving() as served:
        yield boto3.client("lambda", **served.aws, config=Config(retries={"max_attempts": 0}))


def publish(aws: Any, name: str, zipped: bytes | None = None, **members: Any) -> Any:
    content = {"ZipFile": layer(name) if zipped is None else zipped}
    return aws.publish_layer_version(LayerName=name, Content=content, **members)


def create(aws: Any, runtime: str, name: str, code: Any = None, **members: Any) -> Any:
    made = aws.create_function(
        FunctionName=name,
        Role=ROLE,
        Runtime=runtime,
        Handler="app.handler",
        Code=code or {"ZipFile": package(app_dot_py=IMPORTS)},
        **members,
    )
    aws.get_waiter("function_active_v2").wait(FunctionName=name)
    return made


def refused(call: Any, **members: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as raised:
        call(**members)
    response = raised.value.response
    return {
        "status": response["ResponseMetadata"]["HTTPStatusCode"],
        "code": response["Error"]["Code"],
        "said": response["Error"]["Message"],
    }


def result(aws: Any, name: str) -> Any:
    return json.load(aws.invoke(FunctionName=name)["Payload"])


def fetched(url: str) -> bytes:
    with urllib.request.urlopen(url) as answer:
        return answer.read()


def test_a_published_layer_shows_what_it_was_given(aws: Any) -> None:
    made = publish(
        aws,
        "shown",
        Description="d",
        LicenseInfo="MIT",
        CompatibleRuntimes=["python3.12"],
        CompatibleArchitectures=["arm64"],
    )
    assert made.pop("ResponseMetadata")["HTTPStatusCode"] == 201
    content = made.pop("Content")
    assert fetched(content["Location"]) == layer("shown")
    assert content["CodeSize"] == len(layer("shown"))
    assert content["CodeSha256"] == b64encode(hashlib.sha256(layer("shown")).digest()).decode()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000", made.pop("CreatedDate"))
    assert made == {
        "LayerArn": f"{LAYERS}:shown",
        "LayerVersionArn": f"{LAYERS}:shown:1",
        "Version": 1,
        "Description": "d",
        "LicenseInfo": "MIT",
        "CompatibleRuntimes": ["python3.12"],
        "CompatibleArchitectures": ["arm64"],
    }
    for name in ("shown", f"{LAYERS}:shown"):
        found = aws.get_layer_version(LayerName=name, VersionNumber=1)
        assert found["LayerVersionArn"] == made["LayerVersionArn"]
    assert aws.get_layer_version_by_arn(Arn=f"{LAYERS}:shown:1")["Version"] == 1


def test_what_was_not_given_is_left_out_and_what_was_empty_stays_empty(aws: Any) -> None:
    plain = publish(aws, "plain")
    assert not {"LicenseInfo", "CompatibleRuntimes", "CompatibleArchitectures"} & set(plain)
    assert plain["Description"] == ""
    empty = publish(aws, "plain", CompatibleRuntimes=[], CompatibleArchitectures=[])
    assert (empty["CompatibleRuntimes"], empty["CompatibleArchitectures"]) == ([], [])


def test_layers_and_versions_are_listed_page_by_page(aws: Any) -> None:
    for name in ("listed-a", "listed-a", "listed-b"):
        publish(aws, name, CompatibleRuntimes=["ruby3.3"])
    wanted = {"CompatibleRuntime": "ruby3.3", "PaginationConfig": {"PageSize": 1}}
    found = list(aws.get_paginator("list_layers").paginate(**wanted).search("Layers[]"))
    assert [each["LayerName"] for each in found] == ["listed-a", "listed-b"]
    assert found[0]["LayerArn"] == f"{LAYERS}:listed-a"
    newest = found[0]["LatestMatchingVersion"]
    assert (newest["Version"], newest["LayerVersionArn"]) == (2, f"{LAYERS}:listed-a:2")
    pages = aws.get_paginator("list_layer_versions").paginate(
        LayerName="listed-a", PaginationConfig={"PageSize": 1}
    )
    versions = list(pages.search("LayerVersions[]"))
    assert [each["Version"] for each in versions] == [2, 1]
    assert not {"Content", "LayerArn"} & set(versions[0])
    assert aws.list_layer_versions(LayerName="nobody")["LayerVersions"] == []


def test_a_deleted_version_is_gone_but_its_number_is_not_free(aws: Any) -> None:
    publish(aws, "gone")
    for _ in range(2):
        answer = aws.delete_layer_version(LayerName="gone", VersionNumber=1)
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert refused(aws.get_layer_version, LayerName="gone", VersionNumber=1) == {
        "status": 404,
        "code": "ResourceNotFoundException",
        "said": "The resource you requested does not exist.",
    }
    assert refused(aws.get_layer_version, LayerName="gone", VersionNumber=0) == {
        "status": 400,
        "code": "InvalidParameterValueException",
        "said": "Layer Version Cannot be less than 1",
    }
    assert publish(aws, "gone")["Version"] == 2


def test_a_policy_is_added_read_and_removed(aws: Any) -> None:
    publish(aws, "shared")
    here = {"LayerName": "shared", "VersionNumber": 1}
    added = aws.add_layer_version_permission(
        **here, StatementId="s1", Action="lambda:GetLayerVersion", Principal="*"
    )
    assert added["ResponseMetadata"]["HTTPStatusCode"] == 201
    statement = json.loads(added["Statement"])
    assert list(statement) == ["Sid", "Effect", "Principal", "Action", "Resource"]
    found = aws.get_layer_version_policy(**here)
    assert json.loads(found["Policy"])["Statement"] == [statement]
    assert found["RevisionId"] == added["RevisionId"]
    stale = refused(aws.remove_layer_version_permission, **here, StatementId="s1", RevisionId="x")
    assert (stale["status"], stale["code"]) == (412, "PreconditionFailedException")
    wrong = refused(aws.add_layer_version_permission, **here, StatementId="s2", Action="*", Principal="*")
    assert wrong["said"] == (
        "1 validation error detected: Value '*' at 'action' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: lambda:GetLayerVersion"
    )
    aws.remove_layer_version_permission(**here, StatementId="s1", RevisionId=found["RevisionId"])
    assert refused(aws.get_layer_version_policy, **here)["said"].startswith("No policy is associated")


def test_a_function_imports_what_its_layers_bring_the_last_one_first(
    aws: Any, lamb_of_module: harness.Lamb
) -> None:
    low, high = (publish(aws, name) for name in ("low", "high"))
    both = [low["LayerVersionArn"], high["LayerVersionArn"]]
    made = create(aws, lamb_of_module.runtime, "layered", Layers=both)
    assert made["Layers"] == [
        {"Arn": arn, "CodeSize": len(layer(name))} for arn, name in zip(both, ("low", "high"), strict=True)
    ]
    assert result(aws, "layered") == ["high", "high"]
    aws.update_function_configuration(FunctionName="layered", Layers=both[::-1])
    aws.get_waiter("function_updated_v2").wait(FunctionName="layered")
    assert result(aws, "layered") == ["low", "low"]
    for name in ("low", "high"):
        aws.delete_layer_version(LayerName=name, VersionNumber=1)
    assert aws.publish_version(FunctionName="layered")["Layers"][0]["Arn"] == both[1]
    aws.update_function_configuration(FunctionName="layered", Layers=[])
    aws.get_waiter("function_updated_v2").wait(FunctionName="layered")
    assert "Layers" not in aws.get_function_configuration(FunctionName="layered")
    assert result(aws, "layered")["errorType"] == "ModuleNotFoundError"
    assert result(aws, "layered:1") == ["low", "low"]


def test_code_and_layers_come_from_a_bucket_directory(aws: Any, lamb_of_module: harness.Lamb) -> None:
    bucket = lamb_of_module.home / "buckets" / "artifacts"
    bucket.mkdir(parents=True)
    for name, zipped in (("app.zip", package(app_dot_py=IMPORTS)), ("layer.zip", layer("stored"))):
        (bucket / name).write_bytes(zipped)
    where = {"S3Bucket": "artifacts", "S3Key": "layer.zip"}
    stored = aws.publish_layer_version(LayerName="stored", Content=where)
    code = {"S3Bucket": "artifacts", "S3Key": "app.zip"}
    create(aws, lamb_of_module.runtime, "from-bucket", code, Layers=[stored["LayerVersionArn"]])
    assert result(aws, "from-bucket") == ["stored", "stored"]
    missing = {"S3Bucket": "artifacts", "S3Key": "no.zip"}
    assert refused(aws.update_function_code, FunctionName="from-bucket", **missing) == {
        "status": 400,
        "code": "InvalidParameterValueException",
        "said": "Error occurred while GetObject. S3 Error Code: NoSuchKey. "
        "S3 Error Message: The specified key does not exist.",
    }


def test_get_function_leads_to_the_very_zip_and_nowhere_else(aws: Any, lamb_of_module: harness.Lamb) -> None:
    create(aws, lamb_of_module.runtime, "located")
    location = aws.get_function(FunctionName="located")["Code"]["Location"]
    assert fetched(location) == package(app_dot_py=IMPORTS)
    with pytest.raises(urllib.error.HTTPError) as raised:
        fetched(location.replace("Expires=", "Expires=9"))
    assert raised.value.code == 403
    assert b"<Code>SignatureDoesNotMatch</Code>" in raised.value.read()


def test_a_live_directory_is_followed_and_published_as_it_stands(
    aws: Any, lamb_of_module: harness.Lamb
) -> None:
    source = lamb_of_module.write("live/app.py", "def handler(event, context): return 1\n")
    code = {"S3Bucket": "hot-reload", "S3Key": str(source.parent)}
    made = create(aws, lamb_of_module.runtime, "live", code)
    assert made["CodeSize"] > 0
    assert result(aws, "live") == 1
    source.write_text("def handler(event, context): return 2\n")
    assert result(aws, "live") == 2
    assert aws.publish_version(FunctionName="live")["Version"] == "1"
    source.write_text("import more\ndef handler(event, context): return more.N\n")
    (source.parent / "more.py").write_text("N = 3\n")
    assert result(aws, "live") == 3
    assert result(aws, "live:1") == 2
    zipped = fetched(aws.get_function(FunctionName="live")["Code"]["Location"])
    assert zipfile.ZipFile(io.BytesIO(zipped)).namelist() == ["app.py", "more.py"]
    source.unlink()
    (source.parent / "more.py").unlink()
    gone = refused(aws.invoke, FunctionName="live")
    assert (gone["status"], gone["code"]) == (502, "InvalidZipFileException")
    assert f"The code of live is live: {source.parent} holds no file to pack" in gone["said"]

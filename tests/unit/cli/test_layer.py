"""`lamb layer`, and the layers and places of code that `create`, `update` and `configure` take."""

from __future__ import annotations

import json

import pytest
from unit.cli.memory_layers import ARN

PIPED = "3\tpython3.12\td\t2026-01-02 03:04:05\n"


def said(client, what):
    return next(rest for first, *rest in client.said if first == what)


def test_a_layer_is_published_from_a_directory(lamb_line, client, tmp_path):
    (tmp_path / "layer" / "python").mkdir(parents=True)
    (tmp_path / "layer" / "python" / "shared.py").touch()
    flags = ("--runtime", "python3.12", "--runtime", "python3.13", "--license", "MIT", "--description", "d")
    assert lamb_line("layer", "publish", "tools", "--dir", "layer", *flags, "-v") == 0
    assert lamb_line.out == f"{ARN}tools:4\n"
    assert "published tools:4 · 412 B" in lamb_line.err
    name, body = said(client, "layer publish")
    assert name == "tools"
    assert body.pop("Content")["ZipFile"].startswith(b"PK")
    assert body == {
        "CompatibleRuntimes": ["python3.12", "python3.13"],
        "LicenseInfo": "MIT",
        "Description": "d",
    }


def test_a_layer_may_lie_in_a_bucket(lamb_line, client):
    assert lamb_line("layer", "publish", "tools", "--s3", "s3://b/a/l.zip") == 0
    assert said(client, "layer publish")[1] == {"Content": {"S3Bucket": "b", "S3Key": "a/l.zip"}}


def test_layers_and_versions_are_listed(lamb_line, client):
    assert lamb_line("layer", "list", "--runtime", "python3.12") == 0
    assert lamb_line.out == f"tools\t{PIPED}"
    assert said(client, "layer list") == [{"CompatibleRuntime": "python3.12"}]
    assert lamb_line("layer", "list", "-q") == 0
    assert lamb_line.out == "tools\n"
    assert lamb_line("layer", "versions", "tools") == 0
    assert lamb_line.out == PIPED + PIPED.replace("3", "1", 1)
    assert lamb_line("layer", "versions", "tools", "-q") == 0
    assert lamb_line.out == "tools:3\ntools:1\n"


@pytest.mark.parametrize(
    ("written", "number"), [("tools", 3), ("tools:1", 1), (f"{ARN}tools:1", 1), (f"{ARN}tools", None)]
)
def test_a_version_is_shown_by_any_of_its_names(lamb_line, client, written, number):
    client.layers.held[f"{ARN}tools"] = [7]
    assert lamb_line("layer", "show", written, "--json") == (0 if number else 3)
    if number:
        assert json.loads(lamb_line.out)["Version"] == number


def test_the_newest_version_is_shown_in_words(lamb_line):
    assert lamb_line("layer", "show", "tools") == 0
    assert lamb_line.out.splitlines()[0] == "name\ttools:3"
    assert "code\t412 B · 47DEQ" in lamb_line.out


@pytest.mark.parametrize("written", ["none", "tools:9"])
def test_a_layer_that_is_not_there_is_not_found(lamb_line, written):
    assert lamb_line("layer", "show", written) == 3


def test_a_version_is_deleted_by_its_number(lamb_line, client):
    assert lamb_line("layer", "delete", "tools", "--yes") == 2
    assert "lamb layer versions tools" in lamb_line.err
    assert lamb_line("layer", "delete", "tools:1") == 4
    assert "This would delete version 1 of the layer tools" in lamb_line.err
    assert lamb_line("layer", "delete", "tools:1", "--yes") == 0
    assert said(client, "layer delete") == ["tools", 1]
    assert lamb_line("layer", "delete", "tools:9", "--yes") == 3
    assert lamb_line("layer", "delete", "tools:9", "--yes", "--ignore-not-found") == 0


def test_a_zip_is_written_where_it_is_wanted(lamb_line, tmp_path):
    assert lamb_line("layer", "download", "tools") == 0
    assert lamb_line.out == "tools-3.zip\n"
    assert (tmp_path / "tools-3.zip").read_bytes() == b"http://localhost/_lamb/code/tools"
    assert lamb_line("layer", "download", "tools:1", "-o", "x/y.zip") == 2
    assert "cannot be written" in lamb_line.err


def test_functions_are_made_with_layers_in_order(lamb_line, client, hello):
    flags = ("--layer", "tools", "--layer", f"{ARN}other:2", "--layer", "tools:1")
    assert lamb_line("create", "new", "--file", "hello.py", *flags) == 0
    assert said(client, "create")[0]["Layers"] == [f"{ARN}tools:3", f"{ARN}other:2", f"{ARN}tools:1"]
    assert lamb_line("create", "newer", "--file", "hello.py", "--layer", "none") == 3
    assert "lamb layer publish" in lamb_line.err
    assert lamb_line("create", "newer", "--file", "hello.py", "--layer", "tools:x") == 2


def test_layers_are_changed_and_taken_away(lamb_line, client):
    assert lamb_line("configure", "hello", "--layer", "tools:1") == 0
    assert lamb_line("configure", "hello", "--no-layers") == 0
    changes = [rest[-1]["Layers"] for first, *rest in client.said if first == "configure"]
    assert changes == [[f"{ARN}tools:1"], []]


def test_layers_and_live_directories_are_shown(lamb_line, client):
    client.functions["hello"]["Layers"] = [{"Arn": f"{ARN}tools:1", "CodeSize": 412}]
    client.functions["hello"]["Lamb"] = {"Live": "/src"}
    assert lamb_line("show", "hello") == 0
    assert f"layer\t{ARN}tools:1 · 412 B\n" in lamb_line.out
    assert "live\t/src\n" in lamb_line.out


def test_a_live_directory_is_named_by_its_whole_path(lamb_line, client, tmp_path, hello):
    assert lamb_line("create", "new", "--live", ".") == 0
    body = said(client, "create")[0]
    assert body["Code"] == {"S3Bucket": "hot-reload", "S3Key": str(tmp_path)}
    assert body["Handler"] == "hello.handler"
    assert lamb_line("create", "newer", "--live", "hello.py") == 2
    assert lamb_line("update", "hello", "--live", "nowhere") == 2


@pytest.mark.parametrize(
    ("url", "bucket", "key"),
    [
        ("s3://b/k", "b", "k"),
        ("s3://b/a/b.zip", "b", "a/b.zip"),
        ("s3://hot-reload/src", "hot-reload", "/src"),
    ],
)
def test_code_in_a_bucket_is_named_by_its_url(lamb_line, client, url, bucket, key):
    assert lamb_line("create", "new", "--s3", url) == 2
    assert "--handler" in lamb_line.err
    assert lamb_line("create", "new", "--s3", url, "--handler", "app.handler") == 0
    assert said(client, "create")[0]["Code"] == {"S3Bucket": bucket, "S3Key": key}
    assert lamb_line("update", "hello", "--s3", url) == 0
    changed = said(client, "update_code")[1]
    assert (changed["S3Bucket"], changed["S3Key"]) == (bucket, key)


@pytest.mark.parametrize("url", ["b/k", "s3://b", "s3:///k", "https://b/k"])
def test_another_url_is_no_place_in_s3(lamb_line, url):
    assert lamb_line("update", "hello", "--s3", url) == 2
    assert "s3://BUCKET/KEY" in lamb_line.err

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from unit.api.desk import Desk, Services, control_plane
from unit.core.plane import package

from lamb.api.code import name_of, sha256_of
from lamb.api.gate import Gate
from lamb.model.errors import ResourceNotFound
from lamb.secrets.tickets import Tickets


class Watch:
    now_s = 1_000_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def services(tmp_path: Path, watch: Watch) -> Iterator[Services]:
    with control_plane(tmp_path) as core:
        core.tickets = Tickets(now_s=watch)
        yield Services(core)


@pytest.fixture
def link(services: Services) -> str:
    """To a package on the shelf, as an answer would show it."""
    path = f"/_lamb/code/{name_of(services.core.shelf.put(package()))}"
    return f"{path}?{services.core.tickets.sign(path)}"


# Functions call through a listener of their own, where nothing goes without a token.
@pytest.mark.parametrize("gate", [Gate("owner"), Gate("functions"), Gate("owner", browsers_reach=False)])
def test_whoever_has_a_link_gets_the_zip(services: Services, link: str, gate: Gate) -> None:
    answer = Desk(services, gate).ask("GET", link, headers={"Host": "127.0.0.1:1"})
    assert (answer.status, answer.headers["content-type"]) == (200, "application/zip")
    assert answer.body == package()


def test_an_old_link_is_refused_as_s3_refuses_it(services: Services, link: str, watch: Watch) -> None:
    watch.now_s += 601
    answer = Desk(services).ask("GET", link)
    assert (answer.status, answer.headers["content-type"]) == (403, "application/xml")
    assert answer.body.decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
    )


@pytest.mark.parametrize(
    "change", [("Expires=1", "Expires=2"), ("/_lamb/code/", "/_lamb/code/x"), ("?", "?x")]
)
def test_an_altered_link_is_refused(services: Services, link: str, change: tuple[str, str]) -> None:
    answer = Desk(services).ask("GET", link.replace(*change))
    assert answer.status == 403
    assert b"<Code>SignatureDoesNotMatch</Code>" in answer.body


@pytest.mark.parametrize("name", ["", "..", "x", "%2e%2e%2flamb.sqlite3", "A" * 43 + "="])
def test_without_a_signature_nothing_is_shown(services: Services, name: str) -> None:
    assert Desk(services).ask("GET", f"/_lamb/code/{name}").status == 403


def test_a_page_of_another_origin_gets_nothing_with_a_link(services: Services, link: str) -> None:
    headers = {"Host": "127.0.0.1:1", "Origin": "https://evil.example"}
    assert Desk(services, Gate("owner")).ask("GET", link, headers=headers).status == 403


def test_a_link_to_a_package_that_is_gone_says_so(services: Services, link: str) -> None:
    services.core.shelf.discard(set())
    answer = Desk(services).ask("GET", link)
    assert answer.status == 500
    assert b"is gone from lamb's home" in answer.body
    assert urlsplit(link).path.encode() not in answer.body


@pytest.mark.parametrize("name", ["", "x", "A" * 40, "%"])
def test_nothing_but_a_digest_is_the_name_of_a_package(name: str) -> None:
    with pytest.raises(ResourceNotFound):
        sha256_of(name)

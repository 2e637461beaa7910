from __future__ import annotations

from urllib.parse import parse_qsl

import pytest

from lamb.model.errors import LinkAltered, LinkExpired
from lamb.secrets.tickets import Tickets


class Watch:
    now_s = 1_000_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def watch():
    return Watch()


@pytest.fixture
def tickets(watch):
    return Tickets(now_s=watch)


def query(tickets, path="/a"):
    return dict(parse_qsl(tickets.sign(path)))


def test_a_link_is_good_for_ten_minutes(tickets, watch):
    link = query(tickets)
    tickets.check("/a", link)
    watch.now_s += 600
    tickets.check("/a", link)
    watch.now_s += 1
    with pytest.raises(LinkExpired, match="Request has expired"):
        tickets.check("/a", link)


@pytest.mark.parametrize("change", [{"Expires": "9999999999"}, {"Signature": "0" * 64}, {"Signature": "é"}])
def test_a_link_that_was_altered_is_refused(tickets, change):
    with pytest.raises(LinkAltered):
        tickets.check("/a", {**query(tickets), **change})


def test_a_link_leads_to_one_path_only(tickets):
    with pytest.raises(LinkAltered):
        tickets.check("/b", query(tickets))


def test_without_a_signature_there_is_no_link(tickets):
    with pytest.raises(LinkAltered):
        tickets.check("/a", {})


def test_links_of_another_daemon_are_not_good_here(tickets, watch):
    with pytest.raises(LinkAltered):
        Tickets(now_s=watch).check("/a", query(tickets))


def test_a_link_outlives_the_daemon_that_gave_it(tmp_path):
    link = query(Tickets(tmp_path / "keys" / "links"))
    Tickets(tmp_path / "keys" / "links").check("/a", link)
    assert (tmp_path / "keys" / "links").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("damage", [b"", b"short", b"x" * 33])
def test_a_lost_key_costs_the_links_alone(tmp_path, damage):
    link = query(Tickets(tmp_path / "links"))
    (tmp_path / "links").write_bytes(damage)
    after = Tickets(tmp_path / "links")
    with pytest.raises(LinkAltered):
        after.check("/a", link)
    after.check("/a", query(Tickets(tmp_path / "links")))


def test_where_the_key_cannot_be_kept_links_end_with_the_daemon(tmp_path):
    (tmp_path / "keys").touch()
    tickets = Tickets(tmp_path / "keys" / "links")
    tickets.check("/a", query(tickets))

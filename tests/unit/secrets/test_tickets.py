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
    return Tickets(watch)


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
        Tickets(watch).check("/a", query(tickets))

from __future__ import annotations

import pytest

from lamb.model import cors

HERE, THERE = "https://here.example", "https://there.example"
WHOLE = {
    "AllowOrigins": [HERE],
    "AllowMethods": ["GET", "PUT"],
    "AllowHeaders": ["x-a", "x-b"],
    "ExposeHeaders": ["x-c"],
    "MaxAge": 60,
    "AllowCredentials": True,
}


def test_an_allowed_origin_is_told_what_it_may():
    assert dict(cors.preflight(WHOLE, HERE)) == {
        "access-control-allow-origin": HERE,
        "vary": "Origin",
        "access-control-allow-credentials": "true",
        "access-control-expose-headers": "x-c",
        "access-control-allow-methods": "GET,PUT",
        "access-control-allow-headers": "x-a,x-b",
        "access-control-max-age": "60",
    }


def test_an_answer_says_less_than_a_preflight():
    assert dict(cors.answer(WHOLE, HERE)).keys() == {
        "access-control-allow-origin",
        "vary",
        "access-control-allow-credentials",
        "access-control-expose-headers",
    }


def test_every_origin_is_one_star():
    assert cors.answer({"AllowOrigins": ["*"]}, THERE) == [("access-control-allow-origin", "*")]


def test_credentials_for_every_origin_are_left_to_the_browser_which_refuses_them():
    told = cors.answer({"AllowOrigins": ["*"], "AllowCredentials": True}, THERE)
    assert dict(told) == {
        "access-control-allow-origin": "*",
        "access-control-allow-credentials": "true",
    }


@pytest.mark.parametrize("origin", [None, THERE, HERE + "/"])
@pytest.mark.parametrize("settings", [WHOLE, {}])
def test_nobody_else_is_told_anything(settings, origin):
    assert cors.preflight(settings, origin) == cors.answer(settings, origin) == []

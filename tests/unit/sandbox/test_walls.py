from __future__ import annotations

from lamb.sandbox.walls import BY_NAME, NAMES, WALLS, Standing


def test_every_wall_says_what_it_keeps_and_how_to_get_it():
    assert all(wall.keeps and wall.fix for wall in WALLS)
    assert set(BY_NAME) == set(NAMES)
    assert len(NAMES) == len(WALLS)


def test_standing_counts_names_and_misses():
    reasons = dict.fromkeys(NAMES, "") | {
        "cgroup": "read-only file system",
        "user": "Operation not permitted",
    }
    standing = Standing(reasons)
    assert str(standing) == f"{len(NAMES) - 2}/{len(NAMES)}"
    assert standing.missing == ("user", "cgroup")
    assert set(standing.names) | set(standing.missing) == set(NAMES)

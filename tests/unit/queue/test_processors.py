from __future__ import annotations

from lamb.queue.processors import Processors


def test_what_was_idle_since_the_last_time_is_told(tmp_path):
    stat = tmp_path / "stat"
    stat.write_text("cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 1 2 3\n")
    now_s = iter(range(10))
    processors = Processors(stat, lambda: next(now_s), lambda: 0.0)
    stat.write_text("cpu  140 0 120 830 10 0 0 0 0 0\n")
    assert processors.idle_share() == 0.4
    stat.write_text("cpu  240 0 120 830 10 0 0 0 0 0\n")
    assert processors.idle_share() == 0.0


def test_two_who_ask_within_a_moment_are_told_the_same(tmp_path):
    stat, now_s = tmp_path / "stat", [0.0]
    stat.write_text("cpu  100 0 100 800 0 0 0 0 0 0\n")
    processors = Processors(stat, lambda: now_s[0], lambda: 0.0)
    stat.write_text("cpu  200 0 100 800 0 0 0 0 0 0\n")
    now_s[0] = 0.1
    assert processors.idle_share() == 0.0
    stat.write_text("cpu  200 0 100 801 0 0 0 0 0 0\n")
    now_s[0] = 0.11
    assert processors.idle_share() == 0.0
    now_s[0] = 0.2
    assert processors.idle_share() == 1.0


def test_a_process_that_is_busy_itself_has_nothing_left_beside_idle_processors(tmp_path):
    stat, now_s, used_s = tmp_path / "stat", iter(range(10)), [0.0]
    stat.write_text("cpu  100 0 100 800 0 0 0 0 0 0\n")
    processors = Processors(stat, lambda: next(now_s), lambda: used_s[0])
    stat.write_text("cpu  200 0 100 900 0 0 0 0 0 0\n")
    used_s[0] = 0.75
    assert processors.idle_share() == 0.25
    stat.write_text("cpu  300 0 100 1000 0 0 0 0 0 0\n")
    used_s[0] = 2.0
    assert processors.idle_share() == 0.0
    stat.write_text("cpu  400 0 100 1100 0 0 0 0 0 0\n")
    assert processors.idle_share() == 0.5


def test_where_nothing_is_told_all_is_taken_for_idle(tmp_path):
    processors = Processors(tmp_path / "none", used=lambda: 0.0)
    assert processors.idle_share() == 1.0
    assert 0.0 <= Processors().idle_share() <= 1.0

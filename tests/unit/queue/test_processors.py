from __future__ import annotations

from lamb.queue.processors import Processors


def test_what_was_idle_since_the_last_time_is_told(tmp_path):
    stat = tmp_path / "stat"
    stat.write_text("cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 1 2 3\n")
    processors = Processors(stat)
    stat.write_text("cpu  140 0 120 830 10 0 0 0 0 0\n")
    assert processors.idle_share() == 0.4
    stat.write_text("cpu  240 0 120 830 10 0 0 0 0 0\n")
    assert processors.idle_share() == 0.0


def test_where_nothing_is_told_all_is_taken_for_idle(tmp_path):
    processors = Processors(tmp_path / "none")
    assert processors.idle_share() == 1.0
    assert 0.0 <= Processors().idle_share() <= 1.0

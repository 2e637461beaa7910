"""`lamb stats` as people use it: in a script, and on a terminal."""

from __future__ import annotations

from e2e import terminal


def test_a_script_reads_counters_and_a_person_sees_a_picture(lamb):
    lamb.write("shop.py", "def handler(event, context): return 1 / event['by']\n")
    lamb.run("create", "shop", "--file", "shop.py", "--runtime", lamb.runtime)
    script = """
    for by in 1 2 0 4; do lamb invoke shop -e '{"by": '$by'}' >/dev/null 2>&1 || true; done
    lamb stats shop --since 10m | grep -E '^(invocations|errors|error_rate)\t'
    lamb stats shop --json | field Duration.SampleCount
    lamb stats -q 2>/dev/null || echo no such option
    """
    assert terminal.run(lamb, script).stdout.splitlines() == [
        "invocations\t4", "errors\t1", "error_rate\t0.25", "4", "no such option",
    ]  # fmt: skip
    with terminal.Terminal(lamb, NO_COLOR="1") as typed:
        drawn = typed.run("lamb stats shop --since 10m").splitlines()
        table = typed.run("lamb stats --since 10m").splitlines()
    assert drawn[0].startswith("shop · ")
    # The one minute, or the two, in which it ran.
    assert any("█████" in line for line in drawn[2:9])
    assert any(line.split()[:2] == ["errors", "1"] for line in drawn)
    assert table[0].split() == ["FUNCTION", "INVOCATIONS", "ERRORS", "P50", "P99", "WHEN"]
    assert table[1].split()[:3] == ["shop", "4", "1"]
    assert max(map(len, drawn + table)) <= 80

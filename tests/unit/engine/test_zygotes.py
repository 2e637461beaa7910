from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from harness import machine

from lamb.engine import zygotes


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zygotes, "_SPARE_TIME_AFTER_S", 0)


def test_an_improvement_that_is_cancelled_leaves_no_process(tmp_path: Path):
    tell = tmp_path / "pid"
    os.mkfifo(tell)

    async def work() -> int:
        command = ["/bin/sh", "-c", f"echo $$ >{tell}; exec sleep 99"]
        improving = asyncio.ensure_future(zygotes._improve(command))
        pid = int(await asyncio.to_thread(tell.read_text))
        improving.cancel()
        await asyncio.gather(improving, return_exceptions=True)
        return pid

    assert asyncio.run(asyncio.wait_for(work(), 20)) not in machine.children(os.getpid())


@pytest.mark.parametrize("command", [[], ["/nowhere/python3.11", "-c", ""], ["/bin/false"]])
def test_an_improvement_that_cannot_be_made_troubles_nobody(command: list[str]):
    asyncio.run(asyncio.wait_for(zygotes._improve(command), 20))

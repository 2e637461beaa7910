"""Layers inside real sandboxes: where they are, what is found first, and that nobody writes to them."""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from integration.engine_room import Room, is_root

from lamb.model.invocation import Target

LOOK = """
    import importlib, os, subprocess, sys

    def handler(event, context):
        return {name: getattr(importlib.import_module(name), "WHERE") for name in event["import"]}
"""


def with_layers(room: Room, target: Target, files: Mapping[str, str]) -> Target:
    """The function with these files at /opt."""
    opt = target.code.with_name(f"{target.code.name}-opt")
    for path, text in files.items():
        (opt / path).parent.mkdir(parents=True, exist_ok=True)
        (opt / path).write_text(text)
        (opt / path).chmod(0o555)
    return target._replace(opt=opt)


def test_modules_are_found_in_the_function_then_in_layers_then_in_the_runtime(room: Room) -> None:
    own = f"python/lib/{room.runtime}/site-packages"
    target = room.function(LOOK, files={"first.py": "WHERE = 'function'"})
    target = with_layers(
        room,
        target,
        {
            f"{own}/first.py": "WHERE = 'versioned'",
            f"{own}/second.py": "WHERE = 'versioned'",
            "python/second.py": "WHERE = 'layer'",
            "python/third.py": "WHERE = 'layer'",
            # The runtime has this one, too.
            "python/snapshot_restore_py/__init__.py": "WHERE = 'layer'",
        },
    )
    names = ["first", "second", "third"]
    assert room.call(target, {"import": names}) == {
        "first": "function",
        "second": "versioned",
        "third": "layer",
    }


def test_programs_and_files_of_layers_are_found(room: Room) -> None:
    target = room.function(
        """
        import os, subprocess
        def handler(event, context):
            with open("/opt/data/table.txt") as file:
                table = file.read()
            said = subprocess.run(["greet"], capture_output=True, text=True, check=True).stdout
            libraries = os.environ["LD_LIBRARY_PATH"].split(":")
            return [said.strip(), table, libraries[-1], os.environ["PATH"].split(":")[-1]]
        """
    )
    files = {"bin/greet": "#!/bin/sh\necho hello from a layer\n", "data/table.txt": "t"}
    target = with_layers(room, target, files)
    if "mount" in room.standing.missing:
        pytest.skip("without the mount wall there is no /opt")
    assert room.call(target) == ["hello from a layer", "t", "/opt/lib", "/opt/bin"]


def test_a_function_cannot_change_its_layers(room: Room) -> None:
    target = room.function(
        """
        import errno, os
        def handler(event, context):
            attempts = {
                "write": lambda: open("/opt/python/l.py", "a"),
                "create": lambda: open("/opt/python/new.py", "w"),
                "remove": lambda: os.remove("/opt/python/l.py"),
                "mkdir": lambda: os.mkdir("/opt/more"),
                "chmod": lambda: os.chmod("/opt/python/l.py", 0o777),
                "rename": lambda: os.rename("/opt/python", "/opt/other"),
            }
            found = {}
            for name, attempt in attempts.items():
                try:
                    attempt()
                    found[name] = "done"
                except OSError as error:
                    found[name] = errno.errorcode[error.errno]
            return found
        """
    )
    target = with_layers(room, target, {"python/l.py": "x = 1"})
    outcomes: dict[str, Any] = room.call(target)
    assert set(outcomes.values()) <= {"EROFS", "EACCES", "EPERM"}
    assert target.opt is not None
    assert (target.opt / "python" / "l.py").read_text() == "x = 1"


def test_without_layers_opt_is_empty(room: Room) -> None:
    target = room.function("import os\ndef handler(event, context): return os.listdir('/opt')")
    if "mount" in room.standing.missing:
        pytest.skip("without the mount wall there is no /opt")
    assert room.call(target) == ["lib"]


def test_libraries_of_layers_and_of_the_function_are_found_by_the_linker(room: Room) -> None:
    """By their names alone, as extension modules ask for what they are linked with."""
    if "mount" in room.standing.missing:
        pytest.skip("the host's linker looks nowhere else then")
    target = room.function(
        """
        import ctypes
        def handler(event, context):
            return [ctypes.CDLL(name).zlibVersion is not None for name in event]
        """
    )
    target = with_layers(room, target, {"lib/readme": ""})
    assert target.opt is not None
    places = {"libofalayer.so.1": target.opt / "lib", "libofthecode.so.1": target.code / "lib"}
    for name, place in places.items():
        place.mkdir(exist_ok=True)
        shutil.copy(zlib_of_this_host(), place / name)
    assert room.call(target, list(places)) == [True, True]


def zlib_of_this_host() -> str:
    """The file of a small library that every Python is linked with."""
    assert zlib.ZLIB_VERSION
    for line in Path("/proc/self/maps").read_text().splitlines():
        if "/libz.so" in line:
            return line.split(maxsplit=5)[5]
    pytest.skip("this Python has its own zlib")


@pytest.mark.skipif(not is_root(), reason="needs a user to hand files to")
def test_modes_bite_in_layers_as_in_code(room: Room) -> None:
    target = room.function("def handler(event, context): import shut")
    target = with_layers(room, target, {"python/shut.py": ""})
    assert target.opt is not None
    (target.opt / "python" / "shut.py").chmod(0)
    _, error = room.error(target)
    assert error["errorType"] in {"PermissionError", "ModuleNotFoundError"}
    shutil.rmtree(target.opt)

"""Where the handler must lie, and the classic mistake: a zip of the folder in place of its contents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from lamb.packages.finding import Finding, error, note, shown
from lamb.packages.layout import Layout


class _Wanted(NamedTuple):
    """The file a runtime looks for."""

    base: str
    """Path without its suffix."""
    suffixes: tuple[str, ...]
    complaint: str
    """What the runtime says when there is none."""

    def matches(self, path: str) -> bool:
        rest = path.removeprefix(self.base)
        return len(rest) < len(path) and (rest in self.suffixes or self._is_extension_module(rest))

    def _is_extension_module(self, rest: str) -> bool:
        return ".py" in self.suffixes and rest.startswith(".") and rest.endswith(".so") and "/" not in rest


def _wanted(handler: str | None, runtime: str) -> _Wanted | None:
    if runtime.startswith("provided"):
        return _Wanted("bootstrap", ("",), "Error: Couldn't find valid bootstrap(s)")
    if not handler or "." not in handler:
        return None
    if runtime.startswith("python"):
        base = handler.rpartition(".")[0].replace(".", "/").strip("/")
        module = base.replace("/", ".")
        suffixes = (".py", ".pyc", "/__init__.py", "/__init__.pyc")
        return _Wanted(
            base, suffixes, f"Unable to import module '{module}': No module named '{module.split('.')[0]}'"
        )
    if runtime.startswith("nodejs"):
        folder, slash, name = handler.rpartition("/")
        base = folder + slash + name.split(".", 1)[0]
        return _Wanted(base, (".js", ".mjs", ".cjs", "", "/index.js"), f"Error: Cannot find module '{base}'")
    return None


def folder(layout: Layout, handler: str | None, runtime: str | None) -> str | None:
    """The folder that holds the handler which should lie at the root; None when all is well or nothing like
    it."""
    wanted = _wanted(handler, runtime or "")
    if wanted is None or _is_there(layout, wanted):
        return None
    nested = []
    for path in layout.members:
        at = path.find("/")
        while at >= 0:
            if wanted.matches(path[at + 1 :]):
                nested.append(path[:at])
                break
            at = path.find("/", at + 1)
    return min(nested, key=lambda path: (path.count("/"), path), default=None)


def _is_there(layout: Layout, wanted: _Wanted) -> bool:
    # A link at the root may stand for the file or for one of its folders: nobody guesses where it ends.
    links = layout.links
    parts = wanted.base.split("/")
    if any("/".join(parts[: count + 1]) in links for count in range(len(parts))):
        return True
    return any(wanted.matches(path) for path in layout.members)


def check(layout: Layout, handler: str | None, runtime: str | None, *, layers: bool) -> Iterator[Finding]:
    """Whether the runtime will find the handler. `layers`: one of the function's layers may bring it."""
    if handler and "." not in handler and (runtime or "").startswith(("python", "nodejs")):
        yield error(
            "handler-malformed",
            "",
            f"The handler '{shown(handler)}' names no function",
            "use `module.function`",
        )
        return
    wanted = _wanted(handler, runtime or "")
    if wanted is None or _is_there(layout, wanted):
        return
    nested = folder(layout, handler, runtime)
    if nested is not None:
        text = f"holds the handler, which must lie at the root ({shown(wanted.complaint)})"
        fix = f"zip the contents of the folder: `cd {shown(nested)} && zip -r ../package.zip .`"
        yield error("handler-not-at-root", nested + "/", text, fix)
        return
    text = f"Nothing in the package is the handler's file `{shown(wanted.base + wanted.suffixes[0])}`"
    fix = f"add it, or name another handler; the runtime would say: {shown(wanted.complaint)}"
    yield note("handler-missing", "", text, fix) if layers else error("handler-missing", "", text, fix)


def lifted(path: str, nested: str) -> str | None:
    """A path once the contents of `nested` are the package; None for what lies outside of it."""
    return path.removeprefix(nested + "/") if path.startswith(nested + "/") else None

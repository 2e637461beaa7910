"""The fixtures that every test has: no real home, and `lamb`, the real program in a home of its own."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import harness
import hypothesis
import pytest

# Machines are shared and noisy: how long an example takes says nothing about the code.
hypothesis.settings.register_profile("shared", deadline=None)
hypothesis.settings.load_profile("shared")

WORKSHOP = pytest.StashKey[harness.Workshop]()


# ------------------------------------------------------------------------------------- protect the user


def pytest_configure(config: pytest.Config) -> None:
    # With xdist the first process opens the workshop and the others are told where it is.
    told = getattr(config, "workerinput", {}).get("workshop")
    shop = harness.Workshop(Path(told)) if told else harness.Workshop.open()
    config.stash[WORKSHOP] = shop
    harness.adopt_orphans()
    # A shell has what it starts in the background ignore this; what tests start must not inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if not told:
        config.add_cleanup(shop.remove)
    _leave_home(shop.root / "nobody")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    node.workerinput["workshop"] = str(node.config.stash[WORKSHOP].root)  # type: ignore[attr-defined]


def _leave_home(home: Path) -> None:
    """Point HOME elsewhere, and the data directory below a plain file: nobody, not even root, makes a
    home of lamb by default there. Caches and interpreters are still found where they are."""
    real = Path.home()
    home.mkdir(exist_ok=True)
    (home / ".local").touch()
    for name in [name for name in os.environ if name.startswith(("LAMB_", "XDG_", "AWS_"))]:
        del os.environ[name]
    os.environ.setdefault("PIP_CACHE_DIR", str(real / ".cache" / "pip"))
    os.environ.setdefault("NPM_CONFIG_CACHE", str(real / ".npm"))
    os.environ.setdefault("NPM_CONFIG_USERCONFIG", str(real / ".npmrc"))
    if (real / ".pyenv").is_dir():
        os.environ.setdefault("PYENV_ROOT", str(real / ".pyenv"))
    os.environ["HOME"] = str(home)
    # boto3 looks for credentials on the network when it finds none.
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"


# ------------------------------------------------------------------------------------- the program


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests marked `each_user` run as root and as an unprivileged user where we are root."""
    scopes: dict[str, Literal["function", "module"]] = {"lamb": "function", "lamb_of_module": "module"}
    for name, scope in scopes.items():
        if name in metafunc.fixturenames:
            each = metafunc.definition.get_closest_marker("each_user") is not None
            users = ["root", "unprivileged"] if each and os.getuid() == 0 else [harness.ourselves().name]
            metafunc.parametrize(name, users, indirect=True, scope=scope)


@pytest.fixture(scope="session")
def workshop(request: pytest.FixtureRequest) -> harness.Workshop:
    """Where wheels, installations and packages are built once a run."""
    return request.config.stash[WORKSHOP]


@pytest.fixture
def lamb(request: pytest.FixtureRequest, workshop: harness.Workshop) -> Iterator[harness.Lamb]:
    """The real program in a fresh home."""
    made = harness.Lamb(_user(request.param, workshop), workshop.place())
    yield made
    made.close()


@pytest.fixture(scope="module")
def lamb_of_module(request: pytest.FixtureRequest, workshop: harness.Workshop) -> Iterator[harness.Lamb]:
    """The real program in a home that the tests of one module share: for tests that only add to it."""
    made = harness.Lamb(_user(request.param, workshop), workshop.place())
    yield made
    made.close()


@pytest.fixture
def new_lamb(workshop: harness.Workshop) -> Iterator[Callable[..., harness.Lamb]]:
    """Makes homes: `new_lamb(user="root" | "unprivileged", **environment)`, ourselves if not told."""
    made: list[harness.Lamb] = []

    def make(user: str | None = None, **environment: str) -> harness.Lamb:
        made.append(harness.Lamb(_user(user, workshop), workshop.place(), environment))
        return made[-1]

    yield make
    for lamb in made:
        if lamb in harness.LIVING:
            lamb.close()


def _user(name: str | None, workshop: harness.Workshop) -> harness.User:
    us = harness.ourselves()
    return us if name in (None, us.name) else workshop.unprivileged()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """A failed test shows what the daemons wrote."""
    report = yield
    if report.failed:  # type: ignore[attr-defined]
        for living in harness.LIVING:
            if log := living.daemon_log():
                report.sections.append((f"daemon.log of {living.home}", log[-8000:]))  # type: ignore[attr-defined]
    return report

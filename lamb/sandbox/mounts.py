"""The mount wall: a root built from nothing, in which only what a function may see is mounted.

A zygote builds the part that all its environments share (`build_base`), once. An environment adds
its own `/proc` (`show_own_processes`), code and `/tmp` in a private copy of that, and lets go of the
host (`enter`).
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from lamb.sandbox import syscalls
from lamb.sandbox.spec import HOST, SANDBOX_UID, SANDBOX_USER, Base, Order
from lamb.sandbox.syscalls import (
    MOUNT_ATTR_NODEV,
    MOUNT_ATTR_NOSUID,
    MOUNT_ATTR_RDONLY,
    MS_BIND,
    MS_NODEV,
    MS_NOSUID,
    MS_PRIVATE,
    MS_REC,
)

DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
# What programs need of /etc to resolve names, verify TLS and find libraries; nothing about people.
_ETC = (
    "/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/etc/ca-certificates.conf", "/etc/alternatives",
    "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/services", "/etc/protocols",
    "/etc/mime.types",
)  # fmt: skip
_ETC_COPIED = ("/etc/resolv.conf", "/etc/hosts")
_WRITTEN = {
    "/etc/passwd": "root:x:0:0:root:/root:/sbin/nologin\n"
    f"{SANDBOX_USER}:x:{SANDBOX_UID}:{SANDBOX_UID}::/home/sbx_user1051:/sbin/nologin\n",
    "/etc/group": f"root:x:0:\n{SANDBOX_USER}:x:{SANDBOX_UID}:\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nservices: files\n",
}
# The linker remembers of each directory of LD_LIBRARY_PATH whether it was there when the zygote started:
# those of functions and layers have to be.
_EMPTY = (
    "proc", "dev", "etc", "tmp", "opt/lib", "var/task/lib", "var/runtime", "var/lang", "root", "home"
)  # fmt: skip
_READ_ONLY = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV


def build_base(base: Base) -> None:
    """Build the shared root on `base.scratch` and make it this process's root.

    Needs a mount namespace of this process's own and the right to mount in it.
    """
    syscalls.mount("none", "/", None, MS_REC | MS_PRIVATE)
    root = base.scratch
    syscalls.mount("lamb", root, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1m")
    for name in _EMPTY:
        os.makedirs(f"{root}/{name}", mode=0o755)
    _bind_system(root)
    _fill_dev(root)
    _fill_etc(root)
    if base.prefix == "/usr":
        _link_interpreter(root, base)
    else:
        _bind(base.prefix, f"{root}/var/lang")
    _hide(root, base)
    _bind(base.runtime_dir, f"{root}/var/runtime")
    _bind(base.packages, f"{root}{HOST}/packages")
    _bind(base.code, f"{root}{HOST}/lamb")
    # The kernel lets a namespace mount a new /proc only where it can already see all of one.
    syscalls.mount("/proc", f"{root}/proc", None, MS_BIND | MS_REC)
    os.makedirs(f"{root}{HOST}/old", mode=0o700)
    syscalls.pivot_root(root, f"{root}{HOST}/old")
    os.chdir("/")
    syscalls.unmount(f"{HOST}/old")
    syscalls.restrict_mount("/", _READ_ONLY)


def show_own_processes() -> None:
    """A /proc of this environment alone.

    Needs a mount namespace that is a copy of the zygote's, and a pid namespace of its own.
    """
    syscalls.mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV)
    # Without root outside, the function's user owns the switches of the namespaces it is in.
    _bind("/proc/sys", "/proc/sys")


def enter(order: Order) -> None:
    """Add what is this function's alone and let go of the host's directories.

    Needs a mount namespace that is a copy of the zygote's.
    """
    # A mount may not be made writable again by the function: it holds no capability over it.
    _bind(f"{HOST}/packages/{order.task}", "/var/task")
    if order.opt:
        _bind(f"{HOST}/packages/{order.opt}", "/opt")
    # Bounded inodes: a million empty files would take kernel memory that `size` does not count.
    inodes = max(order.tmp_mb, 512) * 64
    syscalls.mount(
        "tmp", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, f"size={order.tmp_mb}m,mode=1777,nr_inodes={inodes}"
    )
    syscalls.unmount(f"{HOST}/packages")
    syscalls.unmount(f"{HOST}/lamb")


def _bind(source: str, target: str) -> None:
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        Path(target).touch()
    # Recursive because the kernel refuses, in a user namespace, to show what a mount covers.
    syscalls.mount(source, target, None, MS_BIND | MS_REC)
    syscalls.restrict_mount(target, _READ_ONLY, recursive=True)


def _bind_system(root: str) -> None:
    for path in _SYSTEM:
        if os.path.islink(path):
            os.symlink(os.readlink(path), root + path)
        elif os.path.isdir(path):
            _bind(path, root + path)


def _fill_dev(root: str) -> None:
    for name in DEVICES:
        target = f"{root}/dev/{name}"
        Path(target).touch()
        syscalls.mount(f"/dev/{name}", target, None, MS_BIND)
    for name, target in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        os.symlink(f"/proc/self/fd{target}", f"{root}/dev/{name}")


def _fill_etc(root: str) -> None:
    for path in _ETC:
        if os.path.exists(path):
            _bind(path, root + path)
    for path in _ETC_COPIED:
        if os.path.exists(path):
            shutil.copyfile(path, root + path)
    for path, text in _WRITTEN.items():
        Path(root + path).write_text(text)


def _link_interpreter(root: str, base: Base) -> None:
    """A system interpreter stays in /usr/bin; /var/lang/bin finds it under AWS's name."""
    os.makedirs(f"{root}/var/lang/bin")
    for name in ("python3", base.runtime):
        os.symlink(base.interpreter, f"{root}/var/lang/bin/{name}")


def _hide(root: str, base: Base) -> None:
    """Show the site-packages of the host's interpreter as empty: a function brings its own."""
    os.makedirs(f"{root}{HOST}/empty")
    for path in base.hidden:
        inside = path if base.prefix == "/usr" else path.replace(base.prefix, "/var/lang", 1)
        if os.path.isdir(root + inside):
            _bind(f"{root}{HOST}/empty", root + inside)

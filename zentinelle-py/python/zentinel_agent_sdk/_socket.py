"""The socket file: whoever can connect may ask the agent, and whoever can replace it *is* the agent."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from pathlib import Path

#: Owner and group may connect: the proxy shares a group with the agent.
_MODE = 0o660


class SocketInUse(OSError):
    """Another process listens there."""


def bind(path: Path) -> socket.socket:
    """Listens on `path`.

    A socket nobody listens on any more is replaced, in one step and with its mode already set;
    anything else that is there is left alone.
    """
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise FileExistsError(f"`{path}` is there and is no socket; remove it, or choose another path")
        if _is_live(path):
            raise SocketInUse(f"another process listens on `{path}`; stop it, or choose another path")
    # Beside it first, so that nobody ever meets it with the wrong mode or half replaced.
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(beside))
        beside.chmod(_MODE)
        listener.listen(128)
        listener.setblocking(False)
        beside.replace(path)
    except BaseException:
        listener.close()
        beside.unlink(missing_ok=True)
        raise
    return listener


def identity(path: Path) -> tuple[int, int] | None:
    """What tells the file at `path` from any other."""
    try:
        about = path.lstat()
    except FileNotFoundError:
        return None
    return about.st_dev, about.st_ino


def _is_live(path: Path) -> bool:
    """Whether somebody listens. Only a refusal proves that nobody does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
    return True

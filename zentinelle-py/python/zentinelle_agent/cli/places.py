"""Where things lie on this machine: the hook, settings of coding agents, our own files."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from ..errors import ZentinelleError


class CommandError(ZentinelleError):
    """Something that ends the command, told on stderr. Exit code 2."""


def user_folder(variable: str, below_home: str) -> Path:
    """A folder of the user's, as the hook finds it too."""
    named = os.environ.get(variable, "")
    return Path(named) if os.path.isabs(named) else Path.home() / below_home


def config_folder() -> Path:
    """Where credentials and the user's policies lie."""
    return user_folder("XDG_CONFIG_HOME", ".config") / "zentinelle"


def hook_program() -> Path:
    """The native hook that came with this package.

    Raises:
        CommandError: When it is not there; nothing is installed that could not run.
    """
    name = "zentinelle-hook" + (".exe" if sys.platform == "win32" else "")
    named = os.environ.get("ZENTINELLE_HOOK")
    beside = [Path(named)] if named else []
    beside += [Path(folder) / name for folder in (sysconfig.get_path("scripts"), os.path.dirname(sys.executable))]
    found = shutil.which(name)
    for path in [*beside, *([Path(found)] if found else [])]:
        if path.is_file() and os.access(path, os.X_OK):
            return path.absolute()
    raise CommandError(
        f"`{name}` was not found beside this package",
        code="hook.missing",
        help="install a wheel of zentinelle-agent for this platform, or name the program in $ZENTINELLE_HOOK",
    )


def write_atomically(path: Path, text: str, mode: int | None = None) -> None:
    """Replaces a file in one step. A link keeps pointing where it does, a mode stays as it is."""
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    if mode is None:
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o644
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read_credentials() -> dict[str, str]:
    """Endpoint, key and agent id: from the environment, else from the user's file."""
    kept: dict[str, Any] = {}
    path = config_folder() / "credentials.json"
    if path.exists():
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            raise CommandError(
                f"`{path}` is no JSON", code="credentials.unreadable", help="run `zentinelle-agent login` again"
            ) from None
    names = {"endpoint": "ZENTINELLE_ENDPOINT", "key": "ZENTINELLE_KEY", "agent_id": "ZENTINELLE_AGENT_ID"}
    found = {name: os.environ.get(variable) or kept.get(name) or "" for name, variable in names.items()}
    return {name: str(value) for name, value in found.items()}


def write_credentials(endpoint: str, key: str, agent_id: str | None) -> Path:
    """Keeps credentials where only the user may read them."""
    path = config_folder() / "credentials.json"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    text = json.dumps({"endpoint": endpoint, "key": key, "agent_id": agent_id}, indent=2)
    write_atomically(path, text + "\n", 0o600)
    return path

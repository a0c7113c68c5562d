"""The file in which the last good policies outlive a process."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

logger = logging.getLogger("zentinelle_agent")

#: For whom, when (seconds since 1970), and what the server said.
Told = tuple["str | None", float, Mapping[str, Any]]


class Contents(NamedTuple):
    """What a file holds."""

    agent_id: str | None
    told: list[Told]


class Kept:
    """One file, replaced whole. What goes wrong with it is logged and stops nothing."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)

    def save(self, agent_id: str | None, told: Iterable[Told]) -> None:
        """Keeps what the server said."""
        policies = [{"user": user, "pulled_at": at, "standing": standing} for user, at, standing in told]
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=".snapshot-")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    json.dump({"agent_id": agent_id, "kept": policies}, file)
                os.replace(name, self._path)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(name)
                raise
        except OSError as error:
            logger.warning("the policies could not be kept in %s: %s", self._path, error.strerror)

    def load(self, agent_id: str | None) -> Contents | None:
        """What was kept for this agent, or for whichever it was when none is named."""
        try:
            held = json.loads(self._path.read_text(encoding="utf-8"))
            told = [(item["user"], float(item["pulled_at"]), item["standing"]) for item in held["kept"]]
            contents = Contents(held["agent_id"], told)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            logger.warning("the policies kept in %s cannot be used", self._path)
            return None
        if agent_id is not None and contents.agent_id not in (None, agent_id):
            logger.warning("the policies kept in %s are another agent's", self._path)
            return None
        return contents

    def forget(self) -> None:
        """Takes the file away."""
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            logger.warning("the policies kept in %s could not be removed: %s", self._path, error.strerror)

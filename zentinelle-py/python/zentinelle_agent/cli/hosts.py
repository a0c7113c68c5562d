"""How each coding agent is told of our hook: which file, which events, which form."""

from __future__ import annotations

import copy
import json
import shlex
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .places import CommandError, write_atomically

#: What names an entry as ours, whatever else it says.
MARKS = ("zentinelle-hook", "zentinelle hook", "zentinelle-agent hook")


@dataclass(frozen=True)
class Host:
    """A coding agent that calls hooks.

    Attributes:
        name: As the hook and this command call it.
        folder: Below the project or the home folder.
        events: Events, with the matcher of those that match tools.
        timeout: In the host's own unit: seconds for Claude Code, milliseconds for Gemini CLI.
    """

    name: str
    title: str
    folder: str
    events: Mapping[str, str | None]
    timeout: int
    named: bool

    def path(self, scope: str, project: Path) -> Path:
        """The settings file of a scope: `project`, `local` (not committed) or `user`."""
        file = "settings.local.json" if scope == "local" else "settings.json"
        if scope == "local" and self.name != "claude-code":
            raise CommandError(
                f"{self.title} has no settings for one person in a project",
                code="install.no_such_scope",
                help="use `--scope project` or `--scope user`",
            )
        return (Path.home() if scope == "user" else project) / self.folder / file

    def scopes(self) -> tuple[str, ...]:
        """The scopes this host has."""
        return ("project", "local", "user") if self.name == "claude-code" else ("project", "user")

    def entry(self, command: str, matcher: str | None) -> dict[str, Any]:
        """One entry under an event."""
        hook: dict[str, Any] = {"type": "command", "command": command, "timeout": self.timeout}
        if self.named:
            hook["name"] = "zentinelle"
        return ({"matcher": matcher} if matcher is not None else {}) | {"hooks": [hook]}


CLAUDE = Host(
    "claude-code",
    "Claude Code",
    ".claude",
    {"PreToolUse": "*", "PostToolUse": "*", "UserPromptSubmit": None},
    timeout=10,
    named=False,
)
GEMINI = Host(
    "gemini-cli",
    "Gemini CLI",
    ".gemini",
    {"BeforeTool": ".*", "AfterTool": ".*", "BeforeModel": None},
    timeout=10_000,
    named=True,
)
HOSTS = {host.name: host for host in (CLAUDE, GEMINI)}


def command_line(program: Path, host: Host, options: list[str]) -> str:
    """The hook's command line, for the shell that the host starts it with. Never holds a key."""
    return shlex.join([str(program), host.name, *options])


def read_settings(path: Path) -> dict[str, Any]:
    """The settings of a host; an empty object where there are none.

    Raises:
        CommandError: When the file is no JSON object. It is left as it is.
    """
    if not path.exists():
        return {}
    text = path.read_text(encoding="utf-8")
    try:
        settings = json.loads(text) if text.strip() else {}
    except ValueError as error:
        raise CommandError(
            f"`{path}` is no JSON: {error}",
            code="settings.unreadable",
            help="mend it, or pass `--force` to set it aside",
        ) from None
    if not isinstance(settings, dict) or not isinstance(settings.get("hooks", {}), dict):
        raise CommandError(
            f"`{path}` has another form than this version of the agent reads",
            code="settings.unknown_form",
            help="mend it, or pass `--force` to set it aside",
        )
    return settings


def is_ours(hook: Any) -> bool:
    """Whether a hook is ours."""
    command = hook.get("command", "") if isinstance(hook, dict) else ""
    return isinstance(command, str) and any(mark in command for mark in MARKS)


def ours(settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Our hooks in settings: event and command."""
    found = []
    for event, groups in settings.get("hooks", {}).items():
        for group in groups if isinstance(groups, list) else []:
            hooks = group.get("hooks", []) if isinstance(group, dict) else []
            found += [(event, hook["command"]) for hook in hooks if is_ours(hook)]
    return found


def without_ours(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings without our hooks; everybody else's stay, in their order."""
    left = copy.deepcopy(dict(settings))
    events = left.get("hooks", {})
    for event in list(events):
        groups = events[event]
        if not isinstance(groups, list):
            continue
        kept = []
        for group in groups:
            hooks = group.get("hooks") if isinstance(group, dict) else None
            if not isinstance(hooks, list) or not any(is_ours(hook) for hook in hooks):
                kept.append(group)
                continue
            others = [hook for hook in hooks if not is_ours(hook)]
            if others:
                kept.append({**group, "hooks": others})
        if kept:
            events[event] = kept
        else:
            del events[event]
    if not events:
        left.pop("hooks", None)
    return left


def with_ours(settings: Mapping[str, Any], host: Host, command: str) -> dict[str, Any]:
    """The settings with our hook under each event of the host, once."""
    settings = without_ours(settings)
    events = settings.setdefault("hooks", {})
    for event, matcher in host.events.items():
        events.setdefault(event, []).append(host.entry(command, matcher))
    return settings


def save(path: Path, settings: Mapping[str, Any]) -> Path | None:
    """Writes settings in one step, and a copy of what was there beside them.

    Returns:
        The copy; None where there was nothing, or nothing changes.
    """
    text = json.dumps(settings, indent=2, ensure_ascii=False) + "\n"
    backup = None
    if path.exists():
        before = path.read_text(encoding="utf-8")
        if before == text:
            return None
        backup = path.with_name(path.name + ".zentinelle-backup")
        write_atomically(backup, before, path.stat().st_mode & 0o777)
    write_atomically(path, text)
    return backup


def set_aside(path: Path) -> Path:
    """Moves a file that cannot be read out of the way, under a name of its own."""
    aside = path.with_name(f"{path.name}.broken-{time.strftime('%Y%m%d-%H%M%S')}")
    path.rename(aside)
    return aside

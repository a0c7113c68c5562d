"""`install`, `uninstall`, `status` and `doctor`: our hook in coding agents."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import stat
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from .._native import Engine, __version__
from ..errors import PolicyDocumentError, ZentinelleError
from . import hosts
from .places import CommandError, config_folder, hook_program, read_credentials

#: Codex calls no hook that could stop a tool; its model calls can go through the proxy.
CODEX = """\
Codex calls no hook before a tool runs, so nothing was installed. What it offers:
  zentinelle-agent proxy --provider openai        # keeps running; checks every model call
  OPENAI_BASE_URL=http://127.0.0.1:8742 codex     # in another terminal"""


def install(args: argparse.Namespace) -> int:
    """Adds our hook to the settings of a coding agent."""
    if args.host == "codex":
        print(CODEX)
        return 0
    host = hosts.HOSTS[args.host]
    options: list[str] = []
    if args.policies:
        policies = Path(args.policies).absolute()
        Engine.from_file(policies)  # says what is wrong, before anything is written
        options += ["--policies", str(policies)]
    elif find_policies(Path(args.project_dir)) is None:
        raise CommandError(
            "there are no policies, so the hook would block every call",
            code="install.no_policies",
            help="write `.zentinelle/policies.yaml`, pass `--policies FILE`, or run `zentinelle-agent login`",
        )
    for name in ("agent", "user", "group"):
        if getattr(args, name):
            options += [f"--{name}", getattr(args, name)]
    options += ["--fail-open"] if args.fail_open else []
    command = hosts.command_line(hook_program(), host, options)
    path = host.path(args.scope, Path(args.project_dir))
    try:
        settings = hosts.read_settings(path)
    except CommandError:
        if not args.force:
            raise
        print(f"set aside: {hosts.set_aside(path)}")
        settings = {}
    backup = hosts.save(path, hosts.with_ours(settings, host, command))
    print(f"{host.title} now asks before every tool: {path}")
    if backup:
        print(f"what was there before: {backup}")
    return 0


def uninstall(args: argparse.Namespace) -> int:
    """Takes our hook out of a coding agent's settings, and nothing else."""
    if args.host == "codex":
        print(CODEX)
        return 0
    host = hosts.HOSTS[args.host]
    removed = False
    for scope in [args.scope] if args.scope else host.scopes():
        path = host.path(scope, Path(args.project_dir))
        settings = hosts.read_settings(path)
        if hosts.ours(settings):
            hosts.save(path, hosts.without_ours(settings))
            print(f"removed from {path}")
            removed = True
    if not removed:
        print(f"{host.title} had no hook of ours")
    return 0


def status(args: argparse.Namespace) -> int:
    """Shows where our hook is installed, and which policies it reads."""
    project = Path(args.project_dir)
    found: list[dict[str, Any]] = []
    for host in hosts.HOSTS.values():
        for scope in host.scopes():
            path = host.path(scope, project)
            for event, command in hosts.ours(hosts.read_settings(path)):
                runs = program_of(command)
                entry = {"host": host.name, "scope": scope, "event": event, "command": command, "runs": runs}
                found.append(entry)
    policies = find_policies(project)
    if args.json:
        print(json.dumps({"hooks": found, "policies": str(policies) if policies else None}))
        return 0
    for entry in found:
        mark = "ok" if entry["runs"] else "THE PROGRAM IS GONE"
        print(f"{entry['host']:12} {entry['scope']:8} {entry['event']:18} {mark}")
    print("no hook is installed" if not found else f"policies: {policies or 'none, so every call is blocked'}")
    return 0


def program_of(command: str) -> bool:
    """Whether the program of a command line is there and may run."""
    try:
        program = shlex.split(command)[0]
    except (ValueError, IndexError):
        return False
    return os.access(program, os.X_OK) if os.path.isabs(program) else True


def find_policies(project: Path) -> Path | None:
    """The policies that the hook would read in a project, by its own rule."""
    named = os.environ.get("ZENTINELLE_POLICIES")
    if named:
        return Path(named)
    for path in (project / ".zentinelle" / "policies.yaml", config_folder() / "policies.yaml"):
        if path.exists():
            return path
    return None


def doctor(args: argparse.Namespace) -> int:
    """Tries everything a guarded coding agent needs, and says what is wrong."""
    project = Path(args.project_dir)
    checks: list[tuple[str, str | None, str]] = []

    def check(name: str, attempt: Any) -> None:
        try:
            checks.append((name, None, str(attempt())))
        except (ZentinelleError, OSError, subprocess.SubprocessError, ValueError) as error:
            fault = error.rendered if isinstance(error, PolicyDocumentError) else str(error)
            checks.append((name, fault, ""))

    check("package", lambda: f"zentinelle-agent {__version__}")
    check("hook", lambda: _run_hook(project))
    check("policies", lambda: _policies(project))
    check("settings", lambda: _settings(project))
    check("credentials", _credentials)
    check("server", _server)
    failed = 0
    for name, fault, told in checks:
        failed += fault is not None
        print(f"{'FAIL' if fault else 'ok':5} {name:12} {fault or told}")
    return 1 if failed else 0


def _run_hook(project: Path) -> str:
    policies = find_policies(project)
    event: dict[str, Any] = {"hook_event_name": "PreToolUse", "session_id": "doctor", "tool_name": "Read"}
    event |= {"tool_input": {"file_path": str(project / "README.md")}, "cwd": str(project)}
    command = [str(hook_program()), "claude-code", "--no-policy", "permit"]
    command += ["--policies", str(policies)] if policies else []
    with tempfile.TemporaryDirectory() as folder:
        # Counters of a trial are nobody's.
        command += ["--state", os.path.join(folder, "state.json")]
        started = time.perf_counter()
        ran = subprocess.run(command, input=json.dumps(event).encode(), capture_output=True, timeout=10)
        millis = (time.perf_counter() - started) * 1000
    if ran.returncode not in (0, 2):
        raise CommandError(f"`{command[0]}` ended with {ran.returncode}", code="hook.broken")
    return f"{command[0]} answered in {millis:.0f} ms"


def _policies(project: Path) -> str:
    path = find_policies(project)
    if path is None:
        raise CommandError("none were found", code="doctor.no_policies", help="write `.zentinelle/policies.yaml`")
    return f"{len(Engine.from_file(path).policies)} in {path}"


def _settings(project: Path) -> str:
    told = []
    for host in hosts.HOSTS.values():
        for scope in host.scopes():
            commands = {command for _, command in hosts.ours(hosts.read_settings(host.path(scope, project)))}
            gone = [command for command in commands if not program_of(command)]
            if gone:
                raise CommandError(
                    f"{host.title} ({scope}) calls a program that is gone", code="doctor.gone", help="install again"
                )
            told += [f"{host.title} ({scope})"] if commands else []
    return ", ".join(told) or "no hook is installed"


def _credentials() -> str:
    path = config_folder() / "credentials.json"
    if not path.exists():
        return "none, policies are local"
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise CommandError(f"others may read `{path}` ({mode:o})", code="doctor.mode", help=f"chmod 600 {path}")
    return str(path)


def _server() -> str:
    from ..client import Client

    known = read_credentials()
    if not known["endpoint"]:
        return "none is named"
    with Client(known["endpoint"], known["key"], max_retries=0, timeout_seconds=5) as client:
        return f"{known['endpoint']} knows {len(client.effective_policies())} policies for this agent"

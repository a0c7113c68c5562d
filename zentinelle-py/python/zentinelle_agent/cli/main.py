"""The arguments of the command, and which function answers which subcommand."""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import ZentinelleError
from .places import CommandError, config_folder, hook_program, read_credentials, write_atomically, write_credentials

HOST_NAMES = ("claude-code", "gemini-cli", "codex")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command.

    Returns:
        0 for done, 1 for done with a negative answer, 2 for what cannot be done. A hook never
        ends with 1, which coding agents pass over.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if arguments[:1] == ["hook"]:
        return hook(arguments[1:])
    args = parser().parse_args(arguments)
    try:
        code: int = args.run(args)
        return code
    except ZentinelleError as error:
        print(f"error: {error}", file=sys.stderr)
    except FileNotFoundError as error:
        print(f"error: `{error.filename}` was not found", file=sys.stderr)
    except OSError as error:
        print(f"error: {error.strerror}: {error.filename}", file=sys.stderr)
    except KeyboardInterrupt:
        pass
    return 2


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    from .._native import __version__
    from . import install as installing

    top = argparse.ArgumentParser(prog="zentinelle-agent", description="Guards coding agents by policies.")
    top.add_argument("--version", action="version", version=f"zentinelle-agent {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Any, help: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=help, description=help)
        added.set_defaults(run=run)
        return added

    def project(added: argparse.ArgumentParser) -> None:
        added.add_argument("--project-dir", default=".", metavar="FOLDER", help="the project; default: this folder")

    one = command("install", installing.install, "Make a coding agent ask before every tool.")
    one.add_argument("host", nargs="?", default="claude-code", choices=HOST_NAMES)
    one.add_argument("--scope", default="project", choices=("project", "local", "user"))
    one.add_argument("--policies", metavar="FILE", help="default: .zentinelle/policies.yaml, else the user's")
    one.add_argument("--agent", metavar="ID", help="the agent's id in policies and counters")
    one.add_argument("--group", metavar="ID", help="the agent's group")
    one.add_argument("--user", metavar="ID", help="the user the agent acts for")
    one.add_argument("--fail-open", action="store_true", help="let calls go on that nobody could judge")
    one.add_argument("--force", action="store_true", help="set settings aside that cannot be read")
    project(one)
    one = command("uninstall", installing.uninstall, "Take our hook out again, and nothing else.")
    one.add_argument("host", nargs="?", default="claude-code", choices=HOST_NAMES)
    one.add_argument("--scope", choices=("project", "local", "user"), help="default: all of them")
    project(one)
    one = command("status", installing.status, "Show where our hook is installed.")
    one.add_argument("--json", action="store_true")
    project(one)
    project(command("doctor", installing.doctor, "Try everything that is needed, and say what is wrong."))
    command("hook", hook, "Decide one hook event; the same as the native `zentinelle-hook`.")
    one = command("check", check, "Decide one request by a policy file, and say why.")
    one.add_argument("--policies", required=True, metavar="FILE")
    one.add_argument("--action", help="default: tool_call")
    one.add_argument("--tool")
    one.add_argument("--user")
    one.add_argument("--arguments", metavar="JSON", help="what the tool is called with")
    one.add_argument("--context", metavar="JSON", help="facts about the request")
    one.add_argument("--json", action="store_true", help="write the whole decision")
    one = command("scan", scan, "Find secrets, personal data and injection in a text.")
    one.add_argument("file", nargs="?", default="-", help="default: the standard input")
    one.add_argument("--redact", action="store_true", help="write the text with findings masked")
    one.add_argument("--json", action="store_true")
    one = command("login", login, "Keep a server's address and key, and pull this agent's policies.")
    one.add_argument("--endpoint", help="default: $ZENTINELLE_ENDPOINT")
    one.add_argument("--agent-type", default="claude_code")
    one.add_argument("--agent-id")
    one = command("proxy", proxy, "Send model calls through the server, with the key added.")
    one.add_argument("--provider", default="anthropic", choices=("anthropic", "openai", "google"))
    one.add_argument("--host", default="127.0.0.1")
    one.add_argument("--port", type=int, default=8742)
    one.add_argument("--endpoint")
    return top


def hook(arguments: list[str]) -> int:
    """Becomes the native hook. Whatever goes wrong blocks: code 2, never 1."""
    try:
        program = str(hook_program())
        if sys.platform == "win32":
            import subprocess

            return 0 if subprocess.run([program, *arguments]).returncode == 0 else 2
        os.execv(program, [program, *arguments])
    except BaseException as error:
        told = error.message if isinstance(error, ZentinelleError) else type(error).__name__
        print(f"zentinelle: {told}\nblocked, because no decision could be made", file=sys.stderr)
        return 2


def check(args: argparse.Namespace) -> int:
    """Decides one request. 0: allowed, 1: denied."""
    from .._native import Engine

    def read(text: str | None, name: str) -> Any:
        try:
            return json.loads(text) if text else None
        except ValueError as error:
            raise CommandError(f"`--{name}` is no JSON: {error}", code="check.invalid_json") from None

    decision = Engine.from_file(args.policies).decide(
        args.action,
        tool=args.tool,
        user=args.user,
        arguments=read(args.arguments, "arguments"),
        context=read(args.context, "context"),
    )
    print(decision.to_json() if args.json else decision.explain().rstrip())
    return 0 if decision else 1


def scan(args: argparse.Namespace) -> int:
    """Scans one text. 0: clean, 1: something was found."""
    from .._native import Scanner

    text = sys.stdin.read() if args.file == "-" else Path(args.file).read_text(encoding="utf-8")
    scanner = Scanner()
    findings = scanner.scan(text)
    judged = scanner.judge(text, source="tool")
    if args.redact:
        sys.stdout.write(scanner.redact(text))
    elif args.json:
        told = [
            {"category": f.category, "kind": f.kind, "severity": f.severity, "start": f.start, "end": f.end}
            for f in [*findings, *judged.findings]
        ]
        print(json.dumps({"findings": told, "injection": {"verdict": judged.verdict, "score": judged.score}}))
    else:
        for f in findings:
            line = text.count("\n", 0, f.start) + 1
            print(f"{f.severity:9} {f.category}/{f.kind} in line {line}")
        if judged:
            print(f"{judged.verdict:9} injection, score {judged.score:.2f}")
    return 1 if findings or judged else 0


def login(args: argparse.Namespace) -> int:
    """Keeps address and key in the user's own folder and pulls the policies of this agent."""
    from ..client import Client

    known = read_credentials()
    endpoint = args.endpoint or known["endpoint"]
    if not endpoint:
        raise CommandError("no server is named", code="login.no_endpoint", help="pass `--endpoint https://HOST`")
    key = os.environ.get("ZENTINELLE_KEY") or (
        getpass.getpass("Key: ") if sys.stdin.isatty() else sys.stdin.readline().strip()
    )
    with Client(endpoint, key, agent_id=args.agent_id or known["agent_id"] or None) as client:
        if not key.startswith("sk_agent_"):
            client.register(args.agent_type, agent_id=client.agent_id)
        policies = client.effective_policies()
        kept = write_credentials(endpoint, client.settings.key, client.agent_id)
    path = config_folder() / "policies.yaml"
    held = [
        {name: policy[name] for name in ("id", "name", "type", "enforcement", "config")} | {"inheritance": "floor"}
        for policy in policies
    ]
    # JSON is YAML; each policy already applies here, so none may displace another.
    write_atomically(path, json.dumps({"policies": held}, indent=1, ensure_ascii=False) + "\n", 0o600)
    print(f"signed in; credentials: {kept}")
    print(f"{len(held)} policies: {path}")
    return 0


def proxy(args: argparse.Namespace) -> int:
    """Runs the local proxy until it is stopped."""
    from .proxy import serve

    known = read_credentials()
    endpoint = args.endpoint or known["endpoint"]
    if not endpoint or not known["key"]:
        raise CommandError(
            "no server or no key is known", code="proxy.no_credentials", help="run `zentinelle-agent login` first"
        )
    serve(endpoint, known["key"], args.provider, args.host, args.port)
    return 0

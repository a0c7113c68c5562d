"""The command: what it writes, what it leaves alone, and that the hook never ends with 1."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import Running
from zentinelle_agent.cli import hosts, main
from zentinelle_agent.cli.places import hook_program
from zentinelle_agent.cli.proxy import Server

POLICIES = """
policies:
  - name: no shells
    type: tool_permission
    config: { denied_tools: [Bash] }
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with policies, in a home of its own."""
    for name in list(os.environ):
        if name.startswith("ZENTINELLE_") and name not in ("ZENTINELLE_HOOK", "ZENTINELLE_SERVER"):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    folder = tmp_path / "project"
    (folder / ".zentinelle").mkdir(parents=True)
    home.mkdir()
    (folder / ".zentinelle" / "policies.yaml").write_text(POLICIES)
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(folder)
    try:
        hook_program()
    except Exception:
        program = tmp_path / "zentinelle-hook"
        program.write_text("#!/bin/sh\nexit 0\n")
        program.chmod(0o755)
        monkeypatch.setenv("ZENTINELLE_HOOK", str(program))
    return folder


@pytest.fixture
def hook(project: Path) -> str:
    """The native hook, where this wheel has one."""
    program = hook_program()
    if program.read_bytes()[:2] == b"#!":
        pytest.fail("the native hook is not here: scripts/python.sh builds it")
    return str(program)


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def test_installing_keeps_what_others_wrote_and_uninstalling_gives_it_back(project: Path) -> None:
    path = project / ".claude" / "settings.json"
    path.parent.mkdir()
    other = {"matcher": "Bash", "hooks": [{"type": "command", "command": "./lint.sh"}]}
    before = {"model": "sonnet", "hooks": {"PreToolUse": [other], "Stop": [{"hooks": []}]}}
    path.write_text(json.dumps(before))
    for _ in range(2):  # a second time changes nothing
        assert main(["install", "claude-code"]) == 0
    settings = read(path)
    assert settings["model"] == "sonnet" and settings["hooks"]["PreToolUse"][0] == other
    assert [len(settings["hooks"][event]) for event in ("PreToolUse", "PostToolUse", "UserPromptSubmit")] == [2, 1, 1]
    ours = settings["hooks"]["PreToolUse"][1]["hooks"][0]
    assert ours["command"] == hosts.command_line(hook_program(), hosts.CLAUDE, []) and ours["timeout"] == 10
    assert read(path.with_name("settings.json.zentinelle-backup")) == before
    assert main(["uninstall", "claude-code"]) == 0
    assert read(path) == before


def test_gemini_gets_the_form_it_reads_now(project: Path) -> None:
    assert main(["install", "gemini-cli", "--scope", "user", "--user", "ann o'hara"]) == 0
    entry = read(Path.home() / ".gemini" / "settings.json")["hooks"]["BeforeTool"][0]
    assert entry["matcher"] == ".*" and entry["hooks"][0]["name"] == "zentinelle"
    assert """--user 'ann o'"'"'hara'""" in entry["hooks"][0]["command"]
    assert entry["hooks"][0]["timeout"] == 10_000


def test_settings_that_cannot_be_read_are_left_alone_or_set_aside(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = project / ".claude" / "settings.json"
    path.parent.mkdir()
    path.write_text("{ broken")
    assert main(["install"]) == 2
    assert path.read_text() == "{ broken" and "no JSON" in capsys.readouterr().err
    assert main(["install", "--force"]) == 0
    assert [file.read_text() for file in path.parent.glob("settings.json.broken-*")] == ["{ broken"]
    assert "PreToolUse" in read(path)["hooks"]


def test_nothing_is_installed_that_would_block_everything(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / ".zentinelle" / "policies.yaml").unlink()
    assert main(["install"]) == 2
    assert "no policies" in capsys.readouterr().err
    (project / "bad.yaml").write_text("policies: [{name: a, type: nothing}]")
    assert main(["install", "--policies", "bad.yaml"]) == 2
    assert not (project / ".claude").exists()
    assert main(["install", "codex"]) == 0
    assert "proxy" in capsys.readouterr().out


def test_status_and_doctor_tell_what_is_there(
    project: Path, hook: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["status"]) == 0 and "no hook" in capsys.readouterr().out
    main(["install", "--scope", "local"])
    capsys.readouterr()
    assert main(["status", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {entry["scope"] for entry in told["hooks"]} == {"local"} and all(entry["runs"] for entry in told["hooks"])
    assert main(["doctor"]) == 0, capsys.readouterr().out
    settings = project / ".claude" / "settings.local.json"
    settings.write_text(settings.read_text().replace(hook, "/gone/zentinelle-hook"))
    assert main(["doctor"]) == 1
    assert "gone" in capsys.readouterr().out


def test_checking_and_scanning_answer_by_their_exit_code(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policies = str(project / ".zentinelle" / "policies.yaml")
    assert main(["check", "--policies", policies, "--tool", "Read", "--context", '{"a": 1}']) == 0
    assert main(["check", "--policies", policies, "--tool", "Bash"]) == 1
    assert "tool_permission.denied" in capsys.readouterr().out
    assert main(["check", "--policies", policies, "--tool", "Bash", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["code"] == "tool_permission.denied"
    assert main(["check", "--policies", policies, "--tool", "x", "--context", "{"]) == 2
    capsys.readouterr()
    assert main(["check", "--policies", "none.yaml", "--tool", "x"]) == 2
    assert capsys.readouterr().err == "error: `none.yaml` was not found\n"
    text = project / "mail.txt"
    text.write_text("mail\njo.doe@corp.test")
    capsys.readouterr()
    assert main(["scan", str(text)]) == 1
    assert "pii/email in line 2" in capsys.readouterr().out
    assert main(["scan", str(text), "--redact"]) == 1
    assert capsys.readouterr().out == "mail\n[REDACTED:email]"
    text.write_text("nothing here")
    assert main(["scan", str(text), "--json"]) == 0


def run_hook(command: list[str], event: Any, **environment: str) -> subprocess.CompletedProcess[str]:
    text = event if isinstance(event, str) else json.dumps(event)
    return subprocess.run(command, input=text, capture_output=True, text=True, env=os.environ | environment, timeout=30)


def called(tool: str, **more: Any) -> dict[str, Any]:
    return {"hook_event_name": "PreToolUse", "session_id": "s", "tool_name": tool, "tool_input": {}} | more


def test_the_hook_allows_in_silence_denies_in_the_hosts_words_and_blocks_by_two(project: Path, hook: str) -> None:
    for command in ([hook, "claude-code"], [sys.executable, "-m", "zentinelle_agent", "hook", "claude-code"]):
        allowed = run_hook(command, called("Read"))
        assert (allowed.returncode, allowed.stdout, allowed.stderr) == (0, "", "")
        denied = run_hook(command, called("Bash"))
        told = json.loads(denied.stdout)["hookSpecificOutput"]
        assert (denied.returncode, told["permissionDecision"]) == (0, "deny")
        assert "no shells" in told["permissionDecisionReason"]
        for nonsense in ("", "{", "[]", '"x"', "\x00", '{"hook_event_name": "PreToolUse"}'):
            assert run_hook(command, nonsense).returncode == 2
        lost = run_hook(command, called("Read"), ZENTINELLE_POLICIES="/none.yaml")
        assert lost.returncode == 2 and "blocked" in lost.stderr


def test_the_hook_command_blocks_when_its_program_is_gone(project: Path) -> None:
    environment = {"ZENTINELLE_HOOK": "/gone", "PATH": "", "PYTHONPATH": os.pathsep.join(sys.path)}
    code = (
        "import sys, sysconfig; sysconfig.get_path = lambda name: '/gone'; sys.executable = '/gone/python'\n"
        "from zentinelle_agent.cli import main; sys.exit(main(['hook', 'claude-code']))"
    )
    ran = run_hook([sys.executable, "-c", code], called("Read"), **environment)
    assert ran.returncode == 2 and "blocked" in ran.stderr


def test_signing_in_keeps_the_key_with_the_user_alone(
    project: Path, server: Running, hook: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / ".zentinelle" / "policies.yaml").unlink()
    monkeypatch.setenv("ZENTINELLE_KEY", server.enrolment)
    assert main(["login", "--endpoint", server.url]) == 0
    monkeypatch.delenv("ZENTINELLE_KEY")
    folder = Path.home() / ".config" / "zentinelle"
    kept = read(folder / "credentials.json")
    assert kept["key"].startswith("sk_agent_") and kept["key"] not in capsys.readouterr().out
    assert [oct((folder / name).stat().st_mode & 0o777) for name in ("credentials.json", "policies.yaml")] == [
        "0o600"
    ] * 2
    assert main(["install"]) == 0
    settings = (project / ".claude" / "settings.json").read_text()
    assert kept["key"] not in settings and server.url not in settings
    denied = run_hook([hook, "claude-code"], called("Bash", tool_input={"command": "rm -rf /"}))
    assert json.loads(denied.stdout)["hookSpecificOutput"]["permissionDecision"] == "deny"
    assert main(["doctor"]) == 0, capsys.readouterr().out


class Upstream(BaseHTTPRequestHandler):
    """A server that says what it got, and streams when it is asked to."""

    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, dict[str, str], bytes]] = []  # noqa: RUF012

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        Upstream.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        if self.path.endswith("/stream"):
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for _ in range(3):
                self.wfile.write(b"8\r\ndata: x\n\r\n")
                self.wfile.flush()
                time.sleep(0.15)
            self.wfile.write(b"0\r\n\r\n")
            return
        answer = gzip.compress(b'{"ok":true}')
        self.send_response(403 if self.path.endswith("/denied") else 200)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def proxied() -> Iterator[str]:
    """A proxy before a server that shows what it got."""
    upstream = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    proxy = Server(("127.0.0.1", 0), f"http://127.0.0.1:{upstream.server_address[1]}", "sk_agent_0123456789", "openai")
    for one in (upstream, proxy):
        threading.Thread(target=one.serve_forever, daemon=True).start()
    Upstream.seen.clear()
    yield f"http://127.0.0.1:{proxy.server_address[1]}"
    for one in (proxy, upstream):
        one.shutdown()
        one.server_close()


def test_the_proxy_adds_the_key_and_changes_nothing_else(proxied: str) -> None:
    headers = {"Authorization": "Bearer provider", "X-Zentinelle-Key": "forged", "Connection": "close"}
    answer = httpx.post(f"{proxied}/v1/chat?x=%2F", content=b"\x00body", headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    path, got, body = Upstream.seen[0]
    assert (path, body) == ("/proxy/openai/v1/chat?x=%2F", b"\x00body")
    assert (got["x-zentinelle-key"], got["authorization"]) == ("sk_agent_0123456789", "Bearer provider")
    assert httpx.post(f"{proxied}/denied").status_code == 403
    with httpx.stream("POST", f"{proxied}/stream") as stream:
        started = time.monotonic()
        pieces = [time.monotonic() - started for piece in stream.iter_raw() if piece]
    assert len(pieces) == 3 and pieces[0] < 0.2 < pieces[2]


def test_the_proxy_says_when_nobody_is_there() -> None:
    proxy = Server(("127.0.0.1", 0), "http://127.0.0.1:9", "sk_agent_0123456789", "openai")
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    try:
        answer = httpx.post(f"http://127.0.0.1:{proxy.server_address[1]}/v1/x", content=b"x")
        assert (answer.status_code, answer.json()["error"]) == (502, "unreachable")
    finally:
        proxy.shutdown()
        proxy.server_close()

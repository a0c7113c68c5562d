#!/usr/bin/env python3
"""Runs the released Python client, as it is, against a real server.

    python_client.py PROGRAM       PROGRAM is the built `zentinelle`

The client must be importable as `zentinelle` (with `requests`): install it, or name the folder
that holds the package in PYTHONPATH. The server runs on a free port over a folder of its own,
with its demonstration organisation, and is stopped at the end.
"""

import json
import logging
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

CHECKS = 0


def check(what, found, expected):
    """Compares, counts, and says what was expected."""
    global CHECKS
    CHECKS += 1
    if found != expected:
        sys.exit(f"FAILED {what}: found {found!r}, expected {expected!r}")


class Warnings(logging.Handler):
    """Keeps what the client complains about."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.messages = []

    def emit(self, record):
        self.messages.append(record.getMessage())


def started(program, folder):
    """A running server with its address and keys."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    server = subprocess.Popen(
        [program, "serve", "--demo", "--demo-days", "0", "--listen", address, "--data-dir", folder],
        stdout=subprocess.PIPE,
        text=True,
    )
    shown, keys = "", {}
    while "sk_platform_" not in shown:
        line = server.stdout.readline()
        if not line:
            sys.exit(f"the server ended with {server.wait()} before it showed its keys:\n{shown}")
        shown += line
    for kind in ("znt_", "sk_agent_", "sk_platform_"):
        keys[kind] = re.search(kind + r"[A-Za-z0-9_-]{43}", shown).group()
    for _ in range(200):
        try:
            with urllib.request.urlopen(f"http://{address}/api/v1/health", timeout=1):
                return server, f"http://{address}", keys
        except OSError:
            time.sleep(0.05)
    sys.exit("the server does not answer")


def operator(method, url, key, body):
    """A request of an operator."""
    headers = {"X-Zentinelle-Key": key, "Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method=method)
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def run(zentinelle, url, keys):
    """The life of one agent, as the client's own documentation shows it."""
    warnings = Warnings()
    logging.getLogger("zentinelle").addHandler(warnings)
    client = zentinelle.ZentinelleClient(
        api_key=keys["znt_"], agent_type="langchain", endpoint=url, auto_heartbeat=False, event_flush_interval=3600
    )
    registered = client.register(capabilities=["chat"], metadata={"version": "1.0"})
    check("an id of its type", registered.agent_id.startswith("langchain-"), True)
    check("a key of its own", registered.api_key.startswith("sk_agent_"), True)
    check("the key is swapped", client.api_key, registered.api_key)
    check("policies are told", len(registered.policies) > 0, True)
    check("registering again", client.register().agent_id, registered.agent_id)

    config = client.get_config(force_refresh=True)
    check("the same policies", [p.id for p in config.policies], [p.id for p in registered.policies])
    check("an instant with a zone", config.updated_at.utcoffset() is not None, True)
    check("no secrets", client.get_secrets(), {})

    bash = lambda command: {"tool": "Bash", "tool_input": {"command": command}}
    allowed = client.evaluate("tool_call", user_id="ann", context=bash("cargo test"))
    check("an allowed call", (allowed.allowed, allowed.is_fail_open(), allowed.blocked_policies), (True, False, []))
    denied = client.evaluate("tool_call", user_id="ann", context=bash("rm -rf /"))
    check("a denied call", (denied.allowed, denied.is_fail_open()), (False, False))
    failed = [item["name"] for item in denied.policies_evaluated if item["result"] == "fail"]
    check("the denying policies", (denied.blocked_policies, len(failed) > 0), (failed, True))

    for category in ("telemetry", "audit", "alert", "compliance"):
        client.emit("note", {"category": category}, category=category, user_id="ann")
    client.track_usage(zentinelle.ModelUsage("openai", "gpt-5", 100, 20, 0.01))
    flushed = client.flush_events()
    check("every event is taken", (flushed.accepted, flushed.batch_id.startswith("batch_")), (5, True))

    beats = lambda: [client.heartbeat().config_changed for _ in range(2)]
    check("nothing changed", beats(), [False, False])
    agent = f"{url}/api/zentinelle/v1/agents/{client.agent_id}"
    operator("PATCH", agent, keys["sk_platform_"], {"config": {"heartbeat_interval_seconds": 30}})
    check("one change is told once", beats(), [True, False])
    check("the change is there", client.heartbeat().next_heartbeat_seconds, 30)

    operator("POST", agent + "/suspend", keys["sk_platform_"], {})
    try:
        client.evaluate("tool_call")
        check("a suspended agent is refused", "an answer", "ZentinelleAuthError")
    except zentinelle.ZentinelleAuthError:
        check("a suspended agent is refused", True, True)
    client.shutdown()
    check("no complaints", warnings.messages, [])


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        import zentinelle
    except ImportError as error:
        sys.exit(f"the Python client cannot be imported: {error}\n{__doc__}")
    with tempfile.TemporaryDirectory() as folder:
        server, url, keys = started(sys.argv[1], folder)
        try:
            run(zentinelle, url, keys)
        finally:
            server.terminate()
            server.wait(timeout=30)
    print(f"{CHECKS} passed, 0 failed")


if __name__ == "__main__":
    main()

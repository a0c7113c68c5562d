"""Agents as the proxy meets them: a process of its own, a socket, frames."""

from __future__ import annotations

import base64
import json
import os
import pathlib
import signal
import socket
import stat
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

FIXTURES = pathlib.Path(__file__).parents[2] / "fixtures" / "zentinel"

AGENT = """
import asyncio
from zentinel_agent_sdk import Agent, Decision, GuardrailDetection, GuardrailResponse, Request, run_agent


class MyAgent(Agent):
    @property
    def name(self) -> str:
        return "my-agent"

    async def on_configure(self, config: dict) -> None:
        if config.get("mode") == "broken":
            raise ValueError("no such mode")

    async def on_request(self, request: Request) -> Decision:
        if request.path_starts_with("/admin"):
            return Decision.deny().with_body("Access denied").with_tag("admin")
        if request.path_starts_with("/slow"):
            await asyncio.sleep(0.3)
        if request.path_starts_with("/fault"):
            raise RuntimeError("secret words of a request")
        if request.path_starts_with("/bad"):
            return Decision({"block": {}})
        return Decision.allow().add_request_header("X-Client", request.client_ip)

    async def on_request_body(self, request: Request) -> Decision:
        return Decision.deny() if b"attack" in request.body else Decision.allow()

    async def on_response_body(self, request, response) -> Decision:
        assert response.status_code == 201 and response.header("x-a") == "1", response.headers
        return Decision.block(451).with_body(request.path_only + " " + response.body_str)

    async def on_guardrail_inspect(self, event) -> GuardrailResponse:
        found = GuardrailDetection("mail", "an address").with_span(0, len(event.content))
        return GuardrailResponse.with_detection(found)


if __name__ == "__main__":
    run_agent(MyAgent())
"""


class Process:
    """An agent, running."""

    def __init__(self, folder: pathlib.Path, source: str = AGENT, *options: str) -> None:
        script = folder / "my_agent.py"
        script.write_text(source)
        self.path = folder / "agent.sock"
        self.log = (folder / "log").open("w+")
        command = [sys.executable, str(script), "--socket", str(self.path), *options]
        self.process = subprocess.Popen(command, stderr=self.log)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and not self.listens():
            assert self.process.poll() is None, self.said()
            time.sleep(0.02)

    def listens(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.path)) == 0

    def said(self) -> str:
        self.log.seek(0)
        return self.log.read()

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(15)


class Proxy:
    """One connection of a proxy."""

    def __init__(self, path: pathlib.Path, version: str = "0.6.54", greet: bool = True) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(15)
        self.socket.connect(str(path))
        if greet:
            hello = {"supported_versions": [2], "proxy_version": version, "supported_encodings": ["json"]}
            self.send(0x01, hello)
            kind, self.hello = self.read()
            assert kind == 0x02 and self.hello["success"], self.hello

    def send(self, kind: int, message: Any) -> None:
        payload = message if isinstance(message, bytes) else json.dumps(message).encode()
        self.socket.sendall(struct.pack(">IB", len(payload) + 1, kind) + payload)

    def read_bytes(self) -> tuple[int, bytes]:
        length, kind = struct.unpack(">IB", self._exactly(5))
        return kind, self._exactly(length - 1)

    def read(self) -> tuple[int, Any]:
        kind, payload = self.read_bytes()
        return kind, json.loads(payload)

    def _exactly(self, count: int) -> bytes:
        got = b""
        while len(got) < count:
            more = self.socket.recv(count - len(got))
            if not more:
                raise EOFError
            got += more
        return got

    def request(self, cid: str, uri: str = "/", method: str = "GET") -> None:
        metadata = {"correlation_id": cid, "client_ip": "10.0.0.7:99", "client_port": 0}
        self.send(0x10, {"metadata": metadata, "method": method, "uri": uri, "headers": {"host": ["h"]}})

    def answer(self) -> tuple[str, Any]:
        kind, answer = self.read()
        assert kind == 0x20
        return answer["audit"]["custom"]["correlation_id"], answer


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    process = Process(tmp_path_factory.mktemp("agent"))
    yield process
    assert process.stop() == 0


def test_the_handshake_has_every_field_and_the_agents_name(agent: Process) -> None:
    hello = Proxy(agent.path).hello
    assert hello["capabilities"]["name"] == "my-agent"
    assert len(hello["capabilities"]["features"]) == 9


def test_a_handlers_word_reaches_the_proxy(agent: Process) -> None:
    proxy = Proxy(agent.path)
    proxy.request("a", "/")
    cid, answer = proxy.answer()
    assert (cid, answer["decision"]) == ("a", "allow")
    assert answer["request_headers"] == [{"set": {"name": "X-Client", "value": "10.0.0.7"}}]
    proxy.request("b", "/admin/x?y=1")
    cid, answer = proxy.answer()
    assert cid == "b" and answer["decision"]["block"]["status"] == 403
    assert answer["decision"]["block"]["body"] == "Access denied" and answer["audit"]["tags"] == ["admin"]


def test_a_slow_handler_holds_nobody_up(agent: Process) -> None:
    proxy = Proxy(agent.path)
    proxy.request("slow", "/slow")
    proxy.request("fast", "/")
    assert [proxy.answer()[0], proxy.answer()[0]] == ["fast", "slow"]


def test_many_events_at_once_are_answered_once_each(agent: Process) -> None:
    proxy = Proxy(agent.path)
    ids = [f"m{number}" for number in range(3000)]

    def ask() -> None:
        for cid in ids:
            proxy.request(cid)

    with ThreadPoolExecutor(1) as sender:
        sent = sender.submit(ask)
        answers = [proxy.answer()[0] for _ in ids]
        sent.result(30)
    assert sorted(answers) == sorted(ids)


@pytest.mark.parametrize("uri", ["/fault", "/bad"])
def test_a_handler_that_fails_refuses_and_tells_the_client_nothing(agent: Process, uri: str) -> None:
    proxy = Proxy(agent.path)
    proxy.request("f", uri)
    _, answer = proxy.answer()
    assert answer["decision"]["block"]["status"] == 503 and "secret" not in json.dumps(answer)


def test_a_body_is_joined_and_a_response_finds_its_request_over_another_connection(agent: Process) -> None:
    one, two = Proxy(agent.path), Proxy(agent.path)
    one.request("body", "/upload", "POST")
    one.answer()
    chunk = {"correlation_id": "body", "total_size": None, "bytes_received": 0}
    one.send(0x11, {**chunk, "data": base64.b64encode(b"att").decode(), "is_last": False, "chunk_index": 0})
    assert one.answer()[1]["needs_more"] is True
    one.send(0x11, {**chunk, "data": base64.b64encode(b"ack").decode(), "is_last": True, "chunk_index": 1})
    assert one.answer()[1]["decision"]["block"]["status"] == 403
    one.request("reply", "/page")
    one.answer()
    two.send(0x12, {"correlation_id": "reply", "status": 201, "headers": {"x-a": ["1"]}})
    two.answer()
    body = base64.b64encode(b"hello").decode()
    one.send(0x13, {"correlation_id": "reply", "data": body, "is_last": True, "chunk_index": 0, "bytes_sent": 5})
    assert one.answer()[1]["decision"]["block"] == {"status": 451, "body": "/page hello", "headers": None}


def test_an_inspection_is_an_agent_response_with_the_details_as_text(agent: Process) -> None:
    proxy = Proxy(agent.path)
    proxy.send(
        0x16,
        {"correlation_id": "g", "inspection_type": "pii_detection", "content": "a@b", "categories": [], "metadata": {}},
    )
    _, answer = proxy.answer()
    found = json.loads(answer["routing_metadata"]["guardrail_response"])
    assert found["detected"] and found["detections"][0]["span"] == {"start": 0, "end": 3}
    assert "block" in answer["decision"]


def test_a_configuration_is_applied_or_rejected(agent: Process) -> None:
    proxy = Proxy(agent.path)
    for mode, accepted in [("strict", True), ("broken", False)]:
        proxy.send(0x17, {"correlation_id": "z", "config": {"mode": mode}, "config_version": None})
        assert (proxy.answer()[1]["decision"] == "allow") is accepted


def test_a_cancelled_request_is_not_answered(agent: Process) -> None:
    proxy = Proxy(agent.path)
    proxy.request("gone", "/slow")
    proxy.send(0x40, {"correlation_id": "gone", "reason": 2, "timestamp_ms": 0})
    time.sleep(0.4)
    proxy.send(0x41, b"still there")
    assert proxy.read_bytes() == (0x42, b"still there")


def test_bytes_that_are_no_frame_end_the_connection_and_no_other(agent: Process) -> None:
    good, bad = Proxy(agent.path), Proxy(agent.path)
    bad.socket.sendall(b"\0\0\0\1\x99")
    with pytest.raises((EOFError, ConnectionError)):
        bad.read()
    good.request("a")
    assert good.answer()[0] == "a"


TOLD = """
import asyncio, json, pathlib
from zentinel_agent_sdk import Agent, Decision, run_agent

HANDLER = pathlib.Path(__file__).with_name("handler.json")


class Told(Agent):
    name = "told"

    async def word(self, *_):
        case = json.loads(HANDLER.read_text())
        if case["together"]:
            await asyncio.sleep(0.2)
        decision = Decision(case["handler"]["decision"])
        for key, value in case["handler"].get("audit", {}).get("custom", {}).items():
            decision.with_metadata(key, value)
        return decision

    on_request = on_request_body = on_response = on_response_body = word


run_agent(Told())
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    process = Process(tmp_path_factory.mktemp("told"), TOLD, "--log-level", "ERROR")
    yield process
    assert process.stop() == 0


@pytest.mark.parametrize("line", (FIXTURES / "conversations.jsonl").read_text().splitlines())
def test_every_shared_conversation_goes_as_its_case_says(told: Process, line: str) -> None:
    case = json.loads(line)
    (told.path.parent / "handler.json").write_text(line)
    proxy = Proxy(told.path, greet=False)
    for step in case["steps"]:
        if "proxy" in step:
            proxy.send(int(step["proxy"]["type"], 16), step["proxy"]["payload"].encode())
            continue
        kind, payload = proxy.read_bytes()
        assert kind == int(step["agent"]["type"], 16), case["name"]
        if "bytes" in step["agent"]:
            assert payload == step["agent"]["bytes"].encode()
        else:
            assert holds(json.loads(payload), step["agent"]["payload"]), payload
    if case["closed"]:
        with pytest.raises((EOFError, ConnectionError)):
            proxy.read()


def holds(found: Any, wanted: Any) -> bool:
    if isinstance(found, dict) and isinstance(wanted, dict):
        return all(key in found and holds(found[key], value) for key, value in wanted.items())
    return bool(found == wanted)


def test_the_socket_is_for_owner_and_group_and_a_live_one_is_not_taken(agent: Process, tmp_path: pathlib.Path) -> None:
    assert stat.S_IMODE(os.stat(agent.path).st_mode) == 0o660
    script = agent.path.parent / "my_agent.py"
    second = subprocess.run(
        [sys.executable, str(script), "--socket", str(agent.path)], capture_output=True, text=True, timeout=60
    )
    assert second.returncode == 1 and "another process listens" in second.stderr
    precious = tmp_path / "file"
    precious.write_text("precious")
    third = subprocess.run([sys.executable, str(script), "--socket", str(precious)], capture_output=True, timeout=60)
    assert third.returncode == 1 and precious.read_text() == "precious"


def test_an_agent_that_is_told_to_stop_answers_what_it_was_asked(tmp_path: pathlib.Path) -> None:
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(tmp_path / "agent.sock"))
    stale.close()
    process = Process(tmp_path, AGENT, "--json-logs")
    proxy = Proxy(process.path)
    proxy.request("late", "/slow")
    time.sleep(0.1)
    process.process.send_signal(signal.SIGTERM)
    assert proxy.read()[0] == 0x30, "the agent says that it drains"
    assert proxy.answer()[0] == "late"
    assert process.stop() == 0 and not process.path.exists()
    assert all(json.loads(line)["agent"] == "my-agent" for line in process.said().splitlines())


def test_policies_refuse_before_the_handler_is_asked(tmp_path: pathlib.Path) -> None:
    policies = tmp_path / "policies.yaml"
    policies.write_text("policies: [{ name: slow, type: rate_limit, config: { requests_per_minute: 1 } }]")
    process = Process(tmp_path, AGENT, "--policies", str(policies))
    try:
        proxy = Proxy(process.path)
        proxy.request("a", "/")
        _, answer = proxy.answer()
        assert answer["decision"] == "allow" and "zentinelle:permit" in answer["audit"]["tags"]
        proxy.request("b", "/")
        assert proxy.answer()[1]["decision"]["block"]["status"] == 429
    finally:
        assert process.stop() == 0

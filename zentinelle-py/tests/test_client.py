"""Clients against the real server, and against one that misbehaves."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import Running
from zentinelle_agent import (
    PolicyDenied,
    RequestError,
    ZentinelleAuthError,
    ZentinelleConnectionError,
    ZentinelleError,
    ZentinelleRateLimitError,
    guard,
)
from zentinelle_agent.client import AsyncClient, CircuitBreaker, Client, EventBuffer, SnapshotEngine
from zentinelle_agent.client.wire import retry_after

REMOVE = {"tool": "Bash", "tool_input": {"command": "rm -rf /"}}
TEST = {"tool": "Bash", "tool_input": {"command": "cargo test"}}
KEY = "sk_agent_0123456789"


def answering(*replies: httpx.Response | Exception, seen: list[httpx.Request] | None = None) -> httpx.MockTransport:
    """A server that gives these answers one after another, the last again and again."""
    left = list(replies)

    def answer(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        reply = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(reply, Exception):
            raise reply
        return reply

    return httpx.MockTransport(answer)


def client_of(*replies: httpx.Response | Exception, seen: list[httpx.Request] | None = None, **more: Any) -> Client:
    return Client("http://localhost:1", KEY, transport=answering(*replies, seen=seen), backoff_seconds=0.001, **more)


ALLOWED = httpx.Response(200, json={"allowed": True})


def test_the_life_of_an_agent_on_the_real_server(server: Running) -> None:
    with Client(server.url, server.enrolment) as client:
        told = client.register("langchain", name="A client's test", capabilities=["chat"])
        assert told["api_key"].startswith("sk_agent_") and client.settings.key == told["api_key"]
        assert told["api_key"] not in repr(client) and told["api_key"] not in repr(client.settings)
        assert client.evaluate("tool_call", user_id="ann", context=TEST)["allowed"] is True
        denied = client.evaluate("tool_call", user_id="ann", context=REMOVE)
        assert denied["allowed"] is False and denied["reason"]
        assert client.config()["agent_id"] == client.agent_id
        assert client.secrets() == {}
        assert client.heartbeat()["acknowledged"] is True
        assert len(client.effective_policies("ann")) > 0
        assert client.scan("mail jo.doe@corp.test")
        client.deregister()
        with pytest.raises(ZentinelleAuthError):
            client.evaluate("tool_call", context=TEST)


def test_the_same_in_coroutines(server: Running) -> None:
    async def life() -> None:
        async with AsyncClient(server.url, server.enrolment) as client:
            await client.register("custom")
            asked = [client.evaluate("tool_call", context=context) for context in (TEST, REMOVE)]
            assert [told["allowed"] for told in await asyncio.gather(*asked)] == [True, False]
            assert (await client.events([]))["accepted"] == 0
            assert (await client.heartbeat())["acknowledged"] is True
            assert (await client.config())["policies"] == (await client.config())["policies"]

    asyncio.run(life())


def test_a_wrong_key_is_refused_at_once(server: Running) -> None:
    started = time.monotonic()
    with pytest.raises(ZentinelleAuthError) as refused:
        Client(server.url, KEY).evaluate("tool_call")
    assert time.monotonic() - started < 2 and KEY not in str(refused.value)


def test_events_are_kept_once_however_often_they_are_sent(server: Running) -> None:
    client = Client(server.url, server.agent)
    sent: list[Any] = []
    lose = threading.Event()

    def send(batch: Any) -> Any:
        sent.append(list(batch))
        told = client.events(batch)
        if lose.is_set():
            lose.clear()
            raise ZentinelleConnectionError("the answer was lost")
        return told

    buffer = EventBuffer(send, background=False)
    for _ in range(3):
        buffer.emit("note", {"same": "payload"}, user_id="ann")
    lose.set()
    with pytest.raises(ZentinelleConnectionError):
        buffer.flush()
    buffer.emit("note", {"one": "more"})
    assert buffer.flush()[0] == 4
    assert sent[0] == sent[1] and len(sent[2]) == 1 and len(buffer) == 0
    assert len({event["timestamp"] for batch in (sent[0], sent[2]) for event in batch}) == 4


def test_only_what_may_help_is_tried_again() -> None:
    helped: list[tuple[list[httpx.Response | Exception], int]] = [
        ([httpx.Response(503), httpx.ConnectError("no"), ALLOWED], 3),
        ([httpx.Response(429, headers={"retry-after": "0"}), ALLOWED], 2),
        ([httpx.Response(200, content=b"<html>"), ALLOWED], 2),
    ]
    for replies, asked in helped:
        seen: list[httpx.Request] = []
        assert client_of(*replies, seen=seen).evaluate("a")["allowed"]
        assert len(seen) == asked
    for status, error in [(401, ZentinelleAuthError), (403, ZentinelleAuthError), (400, ZentinelleError)]:
        seen = []
        with pytest.raises(error):
            client_of(httpx.Response(status, json={"error": "no", "detail": "no"}), seen=seen).evaluate("a")
        assert len(seen) == 1
    seen = []
    with pytest.raises(ZentinelleRateLimitError) as limited:
        client_of(httpx.Response(429, headers={"retry-after": "3600"}), seen=seen).evaluate("a")
    assert (limited.value.retry_after, len(seen)) == (3600, 1)
    seen = []
    with pytest.raises(ZentinelleConnectionError):  # sent again, it might enrol a second agent
        client_of(httpx.ReadTimeout("slow"), seen=seen).register("custom")
    assert len(seen) == 1


def test_a_pause_is_seconds_or_a_date() -> None:
    assert retry_after({"retry-after": "7"}) == 7
    assert retry_after({}) == 60
    assert retry_after({"retry-after": "soon"}) == 60
    assert retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0


def test_the_circuit_opens_probes_one_at_a_time_and_never_wedges() -> None:
    now = [0.0]
    breaker = CircuitBreaker(2, 30.0, clock=lambda: now[0])
    for _ in range(2):
        breaker.before()
        breaker.failed()
    assert breaker.state == "open"
    with pytest.raises(ZentinelleConnectionError) as refused:
        breaker.before()
    assert refused.value.code == "client.circuit_open"
    now[0] = 31.0
    breaker.before()
    with pytest.raises(ZentinelleConnectionError):
        breaker.before()
    breaker.gave_up()
    breaker.before()  # the probe that told nothing is given back
    now[0] = 62.0
    breaker.before()  # and so is one that never came back
    breaker.succeeded()
    assert breaker.state == "closed"
    seen: list[httpx.Request] = []
    client = client_of(httpx.Response(404, json={}), seen=seen, breaker=CircuitBreaker(1))
    for _ in range(3):  # a refused request says that the server lives
        with pytest.raises(ZentinelleError):
            client.evaluate("a")
    assert len(seen) == 3


def test_an_address_or_key_that_cannot_be_one_is_refused() -> None:
    for endpoint, key in [
        ("http://corp.test", KEY),
        ("corp.test", KEY),
        ("https://corp.test", "short"),
        ("ftp://x", KEY),
    ]:
        with pytest.raises(RequestError):
            Client(endpoint, key)
    client = Client("http://corp.test", KEY, allow_insecure=True)
    with pytest.raises(RequestError) as nobody:  # a question enrols nobody
        client.config()
    assert nobody.value.code == "client.no_agent_id"


def test_a_full_buffer_drops_the_oldest_and_a_refused_key_the_batch() -> None:
    def refuse(batch: Any) -> Any:
        raise ZentinelleAuthError("no")

    buffer = EventBuffer(refuse, batch_size=2, capacity=3, background=False)
    for number in range(5):
        buffer.emit("n", {"number": number})
    assert (len(buffer), buffer.dropped) == (3, 2)
    with pytest.raises(ZentinelleAuthError):
        buffer.flush()
    assert (len(buffer), buffer.dropped) == (1, 4)


def test_emitting_never_waits_for_a_slow_server() -> None:
    release = threading.Event()

    def slow(batch: Any) -> Any:
        release.wait(5)
        return {"accepted": len(batch), "batch_id": "b"}

    buffer = EventBuffer(slow, batch_size=1, flush_seconds=0.01)
    buffer.emit("first")
    time.sleep(0.1)
    started = time.monotonic()
    for _ in range(50):
        buffer.emit("next")
    assert time.monotonic() - started < 0.5
    release.set()
    buffer.close()
    assert len(buffer) == 0


def test_threads_end_with_their_buffers() -> None:
    before = threading.active_count()
    for _ in range(5):
        buffer = EventBuffer(lambda batch: {"accepted": len(batch)}, flush_seconds=0.02)
        buffer.emit("x")
        buffer.close()
        del buffer
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert threading.active_count() <= before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_sends_only_its_own_events(server: Running, tmp_path: Path) -> None:
    client = Client(server.url, server.agent)
    assert client.evaluate("tool_call", context=TEST)["allowed"]
    sent: list[Any] = []

    def keep(batch: Any) -> Any:
        sent.extend(batch)
        return {"accepted": len(batch)}

    buffer = EventBuffer(keep, background=False)
    buffer.emit("parent's")
    child = os.fork()
    if child == 0:
        try:
            buffer.emit("child's")
            buffer.flush()
            fine = [event["type"] for event in sent] == ["child's"]
            fine = fine and client.evaluate("tool_call", context=TEST)["allowed"]
            os._exit(0 if fine else 1)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    buffer.flush()
    assert [event["type"] for event in sent] == ["parent's"]


def test_events_are_flushed_at_exit(server: Running) -> None:
    script = (
        "import sys; from zentinelle_agent.client import ZentinelleClient\n"
        "client = ZentinelleClient(sys.argv[2], 'custom', endpoint=sys.argv[1], auto_heartbeat=False)\n"
        "real = client._client.events\n"
        "client._events._send = lambda batch: print('sent', len(batch), real(batch)['accepted'])or {'accepted': 1}\n"
        "client.emit('last', {}, category='audit')\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, server.url, server.agent], capture_output=True, text=True, timeout=60
    )
    assert (ran.stdout, ran.stderr) == ("sent 1 1\n", "")


def test_policies_are_pulled_and_decide_while_the_server_is_away(server: Running, tmp_path: Path) -> None:
    path = tmp_path / "snapshot.json"
    with Client(server.url, server.agent, max_retries=0) as client:
        engine = SnapshotEngine(client, path=path, refresh_seconds=0.0)
        assert engine.decide("tool_call", context=TEST, user="ann")
        denied = engine.decide("tool_call", context=REMOVE)
        assert denied.code == "tool_permission.command_dangerous"
        assert oct(path.stat().st_mode & 0o777) == "0o600"
        assert engine.events is not None and len(engine.events) == 2
        server.stop()
        try:
            assert not engine.decide("tool_call", context=REMOVE)
            with pytest.raises(ZentinelleConnectionError) as unknown:
                engine.decide("tool_call", context=TEST, user="somebody new")
            assert unknown.value.code == "snapshot.unavailable"
            restarted = SnapshotEngine(Client(server.url, server.agent, max_retries=0), path=path, report=False)
            assert not restarted.decide("tool_call", context=REMOVE)
            aged = SnapshotEngine(
                Client(server.url, server.agent, max_retries=0), path=path, report=False, max_age_seconds=0.0
            )
            with pytest.raises(ZentinelleConnectionError) as old:
                aged.decide("tool_call", context=REMOVE)
            assert old.value.code == "snapshot.too_old"

            @guard(tool="Bash", engine=aged)
            def run(command: str) -> str:
                raise AssertionError("it ran")

            with pytest.raises((ZentinelleConnectionError, PolicyDenied)):
                run("ls")
        finally:
            server.start()
        reported = client.events([])
        assert reported["accepted"] == 0
        engine.events.flush()
        assert len(engine.events) == 0


def test_a_change_of_policies_is_noticed(server: Running) -> None:
    operator = httpx.Client(base_url=server.url, headers={"X-Zentinelle-Key": server.operator})
    with Client(server.url, server.agent) as client:
        engine = SnapshotEngine(client, refresh_seconds=0.0, report=False)
        assert engine.decide(tool="pigeon_post")
        policy = {"name": "no pigeons", "type": "agent_capability", "config": {"denied_actions": ["pigeon:*"]}}
        created = operator.post("/api/zentinelle/v1/policies", json=policy)
        assert created.status_code == 201, created.text
        wait_until(lambda: engine.decide("pigeon:fly").code == "agent_capability.denied")


def wait_until(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never held"
        time.sleep(0.02)

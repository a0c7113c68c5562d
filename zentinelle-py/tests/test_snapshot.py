"""Deciding by a server's policies, asked of a server that is played here."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from zentinelle_agent import Batch, Decision, ZentinelleAuthError, ZentinelleConnectionError
from zentinelle_agent.client import Client, SnapshotEngine
from zentinelle_agent.types import Outcome

NO_SHELL = {"id": "p1", "name": "no shell", "type": "tool_permission", "config": {"denied_tools": ["shell"]}}
KEY = "sk_agent_0123456789"


class Server:
    """What the played server answers, and how often it was asked."""

    def __init__(self, standing: dict[str, Any]) -> None:
        self.standing = standing
        self.status: int | None = 200
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path.removeprefix("/api/zentinelle/v1/"))
        if self.status is None:
            raise httpx.ConnectError("away")
        body = self.standing if self.status == 200 else {"error": "invalid_key"}
        return httpx.Response(self.status, json=body)

    def client(self) -> Client:
        return Client("http://127.0.0.1", KEY, max_retries=0, transport=httpx.MockTransport(self))


@pytest.mark.parametrize(
    ("told", "chosen", "allowed"),
    [("permit", None, True), ("deny", None, False), (None, None, False), ("permit", "deny", False)],
)
def test_where_no_policy_applies_the_server_is_followed_unless_the_host_chose(
    told: str | None, chosen: Any, allowed: bool
) -> None:
    server = Server({"policies": []} | ({"no_policy": told} if told else {}))
    engine = SnapshotEngine(server.client(), report=False, no_policy=chosen)
    decision = engine.decide(tool="read")
    assert (decision.allowed, decision.effect) == (allowed, "no_policy")
    assert bool(asyncio.run(engine.decide_async(tool="read"))) is allowed
    assert [bool(decision) for decision in engine.decide_many([{"tool": "read"}])] == [allowed]
    assert server.asked == ["effective-policy"]


def test_the_last_good_policies_of_every_user_outlive_the_process(tmp_path: Path) -> None:
    path = tmp_path / "kept" / "snapshot.json"
    server = Server({"policies": [NO_SHELL], "no_policy": "permit"})
    engine = SnapshotEngine(server.client(), path=path, report=False)
    assert engine.decide(tool="read", user="ann") and engine.decide(tool="read")
    server.status = None
    restarted = SnapshotEngine(server.client(), path=path, report=False)
    for user in ("ann", None):
        assert restarted.decide(tool="read", user=user)
        assert not restarted.decide(tool="shell", user=user)
    with pytest.raises(ZentinelleConnectionError):
        restarted.decide(tool="read", user="somebody else")
    assert oct(path.stat().st_mode & 0o777) == "0o600"
    path.write_text(json.dumps({"agent_id": None, "kept": [{"user": None}]}))
    with pytest.raises(ZentinelleConnectionError):
        SnapshotEngine(server.client(), path=path, report=False).decide(tool="read")


def test_a_refused_key_ends_what_was_remembered(tmp_path: Path) -> None:
    path = tmp_path / "snapshot.json"
    server = Server({"policies": [NO_SHELL], "no_policy": "permit"})
    engine = SnapshotEngine(server.client(), path=path, report=False)
    assert engine.decide(tool="read")
    server.status = 401
    with pytest.raises(ZentinelleAuthError):
        engine.refresh()
    with pytest.raises(ZentinelleAuthError):
        engine.decide(tool="read")
    server.status = None
    with pytest.raises(ZentinelleConnectionError):
        engine.decide(tool="read")
    assert not path.exists()


def test_coroutines_leave_the_loop_to_a_ledger_that_waits() -> None:
    limit = {"id": "p2", "name": "two", "type": "rate_limit", "config": {"requests_per_hour": 2}}
    server = Server({"policies": [limit]})

    class Waiting:
        used = 0

        async def apply(self, batch: Batch) -> Outcome:
            await asyncio.sleep(0)
            before, fits = self.used, self.used < 2
            self.used += fits
            return {"committed": fits, "readings": [{"used": before, "resets_at": "2099-01-01T00:00:00Z"}]}

    engine = SnapshotEngine(server.client(), report=False, ledger=Waiting())

    async def asked() -> list[Decision]:
        return await asyncio.gather(*(engine.decide_async(tool="read") for _ in range(3)))

    assert sorted(map(bool, asyncio.run(asked()))) == [False, True, True]

"""The ledger in Redis, against a real one: `scripts/services.sh run -- …` names it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from zentinelle_agent import AsyncRedisLedger, Engine, LedgerError, MemoryLedger, RedisLedger
from zentinelle_agent.types import Counter, Window

URL = os.environ.get("ZENTINELLE_TEST_REDIS_URL", "")

redis = pytest.importorskip("redis")
needs_redis = pytest.mark.skipif(not URL, reason="no Redis is named in ZENTINELLE_TEST_REDIS_URL")

LIMIT = 100
POLICIES = f"""
policies:
  - name: a hundred an hour
    type: rate_limit
    config: {{ requests_per_hour: {LIMIT} }}
"""
TOKENS = """
policies:
  - name: a thousand tokens a day
    type: rate_limit
    config: { tokens_per_day: 1000 }
"""


@pytest.fixture
def prefix() -> Iterator[str]:
    """A ledger of the test's own."""
    name = f"test-{uuid.uuid4().hex}"
    yield name
    if URL:
        client = redis.Redis.from_url(URL)
        for key in client.scan_iter(match=f"{name}:*"):
            client.delete(key)
        client.close()


@needs_redis
def test_eight_threads_and_two_processes_spend_one_limit_exactly(prefix: str) -> None:
    script = f"""
import sys
from concurrent.futures import ThreadPoolExecutor
from zentinelle_agent import Engine, RedisLedger
engine = Engine.from_yaml(sys.stdin.read(), ledger=RedisLedger({URL!r}, prefix={prefix!r}, timeout=20))
with ThreadPoolExecutor(8) as threads:
    print(sum(threads.map(lambda _: bool(engine.decide(tool="read", user="ann")), range({LIMIT}))))
"""
    running = [
        subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    # Both are given their policies before either is waited for.
    for process in running:
        assert process.stdin is not None
        process.stdin.write(POLICIES)
        process.stdin.close()
        process.stdin = None
    admitted = [int(process.communicate(timeout=120)[0]) for process in running]
    assert sum(admitted) == LIMIT, admitted


@needs_redis
def test_one_decision_is_one_round_trip(prefix: str) -> None:
    client = redis.Redis.from_url(URL)
    engine = Engine.from_yaml(POLICIES, ledger=RedisLedger(client, prefix=prefix))
    assert engine.decide(tool="read")
    sent: list[str] = []
    execute = client.execute_command

    def counted(*args: Any, **options: Any) -> Any:
        sent.append(str(args[0]))
        return execute(*args, **options)

    client.execute_command = counted
    assert engine.decide(tool="read")
    assert sent == ["EVALSHA"]


@needs_redis
@pytest.mark.parametrize("decode", [False, True])
def test_it_counts_as_the_memory_ledger_does(prefix: str, decode: bool) -> None:
    client = redis.Redis.from_url(URL, decode_responses=decode)
    ledgers: list[MemoryLedger | RedisLedger] = [MemoryLedger(), RedisLedger(client, prefix=prefix)]
    engines = [Engine.from_yaml(TOKENS, ledger=ledger) for ledger in ledgers]
    asked = [(300, "a"), (300, "b"), (500, "c"), (400, "d"), (1, "e")]
    found = []
    for engine, ledger in zip(engines, ledgers, strict=True):
        told: list[Any] = []
        for minute, (tokens, reservation) in enumerate(asked):
            now = f"2026-03-11T12:{minute:02}:00Z"
            decision = engine.decide("llm:invoke", context={"tokens": tokens}, now=now, reservation=reservation)
            told.append((decision.allowed, decision.code, str(decision.retry_at)))
        now = "2026-03-11T12:10:00Z"
        told.append(ledger.settle("a", tokens=100, now=now))
        told.append(ledger.settle("a", tokens=100, now=now))
        told.append(ledger.settle("b", tokens=900, now=now))
        told.append(ledger.release("d", now=now))
        (charge,) = engine.decide("llm:invoke", context={"tokens": 0}, now=now).charges
        counter: Counter = charge["counter"]
        window: Window = charge["window"]
        told.append(ledger.used(counter, window, now=now))
        found.append(told)
    assert found[0] == found[1]
    assert (True, False) in found[1] and (True, True) in found[1] and (False, False) in found[1]


@needs_redis
def test_a_reservation_that_is_open_refuses_a_second_of_its_name(prefix: str) -> None:
    engine = Engine.from_yaml(TOKENS, ledger=RedisLedger(URL, prefix=prefix))
    assert engine.decide("llm:invoke", context={"tokens": 1}, reservation="r")
    refused = engine.decide("llm:invoke", context={"tokens": 1}, reservation="r")
    assert not refused and "already open" in (refused.reason or "")


@needs_redis
def test_coroutines_share_a_limit_with_both_kinds_of_ledger(prefix: str) -> None:
    async def admitted() -> int:
        twin = AsyncRedisLedger(URL, prefix=prefix, timeout=20)
        threads = RedisLedger(URL, prefix=prefix, timeout=20)
        engines = [Engine.from_yaml(POLICIES, ledger=ledger) for ledger in (twin, threads)]
        asked = [engine.decide_async(tool="read", user="ann") for _ in range(LIMIT) for engine in engines]
        decisions = await asyncio.gather(*asked)
        await twin.close()
        threads.close()
        return sum(map(bool, decisions))

    assert asyncio.run(admitted()) == LIMIT


@needs_redis
def test_a_redis_that_lost_its_totals_begins_again_unless_servers_keep_it(prefix: str) -> None:
    client = redis.Redis.from_url(URL)
    engine = Engine.from_yaml(POLICIES, ledger=RedisLedger(client, prefix=prefix))
    shared = Engine.from_yaml(POLICIES, ledger=RedisLedger(client, prefix=prefix, shared_with_server=True))
    assert not shared.decide(tool="read"), "no server has opened the ledger"
    assert engine.decide(tool="read") and shared.decide(tool="read")
    client.delete(f"{prefix}:ledger:epoch")
    assert not shared.decide(tool="read")
    assert engine.decide(tool="read") and shared.decide(tool="read")


def test_a_redis_that_is_away_denies_unless_the_host_chose_otherwise() -> None:
    nowhere = "redis://user:secret@127.0.0.1:1/0"
    denied = Engine.from_yaml(POLICIES, ledger=RedisLedger(nowhere)).decide(tool="read")
    assert (denied.allowed, denied.code) == (False, "ledger.unavailable")
    assert "ConnectionError" in (denied.reason or "") and "secret" not in (denied.reason or "")
    permits = Engine.from_yaml(POLICIES, ledger=RedisLedger(nowhere, on_unavailable="permit"))
    assert permits.decide(tool="read")
    with pytest.raises(LedgerError) as away:
        RedisLedger(nowhere, on_unavailable="permit").settle("r", tokens=1)
    assert away.value.code == "ledger.unavailable" and "secret" not in str(away.value)

    async def asked() -> bool:
        ledger = AsyncRedisLedger(nowhere)
        decision = await Engine.from_yaml(POLICIES, ledger=ledger).decide_async(tool="read")
        await ledger.close()
        return bool(decision)

    assert asyncio.run(asked()) is False
    with pytest.raises(ValueError, match="on_unavailable"):
        RedisLedger(nowhere, on_unavailable="ignore")  # type: ignore[arg-type]

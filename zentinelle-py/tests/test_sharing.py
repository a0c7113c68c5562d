"""One engine, many threads, forks and coroutines; nothing leaks."""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from zentinelle_agent import Engine, Scanner, acting_for, current_session, current_user, session

LIMIT = 1000
POLICIES = f"policies: [{{name: calls, type: rate_limit, config: {{requests_per_minute: {LIMIT}}}}}]"


def test_eight_threads_never_spend_more_than_the_limit() -> None:
    engine = Engine.from_yaml(POLICIES)
    start = threading.Barrier(8)

    def ask() -> int:
        start.wait()
        return sum(bool(engine.decide(tool="ls", user="u")) for _ in range(300))

    with ThreadPoolExecutor(8) as pool:
        allowed = sum(task.result() for task in [pool.submit(ask) for _ in range(8)])
    assert allowed == LIMIT


def test_threads_with_long_texts_run_beside_each_other() -> None:
    engine = Engine.from_yaml("policies: [{name: leaks, type: output_filter, config: {block_secrets: true}}]")
    text = "lorem ipsum " * 2000
    with ThreadPoolExecutor(8) as pool:
        decided = list(pool.map(lambda n: engine.decide("llm:response", context={"output": text, "n": n}), range(64)))
    assert all(decided)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_decides_and_scans() -> None:
    engine = Engine.from_yaml(POLICIES)
    assert engine.decide(tool="ls") and Scanner().scan("jo@corp.test")
    child = os.fork()
    if child == 0:
        fine = bool(engine.decide(tool="ls")) and len(Scanner().scan("jo@corp.test")) == 1
        os._exit(0 if fine else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_coroutines_keep_their_own_user_and_session() -> None:
    engine = Engine.from_yaml(POLICIES)

    async def one(name: str) -> tuple[object, object]:
        with session(f"s-{name}", user=name):
            await asyncio.sleep(0)
            decision = await engine.decide_async(tool="ls")
            with acting_for("somebody"):
                assert (current_user(), current_session()) == ("somebody", f"s-{name}")
            return decision.context["session_id"], decision.charges[0]["counter"]["holder"]

    async def both() -> list[tuple[object, object]]:
        return list(await asyncio.gather(one("ann"), one("bob")))

    assert asyncio.run(both()) == [
        ("s-ann", {"agent_and_user": ["local", "ann"]}),
        ("s-bob", {"agent_and_user": ["local", "bob"]}),
    ]
    assert (current_user(), current_session()) == (None, None)


def test_a_long_request_leaves_the_loop_free() -> None:
    engine = Engine.from_yaml("policies: [{name: leaks, type: output_filter, config: {block_secrets: true}}]")

    async def run() -> bool:
        task = asyncio.ensure_future(engine.decide_async("llm:response", context={"output": "lorem ipsum " * 200_000}))
        await asyncio.sleep(0)
        turned = not task.done()
        return bool(await task) and turned

    assert asyncio.run(run())


def memory() -> int:
    """Resident memory. Unit: bytes."""
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="memory is read from /proc")
def test_memory_stays_flat_over_a_million_decisions() -> None:
    engine = Engine.from_yaml(POLICIES)
    facts = {"a": 1, "b": ["x", {"c": 2.5}], "text": "hello " * 20}

    def ask(times: int) -> None:
        for _ in range(times):
            _ = engine.decide(tool="ls", user="u", context=facts).reason

    ask(50_000)
    gc.collect()
    before = memory()
    ask(int(os.environ.get("ZENTINELLE_MEMORY_DECISIONS", "1000000")))
    gc.collect()
    assert memory() - before < 8 * 1024 * 1024

"""Handlers begin at once, and find what a task of asyncio would give them."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Coroutine
from typing import Any

import pytest
from zentinel_agent_sdk._eager import Starter

WHOSE: contextvars.ContextVar[str] = contextvars.ContextVar("WHOSE", default="nobody")


def from_a_callback(*works: Coroutine[Any, Any, None]) -> list[asyncio.Task[None] | None]:
    """Starts coroutines as a protocol does, outside of any task, and waits for their ends."""

    async def main() -> list[asyncio.Task[None] | None]:
        loop = asyncio.get_running_loop()
        starter, started = Starter(loop), loop.create_future()
        loop.call_soon(lambda: started.set_result([starter.start(work) for work in works]))
        tasks: list[asyncio.Task[None] | None] = await started
        await asyncio.wait_for(asyncio.gather(*filter(None, tasks), return_exceptions=True), 10)
        return tasks

    return asyncio.run(main())


def test_a_handler_that_never_waits_is_done_at_once() -> None:
    done = []

    async def work(number: int) -> None:
        done.append(number)

    assert from_a_callback(work(1), work(2)) == [None, None] and done == [1, 2]


def test_one_that_waits_stays_in_the_task_it_began_in() -> None:
    seen: list[Any] = []

    async def work() -> None:
        begun = asyncio.current_task()
        await asyncio.sleep(0)
        seen.append(begun is not None and asyncio.current_task() is begun)
        await asyncio.sleep(0)
        seen.append(asyncio.current_task() is begun)

    tasks = from_a_callback(work(), work(), work())
    assert seen == [True] * 6 and len({id(task) for task in tasks}) == 3


def test_a_time_limit_begun_before_the_first_wait_holds() -> None:
    seen = []

    async def work() -> None:
        me = asyncio.current_task()
        assert me is not None
        asyncio.get_running_loop().call_later(0.01, me.cancel)
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            seen.append("cancelled")

    from_a_callback(work())
    assert seen == ["cancelled"]


def test_what_one_sets_in_its_context_is_its_own() -> None:
    seen = []

    async def work(name: str, waits: bool) -> None:
        seen.append(WHOSE.get())
        WHOSE.set(name)
        if waits:
            await asyncio.sleep(0)
            seen.append(WHOSE.get())

    from_a_callback(work("a", False), work("b", True), work("c", False))
    assert seen == ["nobody", "nobody", "nobody", "b"]


def test_a_failure_that_is_waited_for_reaches_the_handler() -> None:
    seen = []

    async def fails() -> None:
        await asyncio.sleep(0)
        raise LookupError("gone")

    async def work() -> None:
        try:
            await asyncio.ensure_future(fails())
        except LookupError as error:
            seen.append(str(error))
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 0.01)
        seen.append("late")

    from_a_callback(work())
    assert seen == ["gone", "late"]


def test_one_that_meets_a_cancelled_future_at_once_ends_alone() -> None:
    done = []

    async def work() -> None:
        gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        gone.cancel()
        await gone

    async def next_one() -> None:
        done.append(True)

    assert from_a_callback(work(), next_one()) == [None, None] and done


def test_inside_of_a_task_it_starts_too() -> None:
    async def main() -> bool:
        done = asyncio.Event()

        async def work() -> None:
            assert asyncio.current_task() is not me
            done.set()

        me = asyncio.current_task()
        Starter(asyncio.get_running_loop()).start(work())
        await asyncio.wait_for(done.wait(), 10)
        return asyncio.current_task() is me

    assert asyncio.run(main())

"""Starting a coroutine at once: most handlers never wait, and need no turn of the event loop.

From Python 3.12 on asyncio does so itself (`eager_start`). Before, a task that waits for nothing yet
lends itself: the coroutine's first step runs as if it were the task's, and if it has to wait, the
task goes on with it. So a handler always finds itself in a real task, as timeouts want it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine, Generator
from typing import Any

Work = Coroutine[Any, Any, None]

if sys.version_info >= (3, 12):

    class Starter:
        """Starts coroutines on a loop."""

        def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
            self._loop = loop

        def start(self, work: Work) -> asyncio.Task[None] | None:
            """Runs `work` until it waits for something; nothing if it never did."""
            task = asyncio.Task(work, loop=self._loop, eager_start=True)
            return None if task.done() else task

else:
    import contextvars
    import types
    from asyncio.tasks import _enter_task, _leave_task  # the documented means of those who extend asyncio

    class Starter:
        """Starts coroutines on a loop."""

        def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
            self._loop = loop
            self._spare: _Lender | None = None

        def start(self, work: Work) -> asyncio.Task[None] | None:
            """Runs `work` until it waits for something; nothing if it never did."""
            loop = self._loop
            if asyncio.current_task(loop) is not None:
                return loop.create_task(work)
            lender = self._spare
            if lender is None or lender.task.done():
                lender = self._spare = _Lender(loop)
            # What the coroutine sets in its context is its own.
            context = contextvars.copy_context()
            _enter_task(loop, lender.task)
            try:
                awaited = context.run(work.send, None)
            except (StopIteration, asyncio.CancelledError):
                # One that met a cancelled future ends as a task would: alone.
                return None
            finally:
                _leave_task(loop, lender.task)
            self._spare = None
            lender.go_on(work, context, awaited)
            return lender.task

    class _Lender:
        """A task that waits until it is given a coroutine that has begun."""

        def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
            self._given: asyncio.Future[None] = loop.create_future()
            self._work: tuple[Work, contextvars.Context, Any] | None = None
            self.task: asyncio.Task[None] = loop.create_task(self._run())

        def go_on(self, work: Work, context: contextvars.Context, awaited: Any) -> None:
            self._work = (work, context, awaited)
            if not self._given.done():
                self._given.set_result(None)

        async def _run(self) -> None:
            cancelled: asyncio.CancelledError | None = None
            try:
                await self._given
            except asyncio.CancelledError as error:
                if self._work is None:
                    raise
                cancelled = error
            assert self._work is not None
            await _rest(*self._work, cancelled)

    @types.coroutine
    def _rest(
        work: Work, context: contextvars.Context, awaited: Any, error: BaseException | None
    ) -> Generator[Any, Any, None]:
        """Goes on with a coroutine that waits for `awaited`."""
        while True:
            value = None
            if error is None:
                try:
                    value = yield awaited
                except BaseException as raised:
                    error = raised
            try:
                awaited = context.run(work.send, value) if error is None else context.run(work.throw, error)
            except StopIteration:
                return
            error = None

"""The agent's side of a Unix socket: asyncio moves the bytes, native code speaks the protocol."""

from __future__ import annotations

import asyncio
import collections
import json
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import _eager, _events
from .request import Request

if TYPE_CHECKING:
    from ._native import ZentinelAgent, ZentinelConnection
    from .agent import Agent

logger = logging.getLogger("zentinel_agent_sdk")

#: What native code says of a connection after each turn.
_FULL, _OPEN, _ENDED = 0, 1, 2

#: How much is read at once. Unit: bytes.
_BUFFER = 64 * 1024

Turn = tuple[Any, "list[_events.Event] | None", int]


class Connections:
    """What all connections of an agent share."""

    def __init__(self, agent: Agent, native: ZentinelAgent) -> None:
        self.agent = agent
        self.native = native
        self.open: set[Connection] = set()
        self.next = 0
        self.loop = asyncio.get_running_loop()
        self.starter = _eager.Starter(self.loop)
        # A configuration is applied on one connection at a time, as it comes on all of them.
        self.configuring = asyncio.Lock()

    def __call__(self) -> Connection:
        return Connection(self)

    async def drain(self, seconds: float) -> None:
        """Answers what was asked, then ends every connection."""
        for connection in list(self.open):
            connection.drain()
        deadline = self.loop.time() + seconds
        while self.open and self.loop.time() < deadline:
            await asyncio.sleep(0.01)
        for connection in list(self.open):
            connection.abort()


class Connection(asyncio.BufferedProtocol):
    """One connection of the proxy. Handlers of several events run at once.

    It reads into a buffer of its own: asyncio would take 256 KiB from the system for every read.
    """

    def __init__(self, shared: Connections) -> None:
        shared.next += 1
        self._shared = shared
        self._native = self._link(shared, shared.next)
        self._receive: Callable[[bytes], Turn] = self._native.receive
        self._agent = shared.agent
        self._run = shared.starter.start
        self._buffer = memoryview(bytearray(_BUFFER))
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._waiting: collections.deque[_events.Event] = collections.deque()
        self._beginning = False
        self._state = _OPEN
        self._clogged = False

    @staticmethod
    def _link(shared: Connections, number: int) -> ZentinelConnection:
        return shared.native.connection(number)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._shared.open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._shared.open.discard(self)
        if not self._native.is_at_border():
            logger.warning("the proxy closed a connection in the middle of a message")
        # Nobody is there any more to be answered.
        for task in list(self._tasks.values()):
            task.cancel()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self._act(self._receive(self._buffer[:nbytes].tobytes()))

    def take(self, data: bytes) -> None:
        """Takes what the proxy sent."""
        self._act(self._receive(data))

    def pause_writing(self) -> None:
        # A proxy that does not take answers is not asked for more questions.
        self._clogged = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._clogged = False
        if self._state == _OPEN:
            self._transport.resume_reading()

    def drain(self) -> None:
        """Answers what was asked, then ends."""
        self._act(self._native.drain())

    def abort(self) -> None:
        """Ends at once."""
        self._transport.abort()

    def _act(self, turn: Turn) -> None:
        output, events, state = turn
        if output is not None:
            self._transport.write(output)
        if state != self._state:
            self._change(state)
        if events is None:
            return
        self._waiting.extend(events)
        # A handler that answers at once comes back here with the next event: one loop serves them all.
        if self._beginning:
            return
        self._beginning = True
        try:
            while self._waiting:
                self._begin(self._waiting.popleft())
        finally:
            self._beginning = False

    def _change(self, state: int) -> None:
        self._state = state
        if state == _ENDED:
            logger.debug("a connection ended: %s", self._native.end())
            self._transport.close()
        elif state == _FULL:
            self._transport.pause_reading()
        elif not self._clogged and not self._transport.is_closing():
            self._transport.resume_reading()

    def _begin(self, event: _events.Event) -> None:
        kind, ticket = event[0], event[1]
        if kind == "notice":
            logger.warning("%s", event[2])
        elif kind == "greeted":
            logger.info("a proxy connected, version %s", event[2][:32].encode("ascii", "replace").decode())
        elif kind == "cancelled":
            task = self._tasks.get(ticket)
            if task is not None:
                task.cancel()
        else:
            task = self._run(self._configure(ticket, event[2]) if kind == "configure" else self._judge(event))
            if task is not None:
                self._tasks[ticket] = task

    async def _judge(self, event: _events.Event) -> None:
        ticket = event[1]
        try:
            # What is asked most takes the shortest way.
            if event[0] == "request":
                answer = (await self._agent.on_request(Request(event[2]))).to_wire()
            else:
                answer = await _events.answer(self._agent, event)
            turn = self._native.answer(ticket, answer)
        except asyncio.CancelledError:
            raise
        except Exception:
            # Its text may hold what a request said: it goes to the log, never to the client.
            logger.exception("the handler of a %s event failed", event[0])
            turn = self._native.fail(ticket)
        finally:
            self._tasks.pop(ticket, None)
        self._act(turn)

    async def _configure(self, ticket: int, text: str) -> None:
        refused: str | None = None
        try:
            config: Any = json.loads(text)
            async with self._shared.configuring:
                await self._agent.on_configure(config if config is not None else {})
        except asyncio.CancelledError:
            raise
        except Exception as error:
            logger.exception("the proxy's configuration was rejected")
            refused = f"{type(error).__name__}: {error}"
        finally:
            self._tasks.pop(ticket, None)
        self._act(self._native.configured(ticket, refused))

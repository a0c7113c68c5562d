"""The agent's side of gRPC: `grpcio` moves the messages, native code speaks the protocol.

Plain text: bind to this machine or a protected network. `grpcio` is wanted only here, so it is
an extra: `pip install zentinelle-agent[grpc]`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from ._uds import Connection, Connections, logger

if TYPE_CHECKING:
    from ._native import ZentinelConnection

_SERVICE = "zentinel.agent.v2.AgentServiceV2"
#: The longest message taken: that of a frame on a Unix socket.
_MAX_MESSAGE = 16 * 1024 * 1024


#: So many answers may wait to be taken before no more questions are read.
_HIGH_WATER = 64


class _Transport(asyncio.Transport):
    """A stream in the shape of a socket, so that one class serves both."""

    def __init__(self, stream: _Stream) -> None:
        super().__init__()
        self.may_read = asyncio.Event()
        self.may_read.set()
        self._stream = stream
        self._sent: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._closing = False

    def write(self, data: Any) -> None:
        for message in data:
            self._sent.put_nowait(message)
        if self._sent.qsize() >= _HIGH_WATER:
            self._stream.pause_writing()

    async def next(self) -> bytes | None:
        """The next message to send; nothing at the end."""
        message = await self._sent.get()
        if self._sent.empty():
            self._stream.resume_writing()
        return message

    def pause_reading(self) -> None:
        self.may_read.clear()

    def resume_reading(self) -> None:
        self.may_read.set()

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._sent.put_nowait(None)

    def abort(self) -> None:
        self.close()


class _Stream(Connection):
    """One stream of the proxy."""

    @staticmethod
    def _link(shared: Connections, number: int) -> ZentinelConnection:
        return shared.native.stream(number)


async def _read(requests: AsyncIterator[bytes], stream: _Stream, transport: _Transport) -> None:
    """Takes what the proxy says until it says no more."""
    try:
        async for message in requests:
            stream.take(message)
            await transport.may_read.wait()
        # It has asked all it wants to ask, and may still be waiting for answers.
        stream.drain()
    except Exception as error:
        # Whom it was about is unknown, so nobody can be answered: the end of the stream fails at
        # once what waits on it.
        logger.warning("a stream of gRPC ends: %s", error)
        transport.abort()


async def serve(address: str, shared: Connections) -> Any:
    """Listens on `address`, and gives the server."""
    try:
        import grpc  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        raise OSError("gRPC wants `grpcio`, which is not installed: pip install 'zentinelle-agent[grpc]'") from None

    async def process(requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        # Proxies send nothing before they have the headers of the answer.
        await context.send_initial_metadata(())
        stream = _Stream(shared)
        transport = _Transport(stream)
        stream.connection_made(transport)
        reading = asyncio.ensure_future(_read(requests, stream, transport))
        try:
            while (message := await transport.next()) is not None:
                yield message
        finally:
            reading.cancel()
            stream.connection_lost(None)

    server = grpc.aio.server(options=[("grpc.max_receive_message_length", _MAX_MESSAGE)])
    handler = grpc.stream_stream_rpc_method_handler(process)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_SERVICE, {"ProcessStream": handler}),))
    try:
        bound = server.add_insecure_port(address)
    except RuntimeError as error:
        raise OSError(f"cannot listen for gRPC on `{address}`: {error}") from None
    if bound == 0:
        raise OSError(f"cannot listen for gRPC on `{address}`")
    await server.start()
    return server

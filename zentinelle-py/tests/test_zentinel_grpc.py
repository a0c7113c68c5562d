"""An agent over gRPC, asked by a client that waits for the headers before it says anything."""

from __future__ import annotations

import pathlib
import socket
import time
from collections.abc import Iterator

import pytest
from test_zentinel_wire import AGENT, Process

grpc = pytest.importorskip("grpc")

METHOD = "/zentinel.agent.v2.AgentServiceV2/ProcessStream"


def field(number: int, value: bytes | str | int) -> bytes:
    """One field of a protobuf message."""
    if isinstance(value, int):
        return bytes([number << 3]) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return bytes([number << 3 | 2]) + varint(len(data)) + data


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


HANDSHAKE = field(1, field(1, bytes([2, 1])) + field(2, "proxy") + field(3, "0.6.54") + field(4, "{}"))
PING = field(11, field(1, 7) + field(2, 8))


def request(cid: str, uri: str) -> bytes:
    return field(2, field(1, field(1, cid) + field(3, "10.0.0.7")) + field(2, "GET") + field(3, uri))


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    folder: pathlib.Path = tmp_path_factory.mktemp("grpc")
    process = Process(folder, AGENT, "--grpc", address)
    yield address
    assert process.stop() == 0


def test_headers_come_at_once_and_answers_follow(address: str) -> None:
    messages = [HANDSHAKE, request("a", "/"), request("b", "/admin"), PING]

    def say() -> Iterator[bytes]:
        for message in messages:
            yield message
            time.sleep(0.2)

    with grpc.insecure_channel(address) as channel:
        stream = channel.stream_stream(METHOD)(say())
        hello, allowed, refused, pong = (next(stream) for _ in range(4))
    assert b"my-agent" in hello
    assert allowed.startswith(b"\x12") and b"X-Client" in allowed and b"10.0.0.7" in allowed
    assert b"Access denied" in refused and b"admin" in refused
    assert pong.startswith(b":") and b"\x08\x07\x10\x08" in pong

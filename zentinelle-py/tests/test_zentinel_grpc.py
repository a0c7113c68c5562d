"""An agent over gRPC, asked by a client that waits for the headers before it says anything."""

from __future__ import annotations

import pathlib
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

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


def conversation(address: str, messages: list[bytes]) -> list[bytes]:
    """Says nothing before the headers of the answer are there, as the proxy; hears until the end."""
    heard = threading.Event()

    def say() -> Iterator[bytes]:
        assert heard.wait(30), "the headers of the answer come at once"
        yield from messages

    with grpc.insecure_channel(address) as channel:
        stream = channel.stream_stream(METHOD)(say(), timeout=60, wait_for_ready=True)
        stream.initial_metadata()
        heard.set()
        return list(stream)


def kind(message: bytes) -> int:
    """Which of the messages of an agent it is."""
    return message[0] >> 3


def test_every_event_is_answered_though_the_proxy_says_no_more(address: str) -> None:
    told = conversation(address, [HANDSHAKE, request("a", "/"), request("b", "/admin"), PING])
    assert kind(told[0]) == 1 and b"my-agent" in told[0]
    allowed, refused = sorted((message for message in told if kind(message) == 2), key=lambda it: b"denied" in it)
    assert b"X-Client" in allowed and b"10.0.0.7" in allowed
    assert b"Access denied" in refused and b"admin" in refused
    (pong,) = [message for message in told if kind(message) == 7]
    assert b"\x08\x07\x10\x08" in pong


def test_many_streams_with_many_events_are_answered_once_each(address: str) -> None:
    def ask(stream: int) -> list[bytes]:
        ids = [f"s{stream}e{event}" for event in range(200)]
        return conversation(address, [HANDSHAKE, *(request(cid, "/") for cid in ids)])

    with ThreadPoolExecutor(4) as threads:
        for told in threads.map(ask, range(4)):
            assert sum(kind(message) == 2 for message in told) == 200


def test_a_stream_that_cannot_be_read_ends_at_once(address: str) -> None:
    told = conversation(address, [HANDSHAKE, b"\xff\xff", request("a", "/")])
    assert [kind(message) for message in told] == [1]


def test_events_before_the_handshake_end_the_stream(address: str) -> None:
    assert conversation(address, [request("a", "/")]) == []

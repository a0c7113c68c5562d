"""The protocol's events and answers as Python values.

The wire itself is spoken by native code; handlers meet these types through `Request` and
`Response`, and tests build them by hand.
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from .guardrail import (
    DetectionSeverity,
    GuardrailDetection,
    GuardrailInspectEvent,
    GuardrailInspectionType,
    GuardrailResponse,
    TextSpan,
)

if TYPE_CHECKING:
    import asyncio

__all__ = [
    "MAX_MESSAGE_SIZE",
    "PROTOCOL_VERSION",
    "AgentResponse",
    "AuditMetadata",
    "ConfigureEvent",
    "DetectionSeverity",
    "EventType",
    "GuardrailDetection",
    "GuardrailInspectEvent",
    "GuardrailInspectionType",
    "GuardrailResponse",
    "HeaderOp",
    "RequestBodyChunkEvent",
    "RequestCompleteEvent",
    "RequestHeadersEvent",
    "RequestMetadata",
    "ResponseBodyChunkEvent",
    "ResponseHeadersEvent",
    "TextSpan",
    "WebSocketFrameEvent",
    "decode_message",
    "encode_message",
    "read_message",
    "write_message",
]

PROTOCOL_VERSION = 2
#: The longest message of `encode_message` and its like. A frame on the wire may be longer.
MAX_MESSAGE_SIZE = 10 * 1024 * 1024


class EventType(str, Enum):
    """What the proxy may tell an agent."""

    REQUEST_HEADERS = "request_headers"
    REQUEST_BODY_CHUNK = "request_body_chunk"
    RESPONSE_HEADERS = "response_headers"
    RESPONSE_BODY_CHUNK = "response_body_chunk"
    REQUEST_COMPLETE = "request_complete"
    WEBSOCKET_FRAME = "websocket_frame"
    CONFIGURE = "configure"
    GUARDRAIL_INSPECT = "guardrail_inspect"


@dataclass
class RequestMetadata:
    """What the proxy knows of a request beside its line and headers."""

    correlation_id: str
    request_id: str = ""
    client_ip: str = ""
    client_port: int = 0
    server_name: str | None = None
    protocol: str = "HTTP/1.1"
    tls_version: str | None = None
    tls_cipher: str | None = None
    route_id: str | None = None
    upstream_id: str | None = None
    timestamp: str | None = None
    traceparent: str | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RequestMetadata:
        known = {name: data[name] for name in cls.__dataclass_fields__ if data.get(name) is not None}
        return cls(**{"correlation_id": "", **known})


@dataclass
class RequestHeadersEvent:
    """A request's line and headers."""

    metadata: RequestMetadata
    method: str
    uri: str
    headers: dict[str, list[str]]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RequestHeadersEvent:
        return cls(
            metadata=RequestMetadata.from_dict(data.get("metadata") or {}),
            method=data.get("method", "GET"),
            uri=data.get("uri", "/"),
            headers=dict(data.get("headers") or {}),
        )


@dataclass
class RequestBodyChunkEvent:
    """A piece of a request's body."""

    correlation_id: str
    data: bytes
    chunk_index: int = 0
    is_last: bool = True
    total_size: int | None = None
    bytes_received: int = 0

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RequestBodyChunkEvent:
        return cls(
            correlation_id=data.get("correlation_id", ""),
            data=_bytes(data),
            chunk_index=data.get("chunk_index", 0),
            is_last=data.get("is_last", True),
            total_size=data.get("total_size"),
            bytes_received=data.get("bytes_received", 0),
        )


@dataclass
class ResponseHeadersEvent:
    """A response's status and headers."""

    correlation_id: str
    status: int
    headers: dict[str, list[str]]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ResponseHeadersEvent:
        return cls(
            correlation_id=data.get("correlation_id", ""),
            status=data.get("status", 200),
            headers=dict(data.get("headers") or {}),
        )


@dataclass
class ResponseBodyChunkEvent:
    """A piece of a response's body."""

    correlation_id: str
    data: bytes
    chunk_index: int = 0
    is_last: bool = True
    total_size: int | None = None
    bytes_sent: int = 0

    @property
    def bytes_received(self) -> int:
        """The name the first SDK used for `bytes_sent`."""
        return self.bytes_sent

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ResponseBodyChunkEvent:
        return cls(
            correlation_id=data.get("correlation_id", ""),
            data=_bytes(data),
            chunk_index=data.get("chunk_index", 0),
            is_last=data.get("is_last", True),
            total_size=data.get("total_size"),
            bytes_sent=data.get("bytes_sent", data.get("bytes_received", 0)),
        )


@dataclass
class RequestCompleteEvent:
    """A request is over. Defined, but no proxy sends it."""

    correlation_id: str
    status: int = 0
    duration_ms: int = 0
    request_size: int = 0
    response_size: int = 0
    error: str | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RequestCompleteEvent:
        return cls(
            correlation_id=data.get("correlation_id", ""),
            status=data.get("status", 0),
            duration_ms=data.get("duration_ms", 0),
            request_size=data.get("request_body_size", data.get("request_size", 0)),
            response_size=data.get("response_body_size", data.get("response_size", 0)),
            error=data.get("error"),
        )


@dataclass
class WebSocketFrameEvent:
    """One frame of a WebSocket."""

    correlation_id: str
    opcode: str
    data: bytes
    client_to_server: bool = True
    frame_index: int = 0
    fin: bool = True
    route_id: str | None = None
    client_ip: str | None = None

    @property
    def direction(self) -> str:
        """`client_to_server` or `server_to_client`."""
        return "client_to_server" if self.client_to_server else "server_to_client"

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> WebSocketFrameEvent:
        return cls(
            correlation_id=data.get("correlation_id", ""),
            opcode=data.get("opcode", "text"),
            data=_bytes(data),
            client_to_server=data.get("client_to_server", True),
            frame_index=data.get("frame_index", 0),
            fin=data.get("fin", True),
            route_id=data.get("route_id"),
            client_ip=data.get("client_ip"),
        )


@dataclass
class ConfigureEvent:
    """The agent's configuration, as the proxy has it."""

    agent_id: str
    config: dict[str, Any]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ConfigureEvent:
        return cls(agent_id=data.get("agent_id", ""), config=dict(data.get("config") or {}))


@dataclass
class HeaderOp:
    """A change of the headers: `set`, `add` or `remove`."""

    operation: str
    name: str
    value: str | None = None

    def to_dict(self) -> dict[str, Any]:
        if self.operation == "remove":
            return {"remove": {"name": self.name}}
        return {self.operation: {"name": self.name, "value": self.value or ""}}


@dataclass
class AuditMetadata:
    """What the proxy may write into its audit log."""

    tags: list[str] = field(default_factory=list)
    rule_ids: list[str] = field(default_factory=list)
    confidence: float | None = None
    reason_codes: list[str] = field(default_factory=list)
    custom: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return {
            name: value for name, value in self.__dict__.items() if value or (value == 0.0 and name == "confidence")
        }


@dataclass
class AgentResponse:
    """An agent's answer to one event."""

    version: int = PROTOCOL_VERSION
    decision: str | dict[str, Any] = "allow"
    request_headers: list[HeaderOp] = field(default_factory=list)
    response_headers: list[HeaderOp] = field(default_factory=list)
    routing_metadata: dict[str, str] = field(default_factory=dict)
    audit: AuditMetadata = field(default_factory=AuditMetadata)
    needs_more: bool = False
    request_body_mutation: dict[str, Any] | None = None
    response_body_mutation: dict[str, Any] | None = None
    websocket_decision: str | dict[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "decision": self.decision,
            "request_headers": [op.to_dict() for op in self.request_headers],
            "response_headers": [op.to_dict() for op in self.response_headers],
            "routing_metadata": self.routing_metadata,
            "audit": self.audit.to_dict(),
            "needs_more": self.needs_more,
            "request_body_mutation": self.request_body_mutation,
            "response_body_mutation": self.response_body_mutation,
            "websocket_decision": self.websocket_decision,
        }

    def to_wire(self) -> str:
        """The answer as JSON, in the form the proxy acts on.

        The proxy puts a request's new body on the wire as it stands, where it decodes that of a
        response, and it drops an answer with a value of the wrong type without a word.
        """
        data = self.to_dict()
        data["routing_metadata"] = {str(key): str(value) for key, value in self.routing_metadata.items()}
        mutation = self.request_body_mutation
        if mutation and mutation.get("data"):
            body = base64.b64decode(mutation["data"]).decode("utf-8")
            data["request_body_mutation"] = {**mutation, "data": body}
        return json.dumps(data, allow_nan=False)


def encode_message(data: Mapping[str, Any]) -> bytes:
    """A message as four bytes of length and JSON. For tests; the wire has frames with a type."""
    text = json.dumps(data).encode()
    _check(len(text))
    return struct.pack(">I", len(text)) + text


def decode_message(data: bytes) -> dict[str, Any]:
    """Reads what `encode_message` writes."""
    if len(data) < 4:
        raise ValueError(f"a message of {len(data)} bytes has no length, expected at least 4")
    (length,) = struct.unpack(">I", data[:4])
    _check(length)
    if len(data) < 4 + length:
        raise ValueError(f"the message ends after {len(data) - 4} of {length} bytes")
    return _object(data[4 : 4 + length])


async def read_message(reader: asyncio.StreamReader) -> dict[str, Any] | None:
    """Reads a message from a stream; nothing at its end."""
    import asyncio

    try:
        (length,) = struct.unpack(">I", await reader.readexactly(4))
        _check(length)
        return _object(await reader.readexactly(length))
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise ValueError(f"the message ends after {len(error.partial)} bytes") from None
        return None


async def write_message(writer: asyncio.StreamWriter, data: Mapping[str, Any]) -> None:
    """Writes a message to a stream."""
    writer.write(encode_message(data))
    await writer.drain()


def _check(length: int) -> None:
    if length > MAX_MESSAGE_SIZE:
        raise ValueError(f"a message of {length} bytes exceeds the limit of {MAX_MESSAGE_SIZE}")


def _object(text: bytes) -> dict[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError(f"a message is an object, found {type(value).__name__}")
    return value


def _bytes(data: Mapping[str, Any]) -> bytes:
    body = data.get("data") or b""
    return body if isinstance(body, bytes) else base64.b64decode(body, validate=True)

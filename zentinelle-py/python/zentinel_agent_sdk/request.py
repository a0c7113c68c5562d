"""A request, as handlers see it."""

from __future__ import annotations

import ipaddress
import json
from typing import Any
from urllib.parse import parse_qs

from ._message import Message
from ._native import ZentinelHead
from .protocol import RequestHeadersEvent, RequestMetadata


class Request(Message):
    """A request, as handlers see it. Nothing is turned into Python values before it is looked at."""

    __slots__ = ("_event", "_head")

    def __init__(self, event: RequestHeadersEvent | ZentinelHead, body: bytes | None = None) -> None:
        if isinstance(event, ZentinelHead):
            self._head: ZentinelHead | None = event
            self._event: RequestHeadersEvent | None = None
        else:
            self._head = None
            self._event = event
        self._body = body
        self._lower = None

    def _whole(self) -> RequestHeadersEvent:
        if self._event is None:
            assert self._head is not None
            self._event = RequestHeadersEvent.from_dict(json.loads(self._head.json()))
        return self._event

    @property
    def metadata(self) -> RequestMetadata:
        """What the proxy knows besides."""
        return self._whole().metadata

    @property
    def correlation_id(self) -> str:
        """Joins the events of one request. May have been chosen by the client: never an identity."""
        return self._head.correlation_id if self._head is not None else self._whole().metadata.correlation_id

    @property
    def request_id(self) -> str:
        """The id of this event."""
        return self.metadata.request_id

    @property
    def client_ip(self) -> str:
        """The client's address, without the port that older proxies write behind it."""
        return self._head.client_ip if self._head is not None else _address(self._whole().metadata)[0]

    @property
    def client_port(self) -> int:
        """The client's port, or 0."""
        return self._head.client_port if self._head is not None else _address(self._whole().metadata)[1]

    @property
    def server_name(self) -> str | None:
        return self.metadata.server_name

    @property
    def protocol(self) -> str:
        return self.metadata.protocol

    @property
    def timestamp(self) -> str | None:
        """When the event was made, RFC 3339."""
        return self.metadata.timestamp

    @property
    def method(self) -> str:
        return self._head.method if self._head is not None else self._whole().method

    @property
    def uri(self) -> str:
        """Path and query."""
        return self._head.uri if self._head is not None else self._whole().uri

    @property
    def path(self) -> str:
        """Path **and query**; the path alone is `path_only`."""
        return self.uri

    @property
    def path_only(self) -> str:
        return self.uri.partition("?")[0]

    @property
    def query_string(self) -> str:
        return self.uri.partition("?")[2]

    @property
    def query_params(self) -> dict[str, list[str]]:
        """Every parameter of the query that has a value, with its values."""
        return parse_qs(self.query_string)

    def query(self, name: str) -> str | None:
        """The first value of a parameter."""
        values = self.query_params.get(name)
        return values[0] if values else None

    def query_all(self, name: str) -> list[str]:
        """Every value of a parameter."""
        return self.query_params.get(name, [])

    def path_starts_with(self, prefix: str) -> bool:
        """Whether the path, without its query, begins so. Nothing is normalised."""
        return self.path_only.startswith(prefix)

    def path_equals(self, path: str) -> bool:
        """Whether the path, without its query, is this."""
        return self.path_only == path

    @property
    def headers(self) -> dict[str, list[str]]:
        return self._head.headers if self._head is not None else self._whole().headers

    def header(self, name: str) -> str | None:
        """The first value of a field."""
        return self._head.header(name) if self._head is not None else super().header(name)

    @property
    def host(self) -> str | None:
        return self.header("host")

    @property
    def user_agent(self) -> str | None:
        return self.header("user-agent")

    @property
    def authorization(self) -> str | None:
        return self.header("authorization")

    def is_get(self) -> bool:
        return self.method.upper() == "GET"

    def is_post(self) -> bool:
        return self.method.upper() == "POST"

    def is_put(self) -> bool:
        return self.method.upper() == "PUT"

    def is_delete(self) -> bool:
        return self.method.upper() == "DELETE"

    def is_patch(self) -> bool:
        return self.method.upper() == "PATCH"

    def with_body(self, body: bytes) -> Request:
        """The same request with a body."""
        event: Any = self._head if self._head is not None else self._event
        return Request(event, body)

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.path_only}>"


def _address(metadata: RequestMetadata) -> tuple[str, int]:
    text = metadata.client_ip
    host, colon, port = text.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    # A bare IPv6 address has colons of its own.
    if colon and port.isdigit() and (host.startswith("[") or ":" not in host):
        try:
            return str(ipaddress.ip_address(bare)), int(port) or metadata.client_port
        except ValueError:
            pass
    return text.removeprefix("[").removesuffix("]"), metadata.client_port

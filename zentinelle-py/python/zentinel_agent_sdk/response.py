"""A response, as handlers see it."""

from __future__ import annotations

from ._message import Message
from .protocol import ResponseHeadersEvent


class Response(Message):
    """A response, as handlers see it."""

    __slots__ = ("_event",)

    def __init__(self, event: ResponseHeadersEvent, body: bytes | None = None) -> None:
        self._event = event
        self._body = body
        self._lower = None

    @property
    def correlation_id(self) -> str:
        return self._event.correlation_id

    @property
    def status_code(self) -> int:
        return self._event.status

    @property
    def headers(self) -> dict[str, list[str]]:
        return self._event.headers

    @property
    def location(self) -> str | None:
        return self.header("location")

    def is_success(self) -> bool:
        return 200 <= self.status_code < 300

    def is_redirect(self) -> bool:
        return 300 <= self.status_code < 400

    def is_client_error(self) -> bool:
        return 400 <= self.status_code < 500

    def is_server_error(self) -> bool:
        return 500 <= self.status_code < 600

    def is_error(self) -> bool:
        return self.is_client_error() or self.is_server_error()

    def is_html(self) -> bool:
        return "text/html" in (self.content_type or "").lower()

    def with_body(self, body: bytes) -> Response:
        """The same response with a body."""
        return Response(self._event, body)

    def __repr__(self) -> str:
        return f"<Response {self.status_code}>"

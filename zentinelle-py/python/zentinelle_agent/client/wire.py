"""What both clients have in common: addresses, headers, retries, and errors of replies. No I/O."""

from __future__ import annotations

import email.utils
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from .._native import __version__
from ..errors import (
    RequestError,
    ZentinelleAuthError,
    ZentinelleConnectionError,
    ZentinelleError,
    ZentinelleRateLimitError,
)

#: Longest pause that a reply may ask for and a retry waits out by itself. Unit: seconds.
LONGEST_PAUSE = 30
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Settings:
    """How a client talks to its server.

    Attributes:
        endpoint: The server's address. Plain HTTP only on this machine.
        key: Goes into `X-Zentinelle-Key`. Never shown.
        timeout_seconds: For one attempt. Unit: seconds.
        max_retries: Attempts after the first.
        backoff_seconds: Pause before the first retry; doubles each time, with a quarter of chance.
        longest_backoff_seconds: The pause grows no further than this.
    """

    endpoint: str
    key: str = field(repr=False)
    timeout_seconds: float = 30.0
    max_retries: int = 3
    backoff_seconds: float = 1.0
    longest_backoff_seconds: float = 60.0
    org: str | None = None
    allow_insecure: bool = False

    def __post_init__(self) -> None:
        parts = urlsplit(self.endpoint)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise RequestError(
                "the endpoint is no web address", code="client.invalid_endpoint", help="write `https://HOST`"
            )
        if parts.scheme == "http" and parts.hostname not in LOOPBACK and not self.allow_insecure:
            raise RequestError(
                f"the endpoint `{parts.hostname}` is asked over plain HTTP, which shows the key to the network",
                code="client.insecure_endpoint",
                help="use https, or pass `allow_insecure=True` inside a network you trust",
            )
        if len(self.key) < 10:
            raise RequestError("the key is too short to be one", code="client.invalid_key", help="copy all of it")
        object.__setattr__(self, "endpoint", self.endpoint.rstrip("/"))

    def headers(self) -> dict[str, str]:
        """The headers of every request."""
        headers = {
            "X-Zentinelle-Key": self.key,
            "User-Agent": f"zentinelle-agent-python/{__version__}",
            "Accept": "application/json",
        }
        return headers | ({"X-Zentinelle-Org": self.org} if self.org else {})

    def pause(self, attempt: int) -> float:
        """How long to wait before retry number `attempt`, counted from zero. Unit: seconds."""
        longest: float = min(self.backoff_seconds * 2.0**attempt, self.longest_backoff_seconds)
        return longest * random.uniform(0.75, 1.25)


def segment(text: str) -> str:
    """A text as one segment of a path."""
    return quote(text, safe="")


def retry_after(headers: Mapping[str, str], default: int = 60) -> int:
    """The pause a reply asks for: seconds, or a date. Unit: seconds, at least zero."""
    text = headers.get("retry-after", "").strip()
    if text.isdecimal():
        return int(text)
    try:
        at = email.utils.parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError):
        return default
    return max(0, round(at - time.time()))


def failure(reply: httpx.Response) -> ZentinelleError:
    """The exception that a reply which is no success stands for."""
    body: Any
    try:
        body = reply.json()
    except ValueError:
        body = {}
    body = body if isinstance(body, dict) else {}
    code = str(body.get("error") or f"http_{reply.status_code}")
    message = str(body.get("detail") or body.get("message") or f"the server answered {reply.status_code}")
    request_id = body.get("request_id")
    help = f"the server's log names this request `{request_id}`" if request_id else None
    if reply.status_code in (401, 403):
        return ZentinelleAuthError(message, code=code, help=help)
    if reply.status_code == 429:
        return ZentinelleRateLimitError(message, retry_after(reply.headers), code=code)
    if reply.status_code >= 500:
        return ZentinelleConnectionError(message, code=code, help=help)
    fields = body.get("fields")
    pointer = f"/{next(iter(fields))}" if isinstance(fields, dict) and fields else None
    return ZentinelleError(message, code=code, pointer=pointer, help=help)


def unreachable(error: httpx.HTTPError) -> ZentinelleConnectionError:
    """The exception for a server that did not answer. Tells the class: the text may hold an address."""
    return ZentinelleConnectionError(
        f"the server did not answer: {type(error).__name__}",
        code="client.unreachable",
        help="check the endpoint and the network",
    )


def answer(reply: httpx.Response) -> Any:
    """The JSON of a success.

    Raises:
        ZentinelleError: What the reply stands for otherwise.
    """
    if not reply.is_success:
        raise failure(reply)
    if reply.status_code == 204 or not reply.content:
        return {}
    try:
        return reply.json()
    except ValueError:
        raise ZentinelleConnectionError(
            "the server answered with something that is no JSON", code="client.bad_reply"
        ) from None


def is_retryable(error: ZentinelleError, attempt: int, settings: Settings, repeatable: bool) -> bool:
    """Whether asking again may help and does no harm.

    A server that asks for a pause did not act, so every request may be sent again. One that
    was lost may have been carried out, so only what may be done twice is.
    """
    if attempt >= settings.max_retries:
        return False
    if isinstance(error, ZentinelleRateLimitError):
        return error.retry_after <= LONGEST_PAUSE
    return isinstance(error, ZentinelleConnectionError) and (repeatable or error.code == "client.not_connected")


def wait_for(error: ZentinelleError, attempt: int, settings: Settings) -> float:
    """How long to wait before asking again. Unit: seconds."""
    return float(error.retry_after) if isinstance(error, ZentinelleRateLimitError) else settings.pause(attempt)

"""The client for plain code."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

import httpx

from ..errors import RequestError, ZentinelleConnectionError, ZentinelleError
from . import routes, wire
from .breaker import CircuitBreaker
from .forking import after_fork


class Client:
    """Speaks the REST contract of a Zentinelle server.

    Retries only what asking again can mend: a server that is away, one that fails, one that
    asks for a pause of up to 30 seconds. A denial is an answer, not an error. May be shared
    between threads and survives a fork.

    Args:
        endpoint: The server's address, `https://…`; plain HTTP only on this machine.
        key: An agent's or an enrolment key.
        agent_id: Names the agent for an enrolment key; left out, the key's own.
        timeout_seconds: For one attempt. Unit: seconds.
        max_retries: Attempts after the first.
        transport: For tests.

    Raises:
        RequestError: `client.invalid_endpoint`, `client.insecure_endpoint`, `client.invalid_key`.
    """

    def __init__(
        self,
        endpoint: str,
        key: str,
        *,
        agent_id: str | None = None,
        timeout_seconds: float = 30.0,
        max_retries: int = 3,
        backoff_seconds: float = 1.0,
        org: str | None = None,
        allow_insecure: bool = False,
        breaker: CircuitBreaker | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.settings = wire.Settings(
            endpoint, key, timeout_seconds, max_retries, backoff_seconds, org=org, allow_insecure=allow_insecure
        )
        self.agent_id = agent_id
        self.breaker = breaker or CircuitBreaker()
        self._transport = transport
        self._lock = threading.Lock()
        self._http: httpx.Client | None = None
        self._closed = threading.Event()
        after_fork(self, Client._in_child)

    def _in_child(self) -> None:
        """A connection belongs to the process that opened it, and a lock may have been held."""
        self._lock = threading.Lock()
        self._http = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.settings.endpoint}>"

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes connections and ends pauses between retries. The client can be used no more."""
        self._closed.set()
        with self._lock:
            if self._http is not None:
                self._http.close()
            self._http = None

    def use_key(self, key: str) -> None:
        """Goes on with another key, such as the one that enrolment gave."""
        with self._lock:
            self.settings = wire.Settings(**{**self.settings.__dict__, "key": key})

    def _connection(self) -> httpx.Client:
        with self._lock:
            if self._http is None:
                self._http = httpx.Client(timeout=self.settings.timeout_seconds, transport=self._transport)
            return self._http

    def send(self, call: routes.Call) -> Any:
        """Sends a request, again where that may help, and gives back the JSON of the reply.

        Raises:
            ZentinelleAuthError: The key is not accepted, or may not do this.
            ZentinelleRateLimitError: The server asks for a longer pause than is waited out here.
            ZentinelleConnectionError: The server is away, fails, or is not asked for a while.
            ZentinelleError: The request itself was refused.
        """
        attempt = 0
        while True:
            try:
                return self._once(call)
            except ZentinelleError as error:
                if not wire.is_retryable(error, attempt, self.settings, call.repeatable):
                    raise
                if self._closed.wait(wire.wait_for(error, attempt, self.settings)):
                    raise
            attempt += 1

    def _once(self, call: routes.Call) -> Any:
        self.breaker.before()
        url = self.settings.endpoint + call.path
        try:
            reply = self._connection().request(
                call.method, url, json=call.body, params=call.params, headers=self.settings.headers()
            )
        except httpx.HTTPError as error:
            self.breaker.failed()
            raise wire.unreachable(error) from None
        except BaseException:
            # Not the server's fault; the probe must not stay open.
            self.breaker.gave_up()
            raise
        try:
            told = wire.answer(reply)
        except ZentinelleConnectionError:
            self.breaker.failed()
            raise
        except ZentinelleError:
            self.breaker.succeeded()
            raise
        self.breaker.succeeded()
        return told

    def register(
        self,
        agent_type: str = "custom",
        *,
        agent_id: str | None = None,
        name: str | None = None,
        capabilities: Sequence[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Enrols an agent and goes on with the key it gets, if it gets one.

        Returns:
            `agent_id`, `api_key` (empty unless newly made), `config`, `policies`.
        """
        told: dict[str, Any] = self.send(
            routes.register(agent_type, agent_id or self.agent_id, name, capabilities, metadata)
        )
        self.agent_id = told["agent_id"]
        if told.get("api_key"):
            self.use_key(told["api_key"])
        return told

    def evaluate(
        self, action: str, *, user_id: str | None = None, context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Asks the server to decide. A denial is an answer: look at `allowed`."""
        told: dict[str, Any] = self.send(routes.evaluate(action, user_id, context, self.agent_id))
        return told

    def config(self) -> dict[str, Any]:
        """The agent's configuration and policies."""
        told: dict[str, Any] = self.send(routes.config(self._known_agent()))
        return told

    def secrets(self) -> dict[str, str]:
        """The secrets the agent may have, by name. Not kept by this client."""
        told: dict[str, str] = self.send(routes.secrets(self._known_agent()))["secrets"]
        return told

    def events(self, batch: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Reports events; sent again they are kept once. For single events see `EventBuffer`."""
        told: dict[str, Any] = self.send(routes.events(batch, self.agent_id))
        return told

    def heartbeat(self, status: str = "healthy", metrics: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Says that the agent lives; `config_changed` tells whether to read the configuration anew."""
        told: dict[str, Any] = self.send(routes.heartbeat(self._known_agent(), status, metrics))
        return told

    def standing(self, user_id: str | None = None) -> dict[str, Any]:
        """What applies to the key's agent, and to a user when one is named.

        Returns:
            `policies`; `no_policy`, what is answered where none applies; `resolved`, the limits they set.
        """
        told: dict[str, Any] = self.send(routes.effective_policies(user_id))
        return told

    def effective_policies(self, user_id: str | None = None) -> list[dict[str, Any]]:
        """The policies that apply to the key's agent, and to a user when one is named."""
        told: list[dict[str, Any]] = self.standing(user_id)["policies"]
        return told

    def scan(self, content: str, content_type: str | None = None) -> dict[str, Any]:
        """Asks the server to scan a text by the organisation's rules."""
        told: dict[str, Any] = self.send(routes.scan(content, content_type))
        return told

    def wait_for_approval(self, approval_id: str, *, timeout_seconds: float = 300.0) -> dict[str, Any]:
        """Waits until a person has answered, and says how; after the time, how it stands."""
        end = time.monotonic() + timeout_seconds
        while True:
            wait = int(max(0, min(25, end - time.monotonic())))
            told: dict[str, Any] = self.send(routes.approval(approval_id, wait))
            if told.get("status") != "pending" or time.monotonic() >= end:
                return told
            self._closed.wait(0.2)

    def deregister(self) -> None:
        """Takes the key's agent out of service."""
        self.send(routes.deregister())

    def _known_agent(self) -> str:
        """The agent's id. Nobody is enrolled by a question."""
        if self.agent_id is None:
            raise RequestError(
                "the agent's id is not known",
                code="client.no_agent_id",
                help="pass `agent_id=`, or call `register()` first",
            )
        return self.agent_id

"""The client for coroutines: the same routes, retries and errors as `Client`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

import httpx

from ..errors import RequestError, ZentinelleConnectionError, ZentinelleError
from . import routes, wire
from .breaker import CircuitBreaker


class AsyncClient:
    """Speaks the REST contract of a Zentinelle server, in coroutines of one event loop.

    See `Client` for arguments and errors.
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
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.settings = wire.Settings(
            endpoint, key, timeout_seconds, max_retries, backoff_seconds, org=org, allow_insecure=allow_insecure
        )
        self.agent_id = agent_id
        self.breaker = breaker or CircuitBreaker()
        self._http = httpx.AsyncClient(timeout=timeout_seconds, transport=transport)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.settings.endpoint}>"

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes connections. The client can be used no more."""
        await self._http.aclose()

    async def send(self, call: routes.Call) -> Any:
        """Sends a request, again where that may help, and gives back the JSON of the reply."""
        attempt = 0
        while True:
            try:
                return await self._once(call)
            except ZentinelleError as error:
                if not wire.is_retryable(error, attempt, self.settings, call.repeatable):
                    raise
                await asyncio.sleep(wire.wait_for(error, attempt, self.settings))
            attempt += 1

    async def _once(self, call: routes.Call) -> Any:
        self.breaker.before()
        url = self.settings.endpoint + call.path
        try:
            reply = await self._http.request(
                call.method, url, json=call.body, params=call.params, headers=self.settings.headers()
            )
        except httpx.HTTPError as error:
            self.breaker.failed()
            raise wire.unreachable(error) from None
        except BaseException:
            # Cancelled, perhaps: not the server's fault, and the probe must not stay open.
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

    async def register(
        self,
        agent_type: str = "custom",
        *,
        agent_id: str | None = None,
        name: str | None = None,
        capabilities: Sequence[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Enrols an agent and goes on with the key it gets, if it gets one."""
        told: dict[str, Any] = await self.send(
            routes.register(agent_type, agent_id or self.agent_id, name, capabilities, metadata)
        )
        self.agent_id = told["agent_id"]
        if told.get("api_key"):
            self.settings = wire.Settings(**{**self.settings.__dict__, "key": told["api_key"]})
        return told

    async def evaluate(
        self, action: str, *, user_id: str | None = None, context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Asks the server to decide. A denial is an answer: look at `allowed`."""
        told: dict[str, Any] = await self.send(routes.evaluate(action, user_id, context, self.agent_id))
        return told

    async def config(self) -> dict[str, Any]:
        """The agent's configuration and policies."""
        told: dict[str, Any] = await self.send(routes.config(self._known_agent()))
        return told

    async def secrets(self) -> dict[str, str]:
        """The secrets the agent may have, by name. Not kept by this client."""
        told: dict[str, str] = (await self.send(routes.secrets(self._known_agent())))["secrets"]
        return told

    async def events(self, batch: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Reports events; sent again they are kept once."""
        told: dict[str, Any] = await self.send(routes.events(batch, self.agent_id))
        return told

    async def heartbeat(self, status: str = "healthy", metrics: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Says that the agent lives; `config_changed` tells whether to read the configuration anew."""
        told: dict[str, Any] = await self.send(routes.heartbeat(self._known_agent(), status, metrics))
        return told

    async def standing(self, user_id: str | None = None) -> dict[str, Any]:
        """What applies to the key's agent, and to a user when one is named; see `Client.standing`."""
        told: dict[str, Any] = await self.send(routes.effective_policies(user_id))
        return told

    async def effective_policies(self, user_id: str | None = None) -> list[dict[str, Any]]:
        """The policies that apply to the key's agent, and to a user when one is named."""
        told: list[dict[str, Any]] = (await self.standing(user_id))["policies"]
        return told

    async def scan(self, content: str, content_type: str | None = None) -> dict[str, Any]:
        """Asks the server to scan a text by the organisation's rules."""
        told: dict[str, Any] = await self.send(routes.scan(content, content_type))
        return told

    async def deregister(self) -> None:
        """Takes the key's agent out of service."""
        await self.send(routes.deregister())

    def _known_agent(self) -> str:
        """The agent's id. Nobody is enrolled by a question."""
        if self.agent_id is None:
            raise RequestError(
                "the agent's id is not known",
                code="client.no_agent_id",
                help="pass `agent_id=`, or call `register()` first",
            )
        return self.agent_id

"""The face of the older Python client, so that existing code changes one import.

Names, arguments and results are those of its release 0.1.0. What it did wrong it does not do
here: a slow server does not hold up `emit`, events are not doubled, and the circuit cannot wedge.
"""

from __future__ import annotations

import logging
import threading
import time
import weakref
from datetime import datetime, timezone
from types import TracebackType
from typing import Any

from ..errors import ZentinelleAuthError, ZentinelleConnectionError, ZentinelleError, ZentinelleRateLimitError
from .breaker import CircuitBreaker
from .compat_types import (
    ConfigResult,
    Enforcement,
    EvaluateResult,
    EventCategory,
    EventsResult,
    HeartbeatResult,
    ModelUsage,
    PolicyConfig,
    PolicyType,
    RegisterResult,
    RetryConfig,
    SecretsResult,
)
from .events import EventBuffer
from .sync import Client

__all__ = [
    "CircuitBreaker",
    "ConfigResult",
    "Enforcement",
    "EvaluateResult",
    "EventCategory",
    "EventsResult",
    "HeartbeatResult",
    "ModelUsage",
    "PolicyConfig",
    "PolicyType",
    "RegisterResult",
    "RetryConfig",
    "SecretsResult",
    "ZentinelleAuthError",
    "ZentinelleClient",
    "ZentinelleConnectionError",
    "ZentinelleError",
    "ZentinelleRateLimitError",
]

logger = logging.getLogger("zentinelle_agent")

KEY_PREFIXES = ("sk_agent_", "sk_test_", "sk_live_", "znt_")


class ZentinelleClient:
    """A client of the server, as the older package has it.

    Args:
        api_key: The agent's or an enrolment key.
        agent_type: What kind of agent this is, such as `langchain`.
        endpoint: The server's address; plain HTTP only on this machine.
        agent_id: The agent's id. Default: given by the server at `register`.
        org_id: Goes into `X-Zentinelle-Org`.
        auto_heartbeat: Whether a thread says that the agent lives, once it is registered.
        heartbeat_interval: Unit: seconds.
        event_buffer_size: How many events wake the sending thread. Unit: events.
        event_flush_interval: How long an event waits at most. Unit: seconds.
        config_cache_ttl: Unit: seconds.
        secrets_cache_ttl: Unit: seconds.
        timeout: For one attempt. Unit: seconds.
        retry_config: See `RetryConfig`.
        circuit_breaker_threshold: Failures that stop requests for a while.
        circuit_breaker_recovery: For how long. Unit: seconds.
        fail_open: Lets actions go on when the server cannot be reached.

    Raises:
        ValueError: For a key, type or endpoint that cannot be one.
    """

    DEFAULT_ENDPOINT = "https://api.zentinelle.ai"

    def __init__(
        self,
        api_key: str,
        agent_type: str,
        endpoint: str | None = None,
        agent_id: str | None = None,
        org_id: str | None = None,
        auto_heartbeat: bool = True,
        heartbeat_interval: int = 60,
        event_buffer_size: int = 100,
        event_flush_interval: int = 5,
        config_cache_ttl: int = 300,
        secrets_cache_ttl: int = 60,
        timeout: int = 30,
        retry_config: RetryConfig | None = None,
        circuit_breaker_threshold: int = 5,
        circuit_breaker_recovery: float = 30.0,
        fail_open: bool = False,
    ) -> None:
        if not agent_type:
            raise ValueError("agent_type is required")
        if api_key and not api_key.startswith(KEY_PREFIXES):
            logger.warning("the API key does not begin with any of %s", ", ".join(KEY_PREFIXES))
        retries = retry_config or RetryConfig()
        self._client = Client(
            endpoint or self.DEFAULT_ENDPOINT,
            api_key or "",
            agent_id=agent_id,
            timeout_seconds=timeout,
            max_retries=retries.max_retries,
            backoff_seconds=retries.base_delay,
            org=org_id,
            breaker=CircuitBreaker(circuit_breaker_threshold, circuit_breaker_recovery),
        )
        self.agent_type = agent_type
        self.org_id = org_id
        self.timeout = timeout
        self.fail_open = fail_open
        self._registered = False
        self._config_ttl, self._secrets_ttl = config_cache_ttl, secrets_cache_ttl
        self._cached: dict[str, tuple[float, Any]] = {}
        self._events = EventBuffer(
            self._client.events, batch_size=event_buffer_size, flush_seconds=event_flush_interval
        )
        self._stopped = threading.Event()
        self._heartbeat_interval = heartbeat_interval
        self._auto_heartbeat = auto_heartbeat
        self._heart: threading.Thread | None = None

    @property
    def endpoint(self) -> str:
        """The server's address."""
        return self._client.settings.endpoint

    @property
    def api_key(self) -> str:
        """The key in use: after `register`, the agent's own where one was given."""
        return self._client.settings.key

    @property
    def agent_id(self) -> str | None:
        """The agent's id; None before it is known."""
        return self._client.agent_id

    def register(
        self,
        capabilities: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        name: str | None = None,
    ) -> RegisterResult:
        """Enrols the agent and starts its sign of life."""
        told = self._client.register(
            self.agent_type, name=name, capabilities=capabilities, metadata=metadata, agent_id=self.agent_id
        )
        self._registered = True
        policies = [PolicyConfig.read(item) for item in told["policies"]]
        if self._auto_heartbeat and self._heart is None:
            me = weakref.ref(self)
            self._heart = threading.Thread(target=_beat, args=(me,), name="zentinelle-heartbeat", daemon=True)
            self._heart.start()
        return RegisterResult(told["agent_id"], told.get("api_key") or "", told["config"], policies)

    def get_config(self, force_refresh: bool = False) -> ConfigResult:
        """The agent's configuration and policies, kept for `config_cache_ttl`."""
        result: ConfigResult = self._cache("config", self._config_ttl, force_refresh, self._read_config)
        return result

    def _read_config(self) -> ConfigResult:
        told = self._client.config()
        policies = [PolicyConfig.read(item) for item in told["policies"]]
        return ConfigResult(told["agent_id"], told["config"], policies, _instant(told["updated_at"]))

    def get_policies(self, policy_types: list[str] | None = None) -> list[PolicyConfig]:
        """The policies that apply to the agent, of some types or of all."""
        policies = self.get_config().policies
        return [policy for policy in policies if policy_types is None or policy.type in policy_types]

    def get_secrets(self, force_refresh: bool = False) -> dict[str, str]:
        """The agent's secrets, kept for `secrets_cache_ttl`."""
        result: dict[str, str] = self._cache("secrets", self._secrets_ttl, force_refresh, self._client.secrets)
        return result

    def get_secret(self, key: str, default: str | None = None) -> str | None:
        """One of the agent's secrets."""
        return self.get_secrets().get(key, default)

    def _cache(self, name: str, seconds: float, anew: bool, read: Any) -> Any:
        kept = self._cached.get(name)
        if kept is not None and not anew and time.monotonic() - kept[0] < seconds:
            return kept[1]
        value = read()
        self._cached[name] = (time.monotonic(), value)
        return value

    def evaluate(
        self, action: str, user_id: str | None = None, context: dict[str, Any] | None = None
    ) -> EvaluateResult:
        """Asks the server to decide.

        Raises:
            ZentinelleConnectionError: When it cannot be reached and `fail_open` is off.
        """
        try:
            told = self._client.evaluate(action, user_id=user_id, context=context)
        except ZentinelleConnectionError:
            if not self.fail_open:
                raise
            logger.warning("nobody decided `%s`; it goes on because of fail_open", action)
            return EvaluateResult(True, "fail_open", fail_open=True)
        allowed = told.get("allowed")
        if not isinstance(allowed, bool):
            raise ZentinelleConnectionError("the server's answer holds no decision", code="client.bad_reply")
        return EvaluateResult(
            allowed,
            told.get("reason"),
            told.get("policies_evaluated") or [],
            told.get("warnings") or [],
            told.get("context") or {},
        )

    def can_use_model(self, model: str, provider: str = "openai") -> EvaluateResult:
        """Whether the agent may call a model."""
        return self.evaluate("model_request", context={"model": model, "provider": provider})

    def can_call_tool(self, tool: str, user_id: str | None = None) -> EvaluateResult:
        """Whether the agent may call a tool."""
        return self.evaluate("tool_call", user_id=user_id, context={"tool": tool})

    def track_usage(self, usage: ModelUsage) -> None:
        """Reports what one call of a model used."""
        self.emit("model_usage", dict(usage.__dict__))

    def emit(
        self,
        event_type: str,
        payload: dict[str, Any] | None = None,
        category: str = "telemetry",
        user_id: str | None = None,
    ) -> None:
        """Reports an event, behind."""
        self._events.emit(event_type, payload, category=str(getattr(category, "value", category)), user_id=user_id)

    def emit_tool_call(
        self,
        tool: str,
        user_id: str | None = None,
        inputs: dict[str, Any] | None = None,
        outputs: dict[str, Any] | None = None,
        duration_ms: int | None = None,
    ) -> None:
        """Reports a call of a tool."""
        payload = {"tool": tool, "inputs": inputs, "outputs": outputs, "duration_ms": duration_ms}
        self.emit("tool_call", payload, category="audit", user_id=user_id)

    def emit_model_request(
        self,
        provider: str,
        model: str,
        input_tokens: int = 0,
        output_tokens: int = 0,
        duration_ms: int | None = None,
        user_id: str | None = None,
    ) -> None:
        """Reports a call of a model."""
        payload = {"provider": provider, "model": model, "input_tokens": input_tokens}
        payload |= {"output_tokens": output_tokens, "duration_ms": duration_ms}
        self.emit("model_request", payload, user_id=user_id)

    def flush_events(self) -> EventsResult:
        """Sends what waits, now."""
        return EventsResult(*self._events.flush())

    def heartbeat(self, status: str = "healthy", metrics: dict[str, Any] | None = None) -> HeartbeatResult:
        """Says that the agent lives; a changed configuration is read anew at the next look."""
        told = self._client.heartbeat(status, metrics)
        if told.get("config_changed"):
            self._cached.pop("config", None)
        return HeartbeatResult(
            bool(told.get("acknowledged")),
            bool(told.get("config_changed")),
            int(told.get("next_heartbeat_seconds", 60)),
        )

    def shutdown(self) -> None:
        """Sends what waits, ends threads, forgets secrets. May be called twice."""
        self._stopped.set()
        self._events.close()
        self._cached.clear()
        self._client.close()

    def __enter__(self) -> ZentinelleClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()


def _beat(client: weakref.ref[ZentinelleClient]) -> None:
    """Says that the agent lives, as long as the client does."""
    pause: float | None = None
    while True:
        mine = client()
        if mine is None:
            return
        stopped, seconds = mine._stopped, pause or mine._heartbeat_interval
        del mine
        if stopped.wait(seconds):
            return
        mine = client()
        if mine is None:
            return
        try:
            pause = mine.heartbeat().next_heartbeat_seconds
        except ZentinelleError as error:
            pause = None
            logger.warning("no sign of life could be given: %s", error.message)


def _instant(text: str) -> datetime:
    """An instant as the server writes it. Python 3.10 does not read the `Z`."""
    at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return at if at.tzinfo else at.replace(tzinfo=timezone.utc)

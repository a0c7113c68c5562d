"""What the older Python client takes and gives: names and fields are those of its release 0.1.0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

__all__ = [
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
]


class PolicyType(str, Enum):
    """Policy types that the older client names."""

    RATE_LIMIT = "rate_limit"
    COST_LIMIT = "cost_limit"
    PII_FILTER = "pii_filter"
    PROMPT_INJECTION = "prompt_injection"
    SYSTEM_PROMPT = "system_prompt"
    MODEL_RESTRICTION = "model_restriction"
    HUMAN_OVERSIGHT = "human_oversight"
    AGENT_CAPABILITY = "agent_capability"
    AGENT_MEMORY = "agent_memory"
    DATA_RETENTION = "data_retention"
    AUDIT_LOG = "audit_log"


class Enforcement(str, Enum):
    """What a violation does."""

    ENFORCE = "enforce"
    WARN = "warn"
    LOG = "log"
    DISABLED = "disabled"


class EventCategory(str, Enum):
    """What an event is for."""

    TELEMETRY = "telemetry"
    AUDIT = "audit"
    ALERT = "alert"
    COMPLIANCE = "compliance"


@dataclass
class RetryConfig:
    """How often and after what pauses a request is sent again. Unit of delays: seconds."""

    max_retries: int = 3
    base_delay: float = 1.0
    max_delay: float = 60.0
    exponential_base: float = 2.0
    jitter: bool = True


@dataclass
class PolicyConfig:
    """A policy that applies to the agent."""

    id: str
    name: str
    type: str
    enforcement: str
    config: dict[str, Any]
    priority: int = 100

    def is_enforced(self) -> bool:
        """Whether a violation denies."""
        return self.enforcement == Enforcement.ENFORCE.value

    @classmethod
    def read(cls, item: Mapping[str, Any]) -> PolicyConfig:
        """Takes the keys it knows; a server may tell more."""
        return cls(**{key: item[key] for key in cls.__dataclass_fields__ if key in item})


@dataclass
class EvaluateResult:
    """A decision of the server."""

    allowed: bool
    reason: str | None = None
    policies_evaluated: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    context: dict[str, Any] = field(default_factory=dict)
    fail_open: bool = False

    def is_fail_open(self) -> bool:
        """Whether nobody decided, and the call goes on because of `fail_open`."""
        return self.fail_open

    def require_human_approval(self) -> bool:
        """Whether a person must agree first."""
        return bool(self.context.get("require_human_approval", False))

    @property
    def blocked_policies(self) -> list[str]:
        """The names of the policies that failed."""
        return [item["name"] for item in self.policies_evaluated if not item.get("passed", True)]


@dataclass
class RegisterResult:
    """What enrolment gave. `api_key` is empty unless newly made."""

    agent_id: str
    api_key: str
    config: dict[str, Any]
    policies: list[PolicyConfig]


@dataclass
class ConfigResult:
    """The agent's configuration and policies."""

    agent_id: str
    config: dict[str, Any]
    policies: list[PolicyConfig]
    updated_at: datetime


@dataclass
class SecretsResult:
    """The agent's secrets."""

    secrets: dict[str, str] = field(repr=False)
    providers: dict[str, Any] = field(repr=False)
    expires_at: datetime


@dataclass
class EventsResult:
    """What became of reported events."""

    accepted: int
    batch_id: str


@dataclass
class HeartbeatResult:
    """What the server says to a sign of life."""

    acknowledged: bool
    config_changed: bool = False
    next_heartbeat_seconds: int = 60


@dataclass
class ModelUsage:
    """What one call of a model used. Unit: tokens, US dollars."""

    provider: str
    model: str
    input_tokens: int
    output_tokens: int
    estimated_cost: float = 0.0

    @classmethod
    def from_openai(cls, response: Any) -> ModelUsage:
        """Of a reply of the OpenAI client, of chat completions or of responses."""
        usage = response.usage
        tokens_in = getattr(usage, "prompt_tokens", None)
        tokens_out = getattr(usage, "completion_tokens", None)
        return cls(
            "openai",
            response.model,
            usage.input_tokens if tokens_in is None else tokens_in,
            usage.output_tokens if tokens_out is None else tokens_out,
        )

    @classmethod
    def from_anthropic(cls, response: Any) -> ModelUsage:
        """Of a reply of the Anthropic client."""
        return cls("anthropic", response.model, response.usage.input_tokens, response.usage.output_tokens)

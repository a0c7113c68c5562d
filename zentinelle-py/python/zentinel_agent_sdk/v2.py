"""The names under which the first SDK meant to offer version 2, which every agent here speaks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntEnum
from pathlib import Path

from .agent import Agent
from .protocol import PROTOCOL_VERSION as PROTOCOL_VERSION_2
from .runner import AgentRunner, run_agent

__all__ = [
    "PROTOCOL_VERSION_2",
    "AgentCapabilities",
    "AgentFeatures",
    "AgentLimits",
    "AgentRunnerV2",
    "AgentV2",
    "HealthState",
    "HealthStatus",
    "run_agent_v2",
]


@dataclass
class AgentFeatures:
    """What an agent can do with events."""

    streaming_body: bool = True
    websocket: bool = True
    guardrails: bool = True
    config_push: bool = True
    metrics_export: bool = False
    concurrent_requests: int = 100
    cancellation: bool = True
    flow_control: bool = False
    health_reporting: bool = True


@dataclass
class AgentLimits:
    """How much an agent takes."""

    max_body_size: int = 10 * 1024 * 1024
    max_concurrency: int = 100
    preferred_chunk_size: int = 64 * 1024


@dataclass
class AgentCapabilities:
    """What an agent can do. For information: the proxy's configuration decides what it is asked."""

    agent_id: str
    name: str
    version: str
    features: AgentFeatures = field(default_factory=AgentFeatures)
    limits: AgentLimits = field(default_factory=AgentLimits)

    def _with(self, **features: bool | int) -> AgentCapabilities:
        self.features = replace(self.features, **features)  # type: ignore[arg-type]
        return self

    def with_streaming_body(self, enabled: bool = True) -> AgentCapabilities:
        return self._with(streaming_body=enabled)

    def with_websocket(self, enabled: bool = True) -> AgentCapabilities:
        return self._with(websocket=enabled)

    def with_guardrails(self, enabled: bool = True) -> AgentCapabilities:
        return self._with(guardrails=enabled)

    def with_config_push(self, enabled: bool = True) -> AgentCapabilities:
        return self._with(config_push=enabled)

    def with_cancellation(self, enabled: bool = True) -> AgentCapabilities:
        return self._with(cancellation=enabled)

    def with_flow_control(self, enabled: bool = True) -> AgentCapabilities:
        return self._with(flow_control=enabled)

    def with_health_reporting(self, enabled: bool = True) -> AgentCapabilities:
        return self._with(health_reporting=enabled)

    def with_concurrent_requests(self, count: int) -> AgentCapabilities:
        return self._with(concurrent_requests=count)


class HealthState(IntEnum):
    """How an agent is."""

    HEALTHY = 1
    DEGRADED = 2
    DRAINING = 3
    UNHEALTHY = 4


@dataclass
class HealthStatus:
    """How an agent is, in a form that can be told."""

    agent_id: str
    state: HealthState = HealthState.HEALTHY
    message: str | None = None


class AgentV2(Agent):
    """An agent that says what it can do."""

    def capabilities(self) -> AgentCapabilities:
        """What the agent can do."""
        return AgentCapabilities(self.name, self.name, "1.0.0")

    def health_status(self) -> HealthStatus:
        """How the agent is."""
        return HealthStatus(self.name)

    async def on_shutdown(self) -> None:
        """The agent was told to stop and has answered what was asked."""


class AgentRunnerV2(AgentRunner):
    """Runs an agent over a Unix socket, and over gRPC if it is given an address."""

    def with_uds(self, path: Path | str) -> AgentRunnerV2:
        """The socket to listen on."""
        self.with_socket(path)
        return self

    def with_both(self, grpc: str, path: Path | str) -> AgentRunnerV2:
        """Both at once."""
        self.with_grpc(grpc)
        return self.with_uds(path)

    async def run(self) -> None:
        await super().run()
        if isinstance(self._agent, AgentV2):
            await self._agent.on_shutdown()


run_agent_v2 = run_agent

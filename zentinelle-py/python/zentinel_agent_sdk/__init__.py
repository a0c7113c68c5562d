"""Agents for the Zentinel reverse proxy.

    from zentinel_agent_sdk import Agent, Decision, Request, run_agent

    class MyAgent(Agent):
        @property
        def name(self) -> str:
            return "my-agent"

        async def on_request(self, request: Request) -> Decision:
            if request.path_starts_with("/admin"):
                return Decision.deny().with_body("Access denied")
            return Decision.allow()

    if __name__ == "__main__":
        run_agent(MyAgent())

Speaks version 2 of the protocol. An exception in a handler refuses the request.
"""

from . import v2
from ._native import __version__
from .agent import Agent, ConfigurableAgent
from .decision import Decision, decisions
from .guardrail import (
    DetectionSeverity,
    GuardrailDetection,
    GuardrailInspectEvent,
    GuardrailInspectionType,
    GuardrailResponse,
    TextSpan,
)
from .protocol import PROTOCOL_VERSION
from .request import Request
from .response import Response
from .runner import AgentRunner, RunnerConfig, run_agent

__all__ = [
    "PROTOCOL_VERSION",
    "Agent",
    "AgentRunner",
    "ConfigurableAgent",
    "Decision",
    "DetectionSeverity",
    "GuardrailDetection",
    "GuardrailInspectEvent",
    "GuardrailInspectionType",
    "GuardrailResponse",
    "Request",
    "Response",
    "RunnerConfig",
    "TextSpan",
    "__version__",
    "decisions",
    "run_agent",
    "v2",
]

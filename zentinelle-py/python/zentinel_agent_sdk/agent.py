"""What an agent's author writes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

from ._message import make
from .decision import Decision
from .guardrail import GuardrailInspectEvent, GuardrailResponse
from .request import Request
from .response import Response

T = TypeVar("T")


class Agent(ABC):
    """Judges what passes through the proxy. Handlers of several requests run at once."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The agent's name, which the proxy shows."""

    async def on_configure(self, config: dict[str, Any]) -> None:  # noqa: B027 - optional to override
        """Takes the proxy's configuration; raise to reject it.

        Called on every connection and every reconnect: applying it twice must do no harm.
        """

    async def on_request(self, request: Request) -> Decision:
        """A request's headers have arrived."""
        return Decision.allow()

    async def on_request_body(self, request: Request) -> Decision:
        """A request's whole body has arrived."""
        return Decision.allow()

    async def on_response(self, request: Request, response: Response) -> Decision:
        """The headers of the response have arrived."""
        return Decision.allow()

    async def on_response_body(self, request: Request, response: Response) -> Decision:
        """The body of the response has arrived."""
        return Decision.allow()

    async def on_request_complete(  # noqa: B027 - optional to override
        self, request: Request, status: int, duration_ms: int
    ) -> None:
        """A request is over. No proxy says so yet."""

    async def on_guardrail_inspect(self, event: GuardrailInspectEvent) -> GuardrailResponse:
        """A text is to be inspected."""
        return GuardrailResponse.clean()


class ConfigurableAgent(Agent, Generic[T]):
    """An agent whose configuration is a dataclass or a pydantic model."""

    def __init__(self, default_config: T) -> None:
        self._config = default_config

    @property
    def config(self) -> T:
        """The configuration as it stands."""
        return self._config

    def parse_config(self, config_dict: dict[str, Any]) -> T:
        """Reads a configuration; raises where it is wrong."""
        kind = type(self._config)
        if not hasattr(kind, "model_validate") and not hasattr(kind, "__dataclass_fields__"):
            raise TypeError(f"cannot make a {kind.__name__}: expected a dataclass or a pydantic model")
        config: T = make(kind, config_dict)
        return config

    async def on_configure(self, config: dict[str, Any]) -> None:
        self._config = self.parse_config(config)
        await self.on_config_applied(self._config)

    async def on_config_applied(self, config: T) -> None:
        """A configuration was taken over."""

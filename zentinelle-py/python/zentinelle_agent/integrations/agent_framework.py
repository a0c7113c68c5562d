"""Microsoft Agent Framework: a function middleware that asks before a tool runs.

agent = Agent(client=client, tools=[search, refund], middleware=[PolicyMiddleware(engine)])

Put it behind any middleware that repairs arguments: what is judged must be what runs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from agent_framework import FunctionInvocationContext, FunctionMiddleware

from ..guarding import Decider
from .asking import decide_async, told


class PolicyMiddleware(FunctionMiddleware):
    """Answers a denied call with the reason, which the model reads as the function's result."""

    def __init__(self, engine: Decider | None = None) -> None:
        self.engine = engine

    async def process(self, context: FunctionInvocationContext, call_next: Callable[[], Awaitable[None]]) -> None:
        """Asks, and hands the call on when it may be made."""
        decision = await decide_async(self.engine, context.function.name, context.arguments, "agent-framework")
        if decision:
            await call_next()
        else:
            context.result = told(decision)

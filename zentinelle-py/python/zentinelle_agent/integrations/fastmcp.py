"""FastMCP servers: a middleware that asks before a tool is called.

mcp = FastMCP("shop", middleware=[PolicyMiddleware(engine)])
"""

from __future__ import annotations

from typing import Any

from fastmcp.exceptions import ToolError
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext

from ..guarding import Decider
from .asking import decide_async, told


class PolicyMiddleware(Middleware):
    """Refuses a denied call with the reason, which the client's model reads."""

    def __init__(self, engine: Decider | None = None) -> None:
        self.engine = engine

    async def on_call_tool(self, context: MiddlewareContext[Any], call_next: CallNext[Any, Any]) -> Any:
        """Asks, and hands the call on when it may be made."""
        decision = await decide_async(self.engine, context.message.name, context.message.arguments or {}, "mcp")
        if not decision:
            raise ToolError(told(decision))
        return await call_next(context)

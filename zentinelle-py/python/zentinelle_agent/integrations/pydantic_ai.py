"""pydantic-ai: a toolset that asks before each of its tools runs.

Agent(model, toolsets=[GuardedToolset(FunctionToolset([search, refund]), engine=engine)])
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic_ai import RunContext
from pydantic_ai.toolsets import ToolsetTool, WrapperToolset

from ..guarding import Decider
from .asking import decide_async, told


@dataclass
class GuardedToolset(WrapperToolset[Any]):
    """Answers a denied call with the reason, which the model reads as the tool's result."""

    engine: Decider | None = None

    async def call_tool(
        self, name: str, tool_args: dict[str, Any], ctx: RunContext[Any], tool: ToolsetTool[Any]
    ) -> Any:
        """Asks, and calls the tool when it may be called."""
        decision = await decide_async(self.engine, name, tool_args, "pydantic-ai")
        return await super().call_tool(name, tool_args, ctx, tool) if decision else told(decision)

"""Anthropic SDK: tools for its tool runner that ask before they run.

runner = client.beta.messages.tool_runner(tools=guard_tools([search, refund], engine), ...)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from anthropic.lib.tools import (
    BetaAsyncBuiltinFunctionTool,
    BetaAsyncFunctionTool,
    BetaBuiltinFunctionTool,
    BetaFunctionTool,
    ToolError,
)

from ..guarding import Decider
from .asking import decide, decide_async, told

SOURCE = "anthropic"


class _Guarded(BetaBuiltinFunctionTool):
    def __init__(self, tool: Any, engine: Decider | None) -> None:
        self._tool, self._engine = tool, engine

    def to_dict(self) -> Any:
        return self._tool.to_dict()

    def call(self, input: object) -> Any:
        decision = decide(self._engine, self._tool.name, input, SOURCE)
        if not decision:
            raise ToolError(told(decision))
        return self._tool.call(input)


class _AsyncGuarded(BetaAsyncBuiltinFunctionTool):
    def __init__(self, tool: Any, engine: Decider | None) -> None:
        self._tool, self._engine = tool, engine

    def to_dict(self) -> Any:
        return self._tool.to_dict()

    async def call(self, input: object) -> Any:
        decision = await decide_async(self._engine, self._tool.name, input, SOURCE)
        if not decision:
            raise ToolError(told(decision))
        return await self._tool.call(input)


def guard_tools(tools: Sequence[Any], engine: Decider | None = None) -> list[Any]:
    """The same tools, made to ask before they run; a denied call is an error that the model reads.

    Tools given as plain definitions run at the provider, where nothing of this process can stop them.

    Raises:
        TypeError: For a tool that cannot be guarded; nothing passes unguarded in silence.
    """
    guarded: list[Any] = []
    for tool in tools:
        if isinstance(tool, (BetaAsyncFunctionTool, BetaAsyncBuiltinFunctionTool)):
            guarded.append(_AsyncGuarded(tool, engine))
        elif isinstance(tool, (BetaFunctionTool, BetaBuiltinFunctionTool)):
            guarded.append(_Guarded(tool, engine))
        else:
            raise TypeError(f"`{type(tool).__name__}` does not run in this process and cannot be guarded here")
    return guarded

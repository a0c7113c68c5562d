"""LlamaIndex: tools that ask before they run, for any agent, workflow or index.

agent = FunctionAgent(llm=llm, tools=guard_tools([search, refund], engine))

Function tools are guarded at the function itself, so that an agent that runs code and calls the
functions by itself asks as well.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Sequence
from typing import Any

from llama_index.core.tools import AsyncBaseTool, FunctionTool, ToolOutput

from ..guarding import Decider
from .asking import decide, decide_async, told

SOURCE = "llama-index"


def guard_tools(
    tools: Sequence[AsyncBaseTool | Callable[..., Any]], engine: Decider | None = None
) -> list[AsyncBaseTool]:
    """The same tools, made to ask before they run; a denied call returns the reason, which the model reads.

    Plain functions become function tools, as they would in an agent.

    Raises:
        TypeError: For a tool that cannot be guarded; nothing passes unguarded in silence.
    """
    return [_guarded(tool, engine) for tool in tools]


def _guarded(tool: Any, engine: Decider | None) -> AsyncBaseTool:
    if isinstance(tool, FunctionTool):
        return _guarded_function(tool, engine)
    if isinstance(tool, AsyncBaseTool):
        return _guarded_tool(tool, engine)
    if callable(tool) and hasattr(tool, "__name__"):
        return _guarded_function(FunctionTool.from_defaults(tool), engine)
    raise TypeError(f"`{type(tool).__name__}` is no tool that can be guarded here")


def _guarded_function(tool: FunctionTool, engine: Decider | None) -> FunctionTool:
    name = tool.metadata.get_name()

    def judged(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        named = {key: value for key, value in kwargs.items() if key != tool.ctx_param_name}
        return {**named, "args": list(args)} if args else named

    def synchronous(inner: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(inner)
        def ask(*args: Any, **kwargs: Any) -> Any:
            decision = decide(engine, name, judged(args, kwargs), SOURCE)
            return inner(*args, **kwargs) if decision else told(decision)

        return ask

    def asynchronous(inner: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(inner)
        async def ask(*args: Any, **kwargs: Any) -> Any:
            decision = await decide_async(engine, name, judged(args, kwargs), SOURCE)
            return await inner(*args, **kwargs) if decision else told(decision)

        return ask

    # The tool's own functions are what every way of calling it ends in.
    guarded = copy.copy(tool)
    guarded._fn = synchronous(tool._fn)
    guarded._async_fn = asynchronous(tool._async_fn)
    is_async = tool._real_fn is tool._async_fn
    guarded._real_fn = guarded._async_fn if is_async else synchronous(tool._real_fn)
    return guarded


def _guarded_tool(tool: AsyncBaseTool, engine: Decider | None) -> AsyncBaseTool:
    name = tool.metadata.get_name()

    def judged(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return kwargs or (args[0] if args else {})

    def refusal(why: str, asked: Any) -> ToolOutput:
        return ToolOutput(content=why, tool_name=name, raw_input={"input": asked}, raw_output=why, is_error=True)

    def call(*args: Any, **kwargs: Any) -> ToolOutput:
        asked = judged(args, kwargs)
        decision = decide(engine, name, asked, SOURCE)
        return tool.call(*args, **kwargs) if decision else refusal(told(decision), asked)

    async def acall(*args: Any, **kwargs: Any) -> ToolOutput:
        asked = judged(args, kwargs)
        decision = await decide_async(engine, name, asked, SOURCE)
        return await tool.acall(*args, **kwargs) if decision else refusal(told(decision), asked)

    guarded = copy.copy(tool)
    guarded.call = call  # type: ignore[method-assign, unused-ignore]
    guarded.acall = acall  # type: ignore[method-assign, unused-ignore]
    return guarded

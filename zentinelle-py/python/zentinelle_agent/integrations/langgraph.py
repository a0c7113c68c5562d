"""LangChain and LangGraph: a guard around every tool call of a graph or an agent.

    ToolNode(tools, wrap_tool_call=guard_tool_calls(engine))
    create_agent(model, tools, middleware=[wrap_tool_call(guard_tool_calls(engine))])

For coroutines, `awrap_tool_call=guard_tool_calls_async(engine)`. Tools used outside of a graph
are guarded one by one with `guard_tool`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool, StructuredTool, ToolException

from ..guarding import Decider
from .asking import decide, decide_async, told

SOURCE = "langgraph"


def _denied(request: Any, why: str) -> ToolMessage:
    call = request.tool_call
    return ToolMessage(content=why, name=call["name"], tool_call_id=call["id"], status="error")


def guard_tool_calls(engine: Decider | None = None) -> Callable[[Any, Callable[[Any], Any]], Any]:
    """A wrapper of tool calls: a denied call is answered with the reason and never made."""

    def guarded(request: Any, handler: Callable[[Any], Any]) -> Any:
        decision = decide(engine, request.tool_call["name"], request.tool_call["args"], SOURCE)
        return handler(request) if decision else _denied(request, told(decision))

    return guarded


def guard_tool_calls_async(
    engine: Decider | None = None,
) -> Callable[[Any, Callable[[Any], Awaitable[Any]]], Awaitable[Any]]:
    """The same for coroutines."""

    async def guarded(request: Any, handler: Callable[[Any], Awaitable[Any]]) -> Any:
        decision = await decide_async(engine, request.tool_call["name"], request.tool_call["args"], SOURCE)
        return await handler(request) if decision else _denied(request, told(decision))

    return guarded


def guard_tool(tool: BaseTool, engine: Decider | None = None) -> BaseTool:
    """A tool like `tool` that asks before it runs; a denial is a `ToolException` that the model reads."""

    def run(**arguments: Any) -> Any:
        decision = decide(engine, tool.name, arguments, "langchain")
        if not decision:
            raise ToolException(told(decision))
        return tool.invoke(arguments)

    async def arun(**arguments: Any) -> Any:
        decision = await decide_async(engine, tool.name, arguments, "langchain")
        if not decision:
            raise ToolException(told(decision))
        return await tool.ainvoke(arguments)

    return StructuredTool.from_function(
        func=run,
        coroutine=arun,
        name=tool.name,
        description=tool.description,
        args_schema=tool.args_schema,
        return_direct=tool.return_direct,
        infer_schema=False,
        handle_tool_error=True,
    )

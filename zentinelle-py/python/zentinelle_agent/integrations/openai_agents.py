"""OpenAI Agents SDK: a guardrail on the input of function tools.

@function_tool(tool_input_guardrails=[tool_guardrail(engine)])
def refund(order: int) -> str: ...

agent = Agent(name="desk", tools=guard_tools([search, refund], engine))
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from agents import FunctionTool, Tool, ToolGuardrailFunctionOutput, ToolInputGuardrail, ToolInputGuardrailData

from ..guarding import Decider
from .asking import decide_async, told


def tool_guardrail(engine: Decider | None = None) -> ToolInputGuardrail[Any]:
    """A guardrail that answers a denied call with the reason, so that the run goes on without it."""

    async def judge(data: ToolInputGuardrailData) -> ToolGuardrailFunctionOutput:
        decision = await decide_async(engine, data.context.tool_name, data.context.tool_arguments, "openai-agents")
        if decision:
            return ToolGuardrailFunctionOutput.allow()
        return ToolGuardrailFunctionOutput.reject_content(told(decision))

    return ToolInputGuardrail(guardrail_function=judge, name="zentinelle")


def guard_tools(tools: Sequence[Tool], engine: Decider | None = None) -> list[Tool]:
    """The same tools, each function tool with the guardrail before its others.

    Hosted tools run at the provider, where nothing of this process can stop them.

    Raises:
        TypeError: For a tool that cannot be guarded; nothing passes unguarded in silence.
    """
    guarded: list[Tool] = []
    for tool in tools:
        if not isinstance(tool, FunctionTool):
            raise TypeError(f"`{type(tool).__name__}` runs at the provider and cannot be guarded here")
        rails = [tool_guardrail(engine), *(tool.tool_input_guardrails or [])]
        guarded.append(dataclasses.replace(tool, tool_input_guardrails=rails))
    return guarded

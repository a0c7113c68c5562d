"""The OpenAI Agents integration against the real package, with a model that asks for two tools."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from agents import Agent, Model, ModelResponse, RunConfig, Runner, Usage, WebSearchTool, function_tool
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText
from zentinelle_agent import Engine
from zentinelle_agent.integrations.openai_agents import guard_tools

ENGINE = Engine.from_yaml("policies: [{name: no shells, type: tool_permission, config: {denied_tools: [shell]}}]")


class Scripted(Model):
    """Asks for both tools, then ends with what it read."""

    def __init__(self) -> None:
        self.read: list[Any] = []

    async def get_response(self, system_instructions: Any, input: Any, *args: Any, **kwargs: Any) -> ModelResponse:
        outputs = [item for item in input if isinstance(item, dict) and item.get("type") == "function_call_output"]
        if not outputs:
            calls = [
                ResponseFunctionToolCall(
                    arguments=f'{{"text": "{name}"}}', call_id=f"call-{name}", name=name, type="function_call"
                )
                for name in ("shell", "search")
            ]
            return ModelResponse(output=list(calls), usage=Usage(), response_id=None)
        self.read = outputs
        text = ResponseOutputText(annotations=[], text="done", type="output_text")
        message = ResponseOutputMessage(id="m", content=[text], role="assistant", status="completed", type="message")
        return ModelResponse(output=[message], usage=Usage(), response_id=None)

    def stream_response(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        raise NotImplementedError


def test_a_denied_tool_does_not_run_and_the_model_reads_why() -> None:
    ran: list[str] = []

    @function_tool
    def shell(text: str) -> str:
        """Runs a command."""
        ran.append("shell")
        return text

    @function_tool
    def search(text: str) -> str:
        """Searches."""
        ran.append("search")
        return text

    model = Scripted()
    agent = Agent(name="desk", model=model, tools=guard_tools([shell, search], ENGINE))
    result = asyncio.run(Runner.run(agent, "do both", run_config=RunConfig(tracing_disabled=True)))
    assert result.final_output == "done"
    assert ran == ["search"]
    assert "tool_permission.denied" in str(model.read)


def test_a_tool_that_cannot_be_guarded_is_refused() -> None:
    with pytest.raises(TypeError, match="WebSearchTool"):
        guard_tools([WebSearchTool()], ENGINE)

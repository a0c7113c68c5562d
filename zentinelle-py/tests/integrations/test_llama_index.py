"""The LlamaIndex integration against the real package and its own mock model."""

from __future__ import annotations

import asyncio
from typing import Any

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, MessageRole, TextBlock, ToolCallBlock
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.core.tools import FunctionTool, ToolMetadata, ToolOutput
from llama_index.core.tools.types import AsyncBaseTool
from zentinelle_agent import Engine
from zentinelle_agent.integrations.llama_index import guard_tools

ENGINE = Engine.from_yaml("policies: [{name: no shells, type: tool_permission, config: {denied_tools: [shell]}}]")
RAN: list[str] = []
READ: list[str] = []


def shell(command: str) -> str:
    """Runs a command."""
    RAN.append("shell")
    return command


async def search(query: str) -> str:
    """Searches."""
    RAN.append("search")
    return query


def model(messages: Any, **kwargs: Any) -> ChatMessage:
    """Asks for both tools, then stops."""
    results = [str(message.content) for message in messages if message.role == MessageRole.TOOL]
    if results:
        READ[:] = results
        return ChatMessage(role="assistant", blocks=[TextBlock(text="done")])
    calls = [
        ToolCallBlock(tool_call_id="1", tool_name="shell", tool_kwargs={"command": "ls"}),
        ToolCallBlock(tool_call_id="2", tool_name="search", tool_kwargs={"query": "x"}),
    ]
    return ChatMessage(role="assistant", blocks=calls)


def test_a_denied_tool_of_an_agent_does_not_run_and_the_model_reads_why() -> None:
    async def run() -> None:
        llm = MockFunctionCallingLLM(response_generator=model, is_chat_model=True)
        agent = FunctionAgent(llm=llm, tools=guard_tools([shell, search], ENGINE), streaming=False)
        await agent.run("do both")

    RAN.clear()
    asyncio.run(run())
    assert RAN == ["search"]
    assert any("tool_permission.denied" in text for text in READ) and "x" in READ


def test_every_way_of_calling_a_function_tool_asks() -> None:
    RAN.clear()
    tool = FunctionTool.from_defaults(shell)
    guarded = guard_tools([tool], ENGINE)[0]
    assert isinstance(guarded, FunctionTool)
    assert "tool_permission.denied" in str(guarded(command="ls"))
    assert "tool_permission.denied" in str(asyncio.run(guarded.acall(command="ls")))
    assert "tool_permission.denied" in str(guarded.real_fn(command="ls"))
    assert RAN == [] and str(tool(command="ls")) == "ls"


def test_a_tool_of_another_kind_asks() -> None:
    class Shell(AsyncBaseTool):
        metadata = ToolMetadata(name="shell", description="Runs a command.")

        def call(self, input: Any) -> ToolOutput:
            raise AssertionError("it ran")

        async def acall(self, input: Any) -> ToolOutput:
            raise AssertionError("it ran")

    guarded = guard_tools([Shell()], ENGINE)[0]
    assert guarded("ls").is_error and asyncio.run(guarded.acall("ls")).is_error

"""The integration with Anthropic's tool runner against the real package and a model of our own."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import anthropic
import pytest
from anthropic import beta_async_tool, beta_tool
from zentinelle_agent import Engine
from zentinelle_agent.integrations.anthropic import guard_tools

try:
    import httpx2 as httpx  # What the SDK is built on, by its age.
except ImportError:
    import httpx  # type: ignore[no-redef]

ENGINE = Engine.from_yaml("policies: [{name: no shells, type: tool_permission, config: {denied_tools: [shell]}}]")
RAN: list[str] = []
READ: list[Any] = []


def model(request: httpx.Request) -> httpx.Response:
    """Asks for both tools, then stops."""
    messages = json.loads(request.content)["messages"]
    last = messages[-1]["content"]
    if isinstance(last, list):
        READ.extend(last)
        content, stop = [{"type": "text", "text": "done"}], "end_turn"
    else:
        content = [
            {"type": "tool_use", "id": "t1", "name": "shell", "input": {"command": "ls"}},
            {"type": "tool_use", "id": "t2", "name": "search", "input": {"query": "x"}},
        ]
        stop = "tool_use"
    reply = {
        "id": f"m{len(READ)}",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5",
        "content": content,
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }
    return httpx.Response(200, json=reply)


ASKED: dict[str, Any] = {
    "model": "claude-haiku-4-5",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "do both"}],
}


def assert_guarded() -> None:
    answers = {result["tool_use_id"]: result for result in READ}
    assert RAN == ["search"]
    assert answers["t1"]["is_error"] and "tool_permission.denied" in str(answers["t1"]["content"])
    assert not answers["t2"].get("is_error") and "x" in str(answers["t2"]["content"])


def test_a_denied_tool_does_not_run_and_the_model_reads_why() -> None:
    @beta_tool
    def shell(command: str) -> str:
        """Runs a command."""
        RAN.append("shell")
        return command

    @beta_tool
    def search(query: str) -> str:
        """Searches."""
        RAN.append("search")
        return query

    RAN.clear(), READ.clear()
    client = anthropic.Anthropic(api_key="k", http_client=httpx.Client(transport=httpx.MockTransport(model)))
    for _ in client.beta.messages.tool_runner(tools=guard_tools([shell, search], ENGINE), **ASKED):
        pass
    assert_guarded()


def test_coroutines_are_guarded_as_well() -> None:
    @beta_async_tool
    async def shell(command: str) -> str:
        """Runs a command."""
        RAN.append("shell")
        return command

    @beta_async_tool
    async def search(query: str) -> str:
        """Searches."""
        RAN.append("search")
        return query

    async def run() -> None:
        transport = httpx.AsyncClient(transport=httpx.MockTransport(model))
        client = anthropic.AsyncAnthropic(api_key="k", http_client=transport)
        async for _ in client.beta.messages.tool_runner(tools=guard_tools([shell, search], ENGINE), **ASKED):
            pass

    RAN.clear(), READ.clear()
    asyncio.run(run())
    assert_guarded()


def test_a_tool_of_the_provider_cannot_be_guarded() -> None:
    with pytest.raises(TypeError):
        guard_tools([{"type": "web_search_20250305", "name": "web_search"}], ENGINE)

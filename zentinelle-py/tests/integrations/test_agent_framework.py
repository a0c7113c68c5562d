"""The Microsoft Agent Framework integration against the real package and a model of our own."""

from __future__ import annotations

import asyncio
from typing import Any

from agent_framework import Agent, BaseChatClient, ChatResponse, Content, FunctionInvocationLayer, Message
from zentinelle_agent import Engine
from zentinelle_agent.integrations.agent_framework import PolicyMiddleware

ENGINE = Engine.from_yaml("policies: [{name: no shells, type: tool_permission, config: {denied_tools: [shell]}}]")


class Model(FunctionInvocationLayer, BaseChatClient):  # type: ignore[type-arg,misc]
    """Asks for both tools, then stops."""

    read: list[Message]

    async def _inner_get_response(self, *, messages: Any, stream: bool, options: Any, **kwargs: Any) -> ChatResponse:
        self.read = list(messages)
        if any(message.role == "tool" for message in messages):
            return ChatResponse(messages=[Message(role="assistant", contents=["done"])], response_id="2")
        calls = [
            Content.from_function_call(call_id="1", name="shell", arguments='{"command": "ls"}'),
            Content.from_function_call(call_id="2", name="search", arguments='{"query": "x"}'),
        ]
        return ChatResponse(messages=[Message(role="assistant", contents=calls)], response_id="1")


def test_a_denied_tool_does_not_run_and_the_model_reads_why() -> None:
    ran: list[str] = []

    def shell(command: str) -> str:
        """Runs a command."""
        ran.append("shell")
        return command

    def search(query: str) -> str:
        """Searches."""
        ran.append("search")
        return query

    client = Model()
    agent = Agent(client=client, name="desk", tools=[shell, search], middleware=[PolicyMiddleware(ENGINE)])
    asyncio.run(agent.run("do both"))
    results = {
        content.call_id: str(content.result)
        for message in client.read
        for content in message.contents
        if content.type == "function_result"
    }
    assert ran == ["search"]
    assert "tool_permission.denied" in results["1"] and "x" in results["2"]

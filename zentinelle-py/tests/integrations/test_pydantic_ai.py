"""The pydantic-ai integration against the real package."""

from __future__ import annotations

import asyncio

from pydantic_ai import Agent
from pydantic_ai.models.test import TestModel
from pydantic_ai.toolsets import FunctionToolset
from zentinelle_agent import Engine
from zentinelle_agent.integrations.pydantic_ai import GuardedToolset

ENGINE = Engine.from_yaml("policies: [{name: no shells, type: tool_permission, config: {denied_tools: [shell]}}]")


def test_a_denied_tool_does_not_run_and_the_model_reads_why() -> None:
    ran: list[str] = []

    def shell(command: str) -> str:
        ran.append("shell")
        return command

    def search(query: str) -> str:
        ran.append("search")
        return query

    toolset = GuardedToolset(FunctionToolset([shell, search]), engine=ENGINE)
    result = asyncio.run(Agent(TestModel(), toolsets=[toolset]).run("do both"))
    assert ran == ["search"]
    assert "tool_permission.denied" in str(result.all_messages())

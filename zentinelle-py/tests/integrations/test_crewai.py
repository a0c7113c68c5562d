"""The CrewAI integration against the real package and a model of our own."""

from __future__ import annotations

import asyncio
import os
from typing import Any

os.environ.update(CREWAI_DISABLE_TELEMETRY="true", OTEL_SDK_DISABLED="true", CREWAI_TRACING_ENABLED="false")

from crewai import Agent, BaseLLM, Crew, Task
from crewai.tools import tool
from zentinelle_agent import Engine
from zentinelle_agent.integrations.crewai import guard_tools

ENGINE = Engine.from_yaml("policies: [{name: no shells, type: tool_permission, config: {denied_tools: [shell]}}]")
RAN: list[str] = []


@tool("shell")
def shell(command: str) -> str:
    """Runs a command."""
    RAN.append("shell")
    return command


@tool("search")
def search(query: str) -> str:
    """Searches."""
    RAN.append("search")
    return f"found {query}"


class Model(BaseLLM):
    """Asks for one tool after the other, then stops."""

    asked: int = 0
    read: list[str] = []  # noqa: RUF012 - pydantic copies it for every model

    def supports_function_calling(self) -> bool:
        return False

    def call(self, messages: Any, *args: Any, **kwargs: Any) -> str:
        self.asked += 1
        self.read.append(str(messages))
        if self.asked == 1:
            return 'Thought: first\nAction: shell\nAction Input: {"command": "ls"}'
        if self.asked == 2:
            return 'Thought: then\nAction: search\nAction Input: {"query": "x"}'
        return "Thought: I now know the final answer\nFinal Answer: done"


def test_a_denied_tool_of_a_crew_does_not_run_and_the_model_reads_why() -> None:
    RAN.clear()
    model = Model(model="own")
    agent = Agent(role="desk", goal="help", backstory="none", llm=model, tools=guard_tools([shell, search], ENGINE))
    task = Task(description="do both", expected_output="a word", agent=agent)
    assert "done" in str(Crew(agents=[agent], tasks=[task]).kickoff())
    assert RAN == ["search"]
    assert "tool_permission.denied" in model.read[1] and "found x" in model.read[2]


def test_a_tool_by_itself_asks() -> None:
    RAN.clear()
    first, second = guard_tools([shell, search], ENGINE)
    assert "tool_permission.denied" in first.run(command="ls") and second.run(query="y") == "found y"
    assert "tool_permission.denied" in asyncio.run(first._arun(command="ls"))
    assert RAN == ["search"]

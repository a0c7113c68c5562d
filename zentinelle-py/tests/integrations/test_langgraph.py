"""The LangChain and LangGraph integration against the real packages."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from zentinelle_agent import Engine
from zentinelle_agent.integrations.langgraph import guard_tool, guard_tool_calls, guard_tool_calls_async

ENGINE = Engine.from_yaml("policies: [{name: no shells, type: tool_permission, config: {denied_tools: [shell]}}]")
RAN: list[str] = []


@tool
def shell(command: str) -> str:
    """Runs a command."""
    RAN.append("shell")
    return command


@tool
def search(query: str) -> str:
    """Searches."""
    RAN.append("search")
    return query


def graph() -> Any:
    node = ToolNode(
        [shell, search],
        wrap_tool_call=guard_tool_calls(ENGINE),
        awrap_tool_call=guard_tool_calls_async(ENGINE),
    )
    built = StateGraph(MessagesState)
    built.add_node("tools", node)
    built.add_edge(START, "tools")
    built.add_edge("tools", END)
    return built.compile()


CALLS = [
    {"name": "shell", "args": {"command": "ls"}, "id": "1", "type": "tool_call"},
    {"name": "search", "args": {"query": "x"}, "id": "2", "type": "tool_call"},
]


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_denied_call_of_a_graph_is_answered_with_the_reason(asynchronous: bool) -> None:
    RAN.clear()
    state = {"messages": [AIMessage(content="", tool_calls=CALLS)]}
    told = asyncio.run(graph().ainvoke(state)) if asynchronous else graph().invoke(state)
    answers = {message.name: message for message in told["messages"][1:]}
    assert RAN == ["search"] and answers["search"].content == "x"
    assert answers["shell"].status == "error" and "tool_permission.denied" in answers["shell"].content


def test_a_single_tool_asks_before_it_runs() -> None:
    RAN.clear()
    assert guard_tool(search, ENGINE).invoke({"query": "x"}) == "x"
    assert "tool_permission.denied" in guard_tool(shell, ENGINE).invoke({"command": "ls"})
    assert asyncio.run(guard_tool(search, ENGINE).ainvoke({"query": "y"})) == "y"
    assert RAN == ["search", "search"]

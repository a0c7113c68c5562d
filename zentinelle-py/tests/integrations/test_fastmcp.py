"""The FastMCP integration against the real package, over its own client."""

from __future__ import annotations

import asyncio

import pytest
from fastmcp import Client, FastMCP
from fastmcp.exceptions import ToolError
from zentinelle_agent import Engine
from zentinelle_agent.integrations.fastmcp import PolicyMiddleware

ENGINE = Engine.from_yaml("policies: [{name: no shells, type: tool_permission, config: {denied_tools: [shell]}}]")


def test_a_denied_tool_does_not_run_and_the_client_reads_why() -> None:
    ran: list[str] = []
    server = FastMCP("shop", middleware=[PolicyMiddleware(ENGINE)])

    @server.tool
    def shell(command: str) -> str:
        ran.append("shell")
        return command

    @server.tool
    def search(query: str) -> str:
        ran.append("search")
        return query

    async def call() -> None:
        async with Client(server) as client:
            assert (await client.call_tool("search", {"query": "x"})).data == "x"
            with pytest.raises(ToolError, match=r"tool_permission\.denied"):
                await client.call_tool("shell", {"command": "ls"})

    asyncio.run(call())
    assert ran == ["search"]

"""Guards ask before a function runs, and nothing runs that nobody could be asked about."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from zentinelle_agent import Decision, Engine, PolicyDenied, RequestError, guard, set_engine, use_engine

ENGINE = Engine.from_yaml(
    """
policies:
  - name: tools
    type: tool_permission
    config: { denied_tools: [shell], tool_configs: { read: { blocked_paths: [/etc] } } }
"""
)


def test_a_denied_function_does_not_run() -> None:
    ran = []

    @guard(tool="shell", engine=ENGINE)
    def shell(command: str) -> None:
        ran.append(command)

    with pytest.raises(PolicyDenied):
        shell("ls")
    assert not ran and shell.__name__ == "shell"


def test_the_arguments_of_the_call_are_judged() -> None:
    @guard(tool="read", engine=ENGINE)
    def read(path: str, limit: int = 10) -> str:
        return path

    assert read("/srv/a") == "/srv/a"
    with pytest.raises(PolicyDenied):
        read(path="/etc/passwd")


def test_an_async_function_is_guarded_alike() -> None:
    class Tools:
        @guard(engine=ENGINE)
        async def shell(self, command: str) -> str:
            raise AssertionError("it ran")

        @guard(engine=ENGINE)
        async def search(self, query: str) -> str:
            return query

    async def run() -> Any:
        with pytest.raises(PolicyDenied):
            await Tools().shell("ls")
        return await Tools().search("x")

    assert asyncio.run(run()) == "x"


def test_a_host_may_answer_for_a_denied_call() -> None:
    def say(decision: Decision) -> str:
        return f"no: {decision.code}"

    assert guard(lambda: "ran", tool="shell", engine=ENGINE, on_denied=say)() == "no: tool_permission.denied"


def test_without_an_engine_nothing_runs() -> None:
    @guard(tool="ls")
    def ls() -> str:
        return "ran"

    with pytest.raises(RequestError) as refused:
        ls()
    assert refused.value.code == "guard.no_engine"
    with use_engine(ENGINE):
        assert ls() == "ran"
    set_engine(ENGINE)
    try:
        assert ls() == "ran"
    finally:
        set_engine(None)


def test_an_argument_that_cannot_be_judged_stops_the_call() -> None:
    @guard(tool="ls", engine=ENGINE)
    def ls(handle: object) -> str:
        return "ran"

    with pytest.raises(RequestError) as refused:
        ls(object())
    assert refused.value.pointer == "/arguments/handle"

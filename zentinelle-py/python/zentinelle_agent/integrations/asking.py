"""What the integrations have in common: how a tool call is asked about, and what a model is told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .._native import Decision
from ..guarding import Decider, get_engine


def arguments_of(given: Any) -> Any:
    """The arguments of a tool call: an object as it is, JSON text read, anything else under `input`."""
    if isinstance(given, str):
        try:
            given = json.loads(given) if given.strip() else {}
        except ValueError:
            return {"input": given}
    if given is None or isinstance(given, Mapping) or hasattr(given, "model_dump"):
        return given
    return {"input": given}


def decide(engine: Decider | None, tool: str, arguments: Any, source: str) -> Decision:
    """Asks about one tool call. Without an engine of its own, the one `set_engine` named."""
    asked = engine or get_engine()
    return asked.decide(tool=tool, arguments=arguments_of(arguments), context={"source": source})


async def decide_async(engine: Decider | None, tool: str, arguments: Any, source: str) -> Decision:
    """The same for coroutines."""
    asked = engine or get_engine()
    return await asked.decide_async(tool=tool, arguments=arguments_of(arguments), context={"source": source})


def told(decision: Decision) -> str:
    """Why a call does not happen, for a model that may look for another way to its goal."""
    why = f"This call was not made: {decision.reason} [{decision.code or decision.effect}]."
    if decision.requestable:
        return f"{why} A person has to approve it."
    if decision.retry_at is not None:
        return f"{why} It may be made after {decision.retry_at:%Y-%m-%dT%H:%M:%SZ}."
    return f"{why} Do not look for a way around it: find another way to the goal, or tell the user."

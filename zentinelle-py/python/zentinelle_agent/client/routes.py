"""The requests of the REST contract, made without sending them: method, path, body, repeatable.

Both clients share them, so a route exists once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .wire import segment


class Call(NamedTuple):
    """One request. `repeatable`: sending it twice does no more than sending it once."""

    method: str
    path: str
    body: Any = None
    params: Mapping[str, Any] | None = None
    repeatable: bool = True


def register(
    agent_type: str,
    agent_id: str | None,
    name: str | None,
    capabilities: Sequence[str] | None,
    metadata: Mapping[str, Any] | None,
) -> Call:
    """Enrols an agent; with an agent's own key, says again what it can do."""
    body: dict[str, Any] = {"agent_id": agent_id, "agent_type": agent_type, "name": name}
    # What is not said stays as it was.
    body["capabilities"] = list(capabilities) if capabilities is not None else None
    body["metadata"] = dict(metadata) if metadata is not None else None
    # Without an id of its own a second enrolment makes a second agent.
    return Call("POST", "/api/v1/agents/register", body, repeatable=agent_id is not None)


def config(agent_id: str) -> Call:
    """What the agent is told: its configuration and policies."""
    return Call("GET", f"/api/v1/agents/{segment(agent_id)}/config")


def secrets(agent_id: str) -> Call:
    """The secrets the agent may have."""
    return Call("GET", f"/api/v1/agents/{segment(agent_id)}/secrets")


def evaluate(action: str, user_id: str | None, context: Mapping[str, Any] | None, agent_id: str | None) -> Call:
    """Asks the server to decide. A decision that was lost may have been counted, so a second
    ask errs on the strict side."""
    body = {"agent_id": agent_id, "action": action, "user_id": user_id, "context": dict(context or {})}
    return Call("POST", "/api/v1/evaluate", body)


def events(batch: Sequence[Mapping[str, Any]], agent_id: str | None) -> Call:
    """Reports events. The server keeps an event that is sent again once."""
    return Call("POST", "/api/v1/events", {"agent_id": agent_id, "events": list(batch)})


def heartbeat(agent_id: str, status: str, metrics: Mapping[str, Any] | None) -> Call:
    """Says that the agent lives."""
    return Call("POST", "/api/v1/heartbeat", {"agent_id": agent_id, "status": status, "metrics": dict(metrics or {})})


def effective_policies(user_id: str | None) -> Call:
    """The policies that apply to the key's agent, and to a user when one is named."""
    below = f"/{segment(user_id)}" if user_id else ""
    return Call("GET", f"/api/zentinelle/v1/effective-policy{below}")


def scan(content: str, content_type: str | None) -> Call:
    """Asks the server to scan a text by the organisation's rules."""
    body = {"content": content} | ({"content_type": content_type} if content_type else {})
    return Call("POST", "/api/zentinelle/v1/scan", body)


def approval(approval_id: str, wait_seconds: int) -> Call:
    """How an approval stands; waits for a change for so long."""
    params = {"wait": wait_seconds} if wait_seconds else None
    return Call("GET", f"/api/zentinelle/v1/approvals/{segment(approval_id)}", params=params)


def deregister() -> Call:
    """Takes the key's agent out of service."""
    return Call("POST", "/api/zentinelle/v1/deregister", {})

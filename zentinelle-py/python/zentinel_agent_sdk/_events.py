"""From an event of the protocol to the handler it is for, and from its word to the answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .decision import Decision
from .guardrail import GuardrailInspectEvent, GuardrailResponse
from .protocol import AgentResponse, RequestHeadersEvent, RequestMetadata, ResponseHeadersEvent
from .request import Request
from .response import Response

if TYPE_CHECKING:
    from ._native import ZentinelHead
    from .agent import Agent

#: An event as native code gives it: its name, its ticket, and what it is about.
Event = tuple[Any, ...]


async def answer(agent: Agent, event: Event) -> str | None:
    """Asks the agent about anything but a request's headers. Its answer as JSON; nothing for a plain allow."""
    kind = event[0]
    if kind == "request_body":
        return (await agent.on_request_body(_request(event[2]).with_body(event[3]))).to_wire()
    if kind == "response":
        _, _, head, correlation_id, status, headers = event
        response = Response(ResponseHeadersEvent(correlation_id, status, headers))
        return (await agent.on_response(_request(head, correlation_id), response)).to_wire()
    if kind == "response_body":
        _, _, head, correlation_id, status, headers, body = event
        response = Response(ResponseHeadersEvent(correlation_id, status, headers), body)
        return (await agent.on_response_body(_request(head, correlation_id), response)).to_wire()
    if kind == "guardrail":
        return guardrail(await agent.on_guardrail_inspect(GuardrailInspectEvent.from_dict(json.loads(event[2]))))
    if kind == "complete":
        await agent.on_request_complete(_request(event[2]), event[3], event[4])
    return None


def guardrail(found: GuardrailResponse) -> str:
    """What a guardrail found, in the form in which the proxy reads it.

    A detection is also a block, which a reader that does not look for the details counts as one
    detection, where an allow would count as none.
    """
    decision = Decision.allow()
    if found.detected:
        first = found.detections[0].description if found.detections else "content was refused"
        decision = Decision.deny().with_body(first)
    decision.with_routing_metadata("guardrail_response", json.dumps(found.to_dict(), allow_nan=False))
    return decision.build().to_wire()


def _request(head: ZentinelHead | None, correlation_id: str = "") -> Request:
    """The request an event belongs to. Nothing is known of one whose headers the proxy is not set
    up to send, or that came before this agent was started."""
    if head is not None:
        return Request(head)
    return Request(RequestHeadersEvent(RequestMetadata(correlation_id), "", "", {}))


__all__ = ["AgentResponse", "Event", "answer", "guardrail"]

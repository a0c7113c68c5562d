"""What happens to a request, built step by step."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any

from .protocol import AgentResponse, AuditMetadata, HeaderOp


class Decision:
    """What happens to a request. Every method gives the decision back, so that calls chain.

    >>> Decision.deny().with_body("no").with_tag("security").build().decision
    {'block': {'status': 403, 'body': 'no'}}
    """

    __slots__ = ("_decision", "_response")

    def __init__(self, decision: str | dict[str, Any] = "allow") -> None:
        self._decision = decision
        # Made when something is said beside the decision: most allows say nothing.
        self._response: AgentResponse | None = None

    @classmethod
    def allow(cls) -> Decision:
        """The request goes on."""
        return cls()

    @classmethod
    def block(cls, status: int = 403) -> Decision:
        """The request is refused. The only refusal that every proxy honours."""
        return cls({"block": {"status": status}})

    @classmethod
    def deny(cls) -> Decision:
        """Refused with 403."""
        return cls.block(403)

    @classmethod
    def unauthorized(cls) -> Decision:
        """Refused with 401."""
        return cls.block(401)

    @classmethod
    def rate_limited(cls) -> Decision:
        """Refused with 429."""
        return cls.block(429)

    @classmethod
    def redirect(cls, url: str, status: int = 302) -> Decision:
        """The client is sent elsewhere; by proxies before 0.6.54, refused."""
        return cls({"redirect": {"url": url, "status": status}})

    @classmethod
    def redirect_permanent(cls, url: str) -> Decision:
        """The client is sent elsewhere for good."""
        return cls.redirect(url, 301)

    @classmethod
    def challenge(cls, challenge_type: str, params: Mapping[str, Any] | None = None) -> Decision:
        """The client must prove something first; by proxies before 0.6.54, it is refused."""
        given = (params or {}).items()
        texts = {str(key): value if isinstance(value, str) else json.dumps(value) for key, value in given}
        return cls({"challenge": {"challenge_type": challenge_type, "params": texts}})

    def with_body(self, body: str) -> Decision:
        """The text of a block. No effect on anything else."""
        block = self._block()
        if block is not None:
            block["body"] = body
        return self

    def with_json_body(self, value: Any) -> Decision:
        """The JSON text of a block, with its content type."""
        return self.with_body(json.dumps(value)).with_block_header("Content-Type", "application/json")

    def with_block_header(self, name: str, value: str) -> Decision:
        """A header of a block. Proxies before 0.6.54 drop it."""
        block = self._block()
        if block is not None:
            block.setdefault("headers", {})[name] = value
        return self

    def add_request_header(self, name: str, value: str) -> Decision:
        """Sets a header of the request, in place of what it was."""
        self._said().request_headers.append(HeaderOp("set", name, value))
        return self

    def remove_request_header(self, name: str) -> Decision:
        """Takes a header of the request away."""
        self._said().request_headers.append(HeaderOp("remove", name))
        return self

    def add_response_header(self, name: str, value: str) -> Decision:
        """Sets a header of the response, in place of what it was."""
        self._said().response_headers.append(HeaderOp("set", name, value))
        return self

    def remove_response_header(self, name: str) -> Decision:
        """Takes a header of the response away."""
        self._said().response_headers.append(HeaderOp("remove", name))
        return self

    def with_routing_metadata(self, key: str, value: str) -> Decision:
        """Metadata for routing, which proxies so far pass over."""
        self._said().routing_metadata[key] = value
        return self

    def with_tag(self, tag: str) -> Decision:
        """A tag for the audit log."""
        self._audit().tags.append(tag)
        return self

    def with_tags(self, tags: Iterable[str]) -> Decision:
        """Tags for the audit log."""
        self._audit().tags.extend(tags)
        return self

    def with_rule_id(self, rule_id: str) -> Decision:
        """A rule that made the decision, for the audit log."""
        self._audit().rule_ids.append(rule_id)
        return self

    def with_rule_ids(self, rule_ids: Iterable[str]) -> Decision:
        """Rules that made the decision, for the audit log."""
        self._audit().rule_ids.extend(rule_ids)
        return self

    def with_confidence(self, confidence: float) -> Decision:
        """How sure the agent is, from 0 to 1, for the audit log."""
        self._audit().confidence = confidence
        return self

    def with_reason_code(self, code: str) -> Decision:
        """A reason's code for the audit log."""
        self._audit().reason_codes.append(code)
        return self

    def with_reason_codes(self, codes: Iterable[str]) -> Decision:
        """Reasons' codes for the audit log."""
        self._audit().reason_codes.extend(codes)
        return self

    def with_metadata(self, key: str, value: Any) -> Decision:
        """A further value for the audit log."""
        self._audit().custom[key] = value
        return self

    def needs_more_data(self) -> Decision:
        """Do not act on this yet: ask again with the next piece of the body."""
        self._said().needs_more = True
        return self

    def with_request_body_mutation(self, data: bytes | None, chunk_index: int = 0) -> Decision:
        """Replaces a piece of the request's body: UTF-8 text of the same length, in `stream` mode."""
        self._said().request_body_mutation = _mutation(data, chunk_index)
        return self

    def with_response_body_mutation(self, data: bytes | None, chunk_index: int = 0) -> Decision:
        """Replaces a piece of the response's body."""
        self._said().response_body_mutation = _mutation(data, chunk_index)
        return self

    def with_websocket_decision(self, decision: str | dict[str, Any]) -> Decision:
        """What happens to a frame: `allow`, `drop`, or `{"close": {"code", "reason"}}`."""
        self._said().websocket_decision = decision
        return self

    def build(self) -> AgentResponse:
        """The answer as it goes to the proxy."""
        response = self._said()
        response.decision = self._decision
        return response

    def to_wire(self) -> str | None:
        """The answer as JSON; nothing for a plain allow."""
        if self._response is None and self._decision == "allow":
            return None
        return self.build().to_wire()

    def __repr__(self) -> str:
        kind = self._decision if isinstance(self._decision, str) else next(iter(self._decision), "allow")
        return f"<Decision {kind}>"

    def _block(self) -> dict[str, Any] | None:
        return self._decision.get("block") if isinstance(self._decision, dict) else None

    def _said(self) -> AgentResponse:
        if self._response is None:
            self._response = AgentResponse()
        return self._response

    def _audit(self) -> AuditMetadata:
        return self._said().audit


class decisions:
    """The usual decisions, in short."""

    @staticmethod
    def allow() -> Decision:
        return Decision.allow()

    @staticmethod
    def deny() -> Decision:
        return Decision.deny()

    @staticmethod
    def unauthorized() -> Decision:
        return Decision.unauthorized()

    @staticmethod
    def rate_limited() -> Decision:
        return Decision.rate_limited()

    @staticmethod
    def block(status: int, body: str | None = None) -> Decision:
        decision = Decision.block(status)
        return decision if body is None else decision.with_body(body)

    @staticmethod
    def redirect(url: str, permanent: bool = False) -> Decision:
        return Decision.redirect_permanent(url) if permanent else Decision.redirect(url)


def _mutation(data: bytes | None, chunk_index: int) -> dict[str, Any]:
    return {"data": None if data is None else base64.b64encode(data).decode(), "chunk_index": chunk_index}

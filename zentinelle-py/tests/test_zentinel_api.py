"""The values that handlers meet and make."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import dataclass

import pytest
import zentinel_agent_sdk as sdk
from zentinel_agent_sdk import ConfigurableAgent, Decision, Request, Response, decisions
from zentinel_agent_sdk.protocol import (
    RequestHeadersEvent,
    RequestMetadata,
    ResponseHeadersEvent,
    decode_message,
    encode_message,
)


def request(uri: str = "/", method: str = "GET", headers: dict[str, list[str]] | None = None, **more: str) -> Request:
    metadata = RequestMetadata("c", "r", more.get("client_ip", "127.0.0.1"), 1234)
    return Request(RequestHeadersEvent(metadata, method, uri, headers or {}))


def test_every_promised_name_is_there() -> None:
    assert all(hasattr(sdk, name) for name in sdk.__all__)
    assert sdk.PROTOCOL_VERSION == 2


@pytest.mark.parametrize(
    ("decision", "wire"),
    [
        (Decision.allow(), "allow"),
        (Decision.deny(), {"block": {"status": 403}}),
        (Decision.unauthorized(), {"block": {"status": 401}}),
        (Decision.rate_limited(), {"block": {"status": 429}}),
        (Decision.redirect("/x"), {"redirect": {"url": "/x", "status": 302}}),
        (Decision.redirect_permanent("/x"), {"redirect": {"url": "/x", "status": 301}}),
        (Decision.challenge("captcha"), {"challenge": {"challenge_type": "captcha", "params": {}}}),
        (Decision.challenge("pow", {"bits": 3}), {"challenge": {"challenge_type": "pow", "params": {"bits": "3"}}}),
        (Decision.allow().with_body("no effect"), "allow"),
        (decisions.block(451, "no"), {"block": {"status": 451, "body": "no"}}),
        (decisions.redirect("/y", permanent=True), {"redirect": {"url": "/y", "status": 301}}),
    ],
)
def test_decisions_have_the_form_of_the_wire(decision: Decision, wire: object) -> None:
    assert decision.build().decision == wire


def test_a_json_body_says_so() -> None:
    block = Decision.deny().with_json_body({"error": "no"}).build().decision
    assert block == {
        "block": {"status": 403, "body": '{"error": "no"}', "headers": {"Content-Type": "application/json"}}
    }


def test_headers_audit_and_metadata_are_kept_in_order() -> None:
    built = (
        Decision.deny()
        .add_request_header("X-A", "1")
        .remove_request_header("X-B")
        .with_tag("a")
        .with_tags(["b"])
        .with_rule_id("R1")
        .with_confidence(0.0)
        .with_reason_code("C")
        .with_metadata("k", 1)
        .build()
        .to_dict()
    )
    assert built["request_headers"] == [{"set": {"name": "X-A", "value": "1"}}, {"remove": {"name": "X-B"}}]
    assert built["audit"] == {
        "tags": ["a", "b"],
        "rule_ids": ["R1"],
        "confidence": 0.0,
        "reason_codes": ["C"],
        "custom": {"k": 1},
    }


def test_a_new_body_is_base64_for_people_and_raw_for_a_request_on_the_wire() -> None:
    decision = Decision.allow().with_request_body_mutation(b"hello").with_response_body_mutation(b"hello")
    encoded = base64.b64encode(b"hello").decode()
    assert decision.build().request_body_mutation == {"data": encoded, "chunk_index": 0}
    wire = json.loads(decision.to_wire() or "")
    assert wire["request_body_mutation"]["data"] == "hello"
    assert wire["response_body_mutation"]["data"] == encoded


def test_a_plain_allow_needs_no_words_and_a_bad_number_is_refused_here() -> None:
    assert Decision.allow().to_wire() is None
    with pytest.raises(ValueError):
        Decision.allow().with_confidence(float("nan")).to_wire()


def test_the_path_has_its_query_and_path_only_has_not() -> None:
    asked = request("/api/users?page=1&tag=a&tag=b&blank=&q=%20x")
    assert asked.path == "/api/users?page=1&tag=a&tag=b&blank=&q=%20x"
    assert (asked.path_only, asked.query("page"), asked.query_all("tag")) == ("/api/users", "1", ["a", "b"])
    assert (asked.query("blank"), asked.query("q"), asked.query_params["page"]) == (None, " x", ["1"])
    assert asked.path_starts_with("/api") and asked.path_equals("/api/users")


def test_headers_are_found_in_any_letter_case() -> None:
    asked = request(headers={"Content-Type": ["application/json"], "X-A": ["1", "2"], "Content-Length": ["x"]})
    assert asked.header("content-type") == asked.get_header("CONTENT-TYPE") == "application/json"
    assert asked.header_all("x-a") == ["1", "2"] and asked.is_json()
    assert asked.content_length is None and not asked.has_header("missing")


@pytest.mark.parametrize(
    ("text", "ip", "port"),
    [
        ("127.0.0.1:55492", "127.0.0.1", 55492),
        ("10.0.0.7", "10.0.0.7", 1234),
        ("[2001:db8::1]:80", "2001:db8::1", 80),
        ("2001:db8::1", "2001:db8::1", 1234),
    ],
)
def test_a_client_address_is_read_with_its_port_and_without(text: str, ip: str, port: int) -> None:
    asked = request(client_ip=text)
    assert (asked.client_ip, asked.client_port) == (ip, port)


@dataclass
class Settings:
    limit: int = 1


class Configurable(ConfigurableAgent[Settings]):
    name = "configurable"  # pyright: ignore

    async def on_config_applied(self, config: Settings) -> None:
        self.applied = config


def test_a_configuration_becomes_a_dataclass_or_is_refused() -> None:
    agent = Configurable(Settings())
    asyncio.run(agent.on_configure({"limit": 5}))
    assert agent.config == agent.applied == Settings(5)
    with pytest.raises(TypeError):
        asyncio.run(agent.on_configure({"limits": 5}))
    assert agent.config == Settings(5)


def test_a_response_knows_what_its_status_means() -> None:
    def response(status: int) -> Response:
        return Response(ResponseHeadersEvent("c", status, {"Location": ["/x"]}), b'{"a": 1}')

    assert response(204).is_success() and response(302).is_redirect() and response(302).location == "/x"
    assert response(404).is_client_error() and response(500).is_server_error() and response(404).is_error()
    assert response(200).body_json() == {"a": 1}


def test_messages_of_tests_are_read_back_and_short_ones_are_refused() -> None:
    assert decode_message(encode_message({"a": 1})) == {"a": 1}
    with pytest.raises(ValueError):
        decode_message(b"\0\0\0\x05{}")

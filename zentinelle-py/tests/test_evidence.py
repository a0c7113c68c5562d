"""Approvals are minted and believed, or refused with a code; audit bundles are checked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest
from zentinelle_agent import (
    ApprovalError,
    Engine,
    KeyRing,
    RequestError,
    SigningKey,
    VerifyingKey,
    digest_arguments,
    verify_audit_bundle,
)

NOW = datetime(2026, 3, 11, 12, tzinfo=timezone.utc)
SECRET = bytes(range(32))


@pytest.mark.parametrize("key", [SigningKey.hmac("k", SECRET), SigningKey.ed25519("k", SECRET)])
def test_an_approval_flips_the_denial_it_was_given_for(key: SigningKey) -> None:
    ring = KeyRing([key.verifying_key()])
    policy = {"id": "p", "name": "p", "type": "tool_permission", "config": {"requires_approval": ["refund"]}}
    engine = Engine.from_policies([policy], approvals=ring)
    ask = engine.decide(tool="refund", arguments={"order": 7}, now=NOW)
    remedy = ask.requestable[0]
    assert not ask and remedy["purpose"] == "tool-approval"
    token = key.mint(
        remedy["purpose"],
        "a-1",
        issued_at=NOW,
        policy=remedy["policy_id"],
        tool=remedy.get("subject"),
        arguments=digest_arguments({"order": 7}),
    )
    fact = {"approval_token": token}
    assert ring.verify(token, "tool-approval", now=NOW, max_age_seconds=60)["tool"] == "refund"
    assert engine.decide(tool="refund", arguments={"order": 7}, context=fact, now=NOW)
    assert not engine.decide(tool="refund", arguments={"order": 8}, context=fact, now=NOW)
    assert not engine.decide(tool="refund", arguments={"order": 7}, context=fact, now=NOW + timedelta(days=30))


def test_keys_and_tokens_that_are_no_good_are_refused_with_a_code() -> None:
    key = SigningKey.hmac("k", SECRET)
    token = key.mint("tool-approval", "a", issued_at=NOW, expires_at=NOW + timedelta(hours=1))
    other = KeyRing([VerifyingKey.hmac("k", bytes(32))])
    attempts: list[tuple[Callable[[], object], str]] = [
        (lambda: other.verify(token, "tool-approval", now=NOW), "approval.bad_signature"),
        (lambda: KeyRing().verify(token, "tool-approval", now=NOW), "approval.unknown_key"),
        (lambda: SigningKey.hmac("k", b"short"), "approval.invalid_key"),
        (lambda: SigningKey.ed25519("k", b"short"), "approval.invalid_key"),
        (lambda: key.mint("tool-approval", "a", tol="x"), "policy.unknown_key"),
        (lambda: key.mint("anything", "a"), "approval.unknown_purpose"),  # type: ignore[arg-type]
    ]
    for attempt, code in attempts:
        with pytest.raises(ApprovalError) as refused:
            attempt()
        assert refused.value.code == code
    assert "00010203" not in repr(key)


def test_an_empty_or_broken_bundle_is_never_valid() -> None:
    assert verify_audit_bundle(b"")["status"] == "nothing_verified"
    report = verify_audit_bundle([b'{"header":', b"1}\n"])
    assert (report["valid"], report["status"], report["faults"][0]["kind"]) == (False, "invalid", "malformed")
    with pytest.raises(RequestError, match="no public key"):
        verify_audit_bundle(b"", keys=["x"])

"""Deciding in-process: what goes in, what comes out, and what is refused."""

from __future__ import annotations

import asyncio
import copy
import pickle
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from zentinelle_agent import (
    Agent,
    Batch,
    Engine,
    LedgerError,
    MemoryLedger,
    PolicyDenied,
    PolicyDocumentError,
    RequestError,
    ZentinelleError,
)

POLICIES = """
policies:
  - name: no shells
    type: tool_permission
    config: { denied_tools: [shell], requires_approval: [refund] }
  - name: three calls
    type: rate_limit
    config: { requests_per_minute: 3 }
"""
NOW = datetime(2026, 3, 11, 12, tzinfo=timezone.utc)


@pytest.fixture
def engine() -> Engine:
    return Engine.from_yaml(POLICIES)


def test_a_denial_says_why_and_what_would_flip_it(engine: Engine) -> None:
    decision = engine.decide(tool="shell", user="alice")
    assert not decision
    assert (decision.effect, decision.code, decision.determining) == ("deny", "tool_permission.denied", ["no-shells"])
    assert decision.reason == "tool `shell` is denied by `shell`"
    assert "to be allowed" in decision.explain()
    with pytest.raises(PolicyDenied) as denied:
        decision.raise_if_denied()
    assert denied.value.decision is decision
    assert (denied.value.code, denied.value.pointer) == ("tool_permission.denied", "/config/denied_tools")
    assert isinstance(denied.value, (ZentinelleError, PermissionError))


def test_a_limit_that_refuses_says_when_it_opens_again(engine: Engine) -> None:
    asked = [engine.decide(tool="ls", user="bob", now=NOW + timedelta(seconds=n)) for n in range(4)]
    assert [bool(decision) for decision in asked] == [True, True, True, False]
    assert asked[3].retry_at is not None and asked[3].retry_at > NOW
    assert asked[0].charges[0]["unit"] == "calls"
    assert engine.decide(tool="ls", user="carl", now=NOW)


def test_a_dry_run_spends_nothing(engine: Engine) -> None:
    for _ in range(9):
        assert engine.decide(tool="ls", dry_run=True).allowed
    assert engine.decide(tool="shell", dry_run=True).effect == "deny"


def test_many_requests_are_decided_in_order(engine: Engine) -> None:
    decided = engine.decide_many(
        [{"tool": "ls", "user": "u"}, {"tool": "shell"}, {"action": "llm:invoke", "user": "u"}]
    )
    assert [decision.allowed for decision in decided] == [True, False, True]
    with pytest.raises(RequestError) as refused:
        engine.decide_many([{"tool": "ls"}, {"tol": "ls"}])  # type: ignore[typeddict-unknown-key]
    assert (refused.value.code, refused.value.pointer) == ("request.unknown_key", "/1")


def test_three_steps_with_a_ledger_of_ones_own() -> None:
    class Counting:
        def __init__(self) -> None:
            self.batches: list[Batch] = []

        def apply(self, batch: Batch) -> Any:
            self.batches.append(batch)
            return {"committed": batch.commit, "readings": [{"used": 0, "resets_at": NOW} for _ in batch.postings]}

    ledger = Counting()
    engine = Engine.from_yaml(POLICIES, ledger=ledger)
    assert engine.decide(tool="ls")
    assert asyncio.run(engine.decide_async(tool="ls"))
    assessment = engine.assess(tool="ls")
    assert assessment.batch is not None
    assert assessment.conclude(engine.commit(assessment.batch))
    assert len(ledger.batches) == 3
    with pytest.raises(RequestError, match="concluded before"):
        assessment.conclude(None)
    unanswered = engine.assess(tool="ls").conclude(LedgerError("the store is away"))
    assert unanswered.code == "ledger.unavailable"


def test_a_ledger_that_fails_denies_and_tells_no_secret() -> None:
    class Broken:
        def apply(self, batch: Batch) -> Any:
            raise ConnectionError("redis://user:hunter2@store")

    engine = Engine.from_yaml(POLICIES, ledger=Broken())
    for decision in (engine.decide(tool="ls"), asyncio.run(engine.decide_async(tool="ls"))):
        assert decision.code == "ledger.unavailable" and "hunter2" not in decision.to_json()


def test_a_request_of_another_tenant_or_a_suspended_agent_is_refused(engine: Engine) -> None:
    assert engine.decide(tool="ls", agent=Agent("a", tenant_id="other")).code == "agent.foreign_tenant"
    assert engine.decide(tool="ls", agent={"agent_id": "a", "status": "suspended"}).code == "agent.not_active"
    with pytest.raises(RequestError) as refused:
        engine.decide(tool="ls", agent={"statsu": "active"})
    assert refused.value.pointer == "/agent/statsu"


def test_the_tool_is_said_once(engine: Engine) -> None:
    assert not engine.decide(tool="shell", context={"tool_name": "shell"})
    with pytest.raises(RequestError) as refused:
        engine.decide(tool="ls", context={"tool_name": "shell"})
    assert refused.value.code == "request.contradiction"
    with pytest.raises(RequestError) as refused:
        engine.decide()
    assert refused.value.code == "request.missing_action"


def test_an_instant_needs_a_time_zone(engine: Engine) -> None:
    for now in (datetime(2026, 3, 11), "yesterday", 12):
        with pytest.raises(RequestError) as refused:
            engine.decide(tool="ls", now=now)  # type: ignore[arg-type]
        assert refused.value.code == "value.no_instant"


def test_a_faulty_document_is_refused_whole(tmp_path: Path) -> None:
    path = tmp_path / "policies.yaml"
    path.write_text("policies:\n  - name: a\n    type: tool_permission\n    config: { denied_tool: [x] }\n")
    with pytest.raises(PolicyDocumentError) as refused:
        Engine.from_file(path)
    problem = refused.value.problems[0]
    assert (problem["code"], problem["line"]) == ("policy.unknown_key", 4)
    assert "denied_tool" in str(refused.value) and str(path) in str(refused.value)
    with pytest.raises(PolicyDocumentError) as refused:
        Engine.from_policies([{"name": "a", "type": "rate_limit", "config": {"requests_per_minute": "3"}}])
    assert refused.value.pointer == "/policies/0/config/requests_per_minute"
    with pytest.raises(FileNotFoundError):
        Engine.from_file(tmp_path / "none.yaml")


def test_policies_that_are_kept_deny_when_they_cannot_be_used() -> None:
    broken = {"id": "a", "name": "a", "type": "rate_limit", "config": {"requests_per_minute": "3"}}
    engine = Engine.from_policies([broken], strict=False)
    assert engine.decide(tool="ls").code == "policy.wrong_type"


def test_a_reservation_settles_at_the_true_usage() -> None:
    ledger = MemoryLedger()
    engine = Engine.from_yaml(
        "policies: [{name: tokens, type: rate_limit, config: {tokens_per_day: 100}}]", ledger=ledger
    )
    ask = {"context": {"tokens": 60}, "user": "u"}
    assert engine.decide("llm:invoke", reservation="r-1", **ask)  # type: ignore[arg-type]
    assert not engine.decide("llm:invoke", **ask)  # type: ignore[arg-type]
    assert ledger.settle("r-1", tokens=10) == (True, False)
    assert engine.decide("llm:invoke", **ask)  # type: ignore[arg-type]
    restored = MemoryLedger.restore(ledger.snapshot())
    assert len(restored) == len(ledger) == 1


def test_errors_survive_pickling_and_copying(engine: Engine) -> None:
    with pytest.raises(RequestError) as refused:
        engine.decide(tool="ls", context={"a": b"x"})
    for twin in (pickle.loads(pickle.dumps(refused.value)), copy.copy(refused.value)):
        assert (str(twin), twin.code) == (str(refused.value), "value.bytes")


def test_where_no_policy_applies_the_host_decides() -> None:
    assert Engine.from_policies([]).decide(tool="ls").effect == "no_policy"
    assert not Engine.from_policies([]).decide(tool="ls")
    assert Engine.from_policies([], no_policy="permit").decide(tool="ls")
    with pytest.raises(RequestError):
        Engine.from_policies([], no_policy="maybe")  # type: ignore[arg-type]

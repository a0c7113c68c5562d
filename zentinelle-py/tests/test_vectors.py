"""Every golden vector through Python: the same decisions as Rust's, byte for byte.

`ZENTINELLE_DECISIONS` names what `cargo run -p zentinelle-core --example
vector_documents` printed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from zentinelle_agent import Engine, KeyRing, MemoryLedger, SigningKey

VECTORS = Path(__file__).parents[2] / "fixtures" / "vectors"
DEFAULT_NOW = "2026-03-11T12:00:00Z"
TEXTS = {"policy", "tool", "action", "user", "parent_agent_id", "granted_by"}
TRUST_LEVELS = ("restricted", "standard", "trusted", "root")
HOLDERS: list[Any] = ["tenant", {"agent": "agent-1"}, {"agent": "agent-2"}, {"user": "alice"}, {"user": "bob"}]
STATS = {
    "sample_count",
    "token_usage_p95",
    "tool_calls_per_session_p95",
    "unique_domains_per_day_p95",
    "requests_per_hour_p95",
}


def join(value: Any) -> Any:
    """Replaces `{"$join": [...]}` by the joined text."""
    if isinstance(value, dict):
        if list(value) == ["$join"]:
            return "".join(value["$join"])
        return {key: join(item) for key, item in value.items()}
    return [join(item) for item in value] if isinstance(value, list) else value


class Minter:
    """Mints `{"$token": {...}}` placeholders, numbered from one within a case."""

    def __init__(self, key: SigningKey) -> None:
        self.key = key
        self.serial = 0

    def mint(self, value: Any, now: str) -> Any:
        if isinstance(value, dict):
            if list(value) == ["$token"]:
                return self.token(value["$token"], now)
            # The reader of the Rust tests walks objects by key.
            return {key: self.mint(value[key], now) for key in sorted(value)}
        return [self.mint(item, now) for item in value] if isinstance(value, list) else value

    def token(self, token: dict[str, Any], now: str) -> str:
        self.serial += 1
        issued = datetime.fromisoformat(now.replace("Z", "+00:00")) - timedelta(seconds=token.get("age_seconds") or 0)
        payload = token["payload"] if isinstance(token["payload"], dict) else {}
        claims = {name: value for name, value in payload.items() if is_claim(name, value)}
        text = self.key.mint(token["kind"], f"token-{self.serial}", issued_at=issued, **claims)
        if token.get("tamper") is True:
            return text[:-1] + ("Q" if text.endswith("A") else "A")
        return text


def is_claim(name: str, value: Any) -> bool:
    """Claims of the reference that bind nothing here, or say nothing, are left out."""
    if name == "max_depth":
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if name == "trust_level":
        return value in TRUST_LEVELS
    if name == "granted_capabilities":
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    return name in TEXTS and isinstance(value, str)


def cases() -> Iterator[dict[str, Any]]:
    for path in sorted(VECTORS.rglob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip():
                yield join(json.loads(line))


def engine_of(case: dict[str, Any], keys: KeyRing) -> Engine:
    whole = case["kind"] == "engine"
    names = ["id", "name", "type", "config", "tenant_id"]
    names += ["scope", "priority", "enforcement", "enabled"] if whole else []
    policies = [{name: policy[name] for name in names if name in policy} for policy in case["policies"]]
    ledger = MemoryLedger()
    for spend in case.get("spend") or []:
        for holder in HOLDERS:
            counter = {"tenant": spend["tenant_id"], "holder": holder, "meter": "budget_limit.spend", "subject": None}
            ledger.record(counter, "calendar_month", round(spend["usd"] * 1_000_000), at=spend["at"])  # type: ignore[arg-type]
    return Engine.from_policies(
        policies,
        tenant=case["agent"]["tenant_id"],
        agent=case["agent"],
        ledger=ledger,
        approvals=keys,
        no_policy="permit",
        strict=False,
        version="vectors",
    )


def baseline(case: dict[str, Any]) -> Any:
    """What was learnt of the agent; statistics nobody could have learnt are no baseline."""
    for learnt in case.get("baselines") or []:
        if all(learnt[name] == case["agent"][name] for name in ("tenant_id", "agent_id")):
            stats = learnt["stats"]
            sound = isinstance(stats, dict) and set(stats) <= STATS
            sound = sound and all(
                isinstance(value, (int, float)) and not isinstance(value, bool) for value in stats.values()
            )
            return stats if sound else None
    return None


def test_every_vector_gives_the_document_that_rust_writes() -> None:
    path = os.environ.get("ZENTINELLE_DECISIONS")
    if not path:
        pytest.fail("ZENTINELLE_DECISIONS is not set: scripts/python.sh sets it")
    expected: dict[tuple[str, int], str] = {}
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        expected[entry["id"], entry["step"]] = entry["document"]
    key = SigningKey.hmac("test", bytes([7] * 32))
    keys = KeyRing([key.verifying_key()])
    ran = 0
    for case in cases():
        engine, minter = engine_of(case, keys), Minter(key)
        for number, step in enumerate(case["steps"], start=1):
            now = step.get("now") or case["now"] or DEFAULT_NOW
            decision = engine.decide(
                step["action"],
                user=step["user_id"],
                context=minter.mint(step["context"] or {}, now),
                now=now,
                dry_run=step["dry_run"],
                baseline=baseline(case),
            )
            assert decision.to_json() == expected.pop((case["id"], number)), case["id"]
            assert json.loads(decision.to_json()) == decision.to_dict()
            ran += 1
    assert not expected, f"{len(expected)} steps were not run"
    assert ran > 700, "an empty run proves nothing"
    print(f"vectors: {ran} steps, all byte-equal to Rust's documents")

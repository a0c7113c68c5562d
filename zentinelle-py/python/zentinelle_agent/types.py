"""The shapes of the JSON that goes in and comes out, for type checkers.

They describe the same documents that the server and every other binding write; the schemas
are in `docs/reference/schemas`. At run time they are plain dicts.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

if TYPE_CHECKING:
    from typing_extensions import NotRequired

__all__ = [
    "AuditFault",
    "AuditReport",
    "Charge",
    "Counter",
    "DecisionDocument",
    "Displacement",
    "Effect",
    "MaskedSpan",
    "Notice",
    "Obligation",
    "Outcome",
    "PolicyEvaluation",
    "Purpose",
    "Question",
    "Reading",
    "Remedy",
    "RiskFactor",
    "Scope",
    "Severity",
    "Window",
]

Effect: TypeAlias = Literal["permit", "deny", "no_policy"]
"""Permit, deny, or no policy applies at all."""

Severity: TypeAlias = Literal["low", "medium", "high", "critical"]
"""How bad a violation is."""

Purpose: TypeAlias = Literal[
    "tool-approval", "agent-capability-approval", "human-oversight-approval", "agent-delegation-v1"
]
"""What an approval token is for."""


class Question(TypedDict, total=False):
    """One request of ``Engine.decide_many``: the arguments of ``Engine.decide`` by name."""

    action: str
    tool: str
    arguments: object
    user: str
    session: str
    agent: object
    context: object
    now: datetime | str
    dry_run: bool
    reservation: str
    baseline: object


class Scope(TypedDict):
    """Where a policy applies."""

    type: Literal["organization", "sub_organization", "deployment", "group", "endpoint", "user"]
    id: NotRequired[str]


class PolicyEvaluation(TypedDict):
    """What one policy said."""

    id: str
    name: str
    type: str
    result: Literal["pass", "fail"]
    passed: bool
    message: str | None
    enforcement: Literal["enforce", "audit", "disabled"]
    scope: Scope
    version: int
    applicable: bool
    warnings: int
    code: NotRequired[str]
    pointer: NotRequired[str]
    severity: NotRequired[Severity]
    floor: NotRequired[bool]


class Notice(TypedDict):
    """A warning with its kind and code."""

    kind: Literal["notice", "budget", "anomaly", "audit", "dry_run_denial"]
    code: str
    policy_id: NotRequired[str]
    message: str


class MaskedSpan(TypedDict):
    """One part of a text to be replaced. Places count bytes of the text's UTF-8."""

    start: int
    end: int
    replacement: str


class Obligation(TypedDict):
    """Something the host must do when it proceeds. ``type`` says which keys are there."""

    type: Literal["mask", "cap_rows", "ask_human", "log", "max_tokens"]
    pointer: NotRequired[str]
    spans: NotRequired[list[MaskedSpan]]
    tool: NotRequired[str]
    max_rows: NotRequired[int]
    question: NotRequired[str]
    fields: NotRequired[list[str]]
    mask_pii: NotRequired[bool]
    retention_days: NotRequired[int | None]
    max_output_tokens: NotRequired[int]


class Counter(TypedDict):
    """Names one running total."""

    tenant: str
    holder: Any
    meter: str
    subject: str | None


Window: TypeAlias = Mapping[str, Mapping[str, int]] | Literal["calendar_month"]
"""How long a total runs: ``{"fixed": {"seconds": 60}}``, ``{"sliding": {…}}`` or ``"calendar_month"``."""


class Charge(TypedDict):
    """What one request adds to one running total."""

    counter: Counter
    window: Window
    amount: int
    unit: Literal["calls", "tokens", "usd_micros", "bytes"]
    limit: int | None


class Reading(TypedDict):
    """One total as it stood before a batch, and when it starts again."""

    used: int
    resets_at: str


class Outcome(TypedDict):
    """What a ledger answers: whether the batch was spent, and one reading for each posting."""

    committed: bool
    readings: list[Reading]


class Remedy(TypedDict):
    """The approval that would flip a denial: what a person would have to sign."""

    purpose: Purpose
    policy_id: str
    subject: NotRequired[str]
    arguments: NotRequired[str]
    agent_id: str
    user_id: NotRequired[str]
    max_age_seconds: int


class RiskFactor(TypedDict):
    """What raised the risk score, and by how many points."""

    factor: str
    score: int


class Displacement(TypedDict):
    """One policy that took another's place, and why."""

    type: str
    winner: str
    displaced: str
    because: str


class DecisionDocument(TypedDict):
    """A decision in its outward form."""

    allowed: bool
    reason: str | None
    policies_evaluated: list[PolicyEvaluation]
    warnings: list[str]
    context: dict[str, Any]
    risk_score: int
    risk_factors: list[RiskFactor]
    dry_run: bool
    effect: Effect
    code: NotRequired[str]
    determining: list[str]
    notices: list[Notice]
    obligations: list[Obligation]
    charges: list[Charge]
    requestable: NotRequired[list[Remedy]]
    retry_at: NotRequired[str]
    trace: list[Displacement]
    tenant_id: str
    agent_id: str
    policy_set_version: str


class AuditFault(TypedDict):
    """One thing that is wrong with a log."""

    kind: str
    line: NotRequired[int | None]
    sequence: NotRequired[int | None]
    through: NotRequired[int | None]
    message: str


class AuditReport(TypedDict):
    """What verifying an audit bundle found. Only ``valid`` means that the log can be believed."""

    valid: bool
    status: Literal["valid", "unanchored", "nothing_verified", "invalid"]
    tenant_id: str | None
    entries: int
    first_sequence: int
    last_sequence: int
    chain_hash: str | None
    root: str | None
    checkpoints: int
    unjudged_checkpoints: int
    anchored_through: int
    torn_tail: int | None
    fault_count: int
    faults: list[AuditFault]

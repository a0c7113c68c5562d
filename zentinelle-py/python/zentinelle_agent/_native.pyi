from collections.abc import Coroutine, Iterable, Mapping
from datetime import datetime
from os import PathLike
from typing import Any, Final, Literal, Protocol, final

from .types import (
    AuditReport,
    Charge,
    Counter,
    DecisionDocument,
    Effect,
    Notice,
    Obligation,
    Outcome,
    PolicyEvaluation,
    Purpose,
    Question,
    Remedy,
    RiskFactor,
    Window,
)

__all__ = [
    "Agent",
    "Assessment",
    "Batch",
    "Decision",
    "Engine",
    "Finding",
    "Judgement",
    "KeyRing",
    "MemoryLedger",
    "Pending",
    "RedisCall",
    "RedisCalls",
    "Release",
    "Scanner",
    "SigningKey",
    "StreamScanner",
    "VerifyingKey",
    "__version__",
    "digest_arguments",
    "verify_audit_bundle",
]

__version__: str

class _Ledger(Protocol):
    """A ledger of the host's own. ``apply`` may be a coroutine function for ``decide_async``."""

    def apply(self, batch: Batch, /) -> Any: ...

@final
class Agent:
    def __new__(cls, agent_id: str, *, tenant_id: str = "local", **facts: object) -> Agent: ...
    @property
    def agent_id(self) -> str: ...
    @property
    def tenant_id(self) -> str: ...

@final
class Engine:
    @staticmethod
    def from_file(
        path: str | PathLike[str],
        *,
        tenant: str = "local",
        agent: str | Agent | Mapping[str, object] | None = None,
        ledger: MemoryLedger | _Ledger | None = None,
        approvals: KeyRing | None = None,
        no_policy: Literal["deny", "permit"] = "deny",
    ) -> Engine: ...
    @staticmethod
    def from_yaml(
        text: str,
        *,
        tenant: str = "local",
        agent: str | Agent | Mapping[str, object] | None = None,
        ledger: MemoryLedger | _Ledger | None = None,
        approvals: KeyRing | None = None,
        no_policy: Literal["deny", "permit"] = "deny",
    ) -> Engine: ...
    @staticmethod
    def from_policies(
        policies: Iterable[object],
        *,
        tenant: str = "local",
        agent: str | Agent | Mapping[str, object] | None = None,
        ledger: MemoryLedger | _Ledger | None = None,
        approvals: KeyRing | None = None,
        no_policy: Literal["deny", "permit"] = "deny",
        strict: bool = True,
        version: str | None = None,
    ) -> Engine: ...
    def decide(
        self,
        action: str | None = None,
        *,
        tool: str | None = None,
        arguments: object = None,
        user: str | None = None,
        session: str | None = None,
        agent: str | Agent | Mapping[str, object] | None = None,
        context: object = None,
        now: datetime | str | None = None,
        dry_run: bool = False,
        reservation: str | None = None,
        baseline: object = None,
    ) -> Decision: ...
    def decide_async(
        self,
        action: str | None = None,
        *,
        tool: str | None = None,
        arguments: object = None,
        user: str | None = None,
        session: str | None = None,
        agent: str | Agent | Mapping[str, object] | None = None,
        context: object = None,
        now: datetime | str | None = None,
        dry_run: bool = False,
        reservation: str | None = None,
        baseline: object = None,
    ) -> Coroutine[Any, Any, Decision]: ...
    def decide_many(self, questions: Iterable[Question]) -> list[Decision]: ...
    def assess(
        self,
        action: str | None = None,
        *,
        tool: str | None = None,
        arguments: object = None,
        user: str | None = None,
        session: str | None = None,
        agent: str | Agent | Mapping[str, object] | None = None,
        context: object = None,
        now: datetime | str | None = None,
        dry_run: bool = False,
        reservation: str | None = None,
        baseline: object = None,
    ) -> Assessment: ...
    def commit(self, batch: Batch) -> Outcome: ...
    @property
    def ledger(self) -> Any: ...
    @property
    def policies(self) -> list[dict[str, Any]]: ...
    @property
    def version(self) -> str: ...

@final
class Decision:
    @property
    def allowed(self) -> bool: ...
    @property
    def effect(self) -> Effect: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def code(self) -> str | None: ...
    @property
    def dry_run(self) -> bool: ...
    @property
    def risk_score(self) -> int: ...
    @property
    def risk_factors(self) -> list[RiskFactor]: ...
    @property
    def retry_at(self) -> datetime | None: ...
    @property
    def policy_set_version(self) -> str: ...
    @property
    def determining(self) -> list[str]: ...
    @property
    def policies_evaluated(self) -> list[PolicyEvaluation]: ...
    @property
    def warnings(self) -> list[str]: ...
    @property
    def notices(self) -> list[Notice]: ...
    @property
    def obligations(self) -> list[Obligation]: ...
    @property
    def charges(self) -> list[Charge]: ...
    @property
    def requestable(self) -> list[Remedy]: ...
    @property
    def context(self) -> dict[str, Any]: ...
    def explain(self) -> str: ...
    def smallest_change(self) -> list[str]: ...
    def to_dict(self) -> DecisionDocument: ...
    def to_json(self) -> str: ...
    def raise_if_denied(self) -> Decision: ...
    def __bool__(self) -> bool: ...

@final
class Assessment:
    @property
    def batch(self) -> Batch | None: ...
    def conclude(self, outcome: Outcome | Mapping[str, object] | BaseException | None = None) -> Decision: ...

@final
class Pending:
    @property
    def is_long(self) -> bool: ...
    def work(self) -> Decision | Assessment | None: ...

@final
class Batch:
    @property
    def postings(self) -> list[Charge]: ...
    @property
    def now(self) -> datetime: ...
    @property
    def commit(self) -> bool: ...
    @property
    def reservation(self) -> str | None: ...
    def keys(self) -> list[str]: ...
    def to_dict(self) -> dict[str, Any]: ...

_Sent = tuple[list[str], list[str]]

@final
class RedisCall:
    def sent(self) -> _Sent: ...
    def read(self, answer: list[Any]) -> Outcome | None: ...

@final
class RedisCalls:
    APPLY: Final[str]
    SETTLE: Final[str]
    def __new__(cls, prefix: str, reservation_seconds: int) -> RedisCalls: ...
    @property
    def epoch_key(self) -> str: ...
    def apply(self, batch: Batch, epoch: str) -> RedisCall: ...
    def look(self, counter: Counter, window: Window, now: datetime | str | None, epoch: str) -> RedisCall: ...
    def settle(
        self,
        tenant: str,
        reservation: str,
        epoch: str,
        *,
        release: bool,
        tokens: int | None = None,
        usd: float | None = None,
        bytes: int | None = None,
        now: datetime | str | None = None,
    ) -> _Sent: ...
    @staticmethod
    def settled(answer: list[Any]) -> tuple[bool, bool] | None: ...
    @staticmethod
    def unchecked(batch: Batch) -> Outcome: ...

@final
class MemoryLedger:
    def __new__(
        cls,
        *,
        max_counters: int | None = None,
        max_reservations: int | None = None,
        reservation_seconds: int | None = None,
    ) -> MemoryLedger: ...
    def settle(
        self,
        reservation: str,
        *,
        tokens: int | None = None,
        usd: float | None = None,
        bytes: int | None = None,
        now: datetime | str | None = None,
    ) -> tuple[bool, bool]: ...
    def release(self, reservation: str, *, now: datetime | str | None = None) -> tuple[bool, bool]: ...
    def record(self, counter: Counter, window: Window, amount: int, *, at: datetime | str | None = None) -> None: ...
    def used(self, counter: Counter, window: Window, *, now: datetime | str | None = None) -> int: ...
    def snapshot(self, *, now: datetime | str | None = None) -> bytes: ...
    @staticmethod
    def restore(
        snapshot: bytes,
        *,
        max_counters: int | None = None,
        max_reservations: int | None = None,
        reservation_seconds: int | None = None,
    ) -> MemoryLedger: ...
    def __len__(self) -> int: ...

@final
class Finding:
    @property
    def category(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def severity(self) -> Literal["low", "medium", "high", "critical"]: ...
    @property
    def confidence(self) -> float: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def byte_span(self) -> tuple[int, int]: ...

@final
class Judgement:
    @property
    def score(self) -> float: ...
    @property
    def verdict(self) -> Literal["clean", "suspect", "malicious"]: ...
    @property
    def findings(self) -> list[Finding]: ...
    def __bool__(self) -> bool: ...

@final
class Release:
    @property
    def text(self) -> str: ...
    @property
    def findings(self) -> list[Finding]: ...

@final
class Scanner:
    def __new__(cls, categories: list[str] | None = None, *, disable: list[str] = ...) -> Scanner: ...
    def scan(self, text: str) -> list[Finding]: ...
    def redact(self, text: str) -> str: ...
    def judge(self, text: str, *, source: Literal["user", "tool", "model"] = "user") -> Judgement: ...
    @staticmethod
    def kinds() -> list[str]: ...

@final
class StreamScanner:
    def __new__(
        cls, categories: list[str] | None = None, *, disable: list[str] = ..., mask: bool = True
    ) -> StreamScanner: ...
    def push(self, piece: str) -> Release: ...
    def finish(self) -> Release: ...
    @property
    def held_back(self) -> int: ...

@final
class SigningKey:
    @staticmethod
    def hmac(key_id: str, secret: bytes) -> SigningKey: ...
    @staticmethod
    def ed25519(key_id: str, seed: bytes) -> SigningKey: ...
    @property
    def key_id(self) -> str: ...
    def verifying_key(self) -> VerifyingKey: ...
    def mint(
        self,
        purpose: Purpose,
        id: str,
        *,
        issued_at: datetime | str | None = None,
        expires_at: datetime | str | None = None,
        **claims: object,
    ) -> str: ...

@final
class VerifyingKey:
    @staticmethod
    def hmac(key_id: str, secret: bytes) -> VerifyingKey: ...
    @staticmethod
    def ed25519(key_id: str, public: bytes) -> VerifyingKey: ...
    @property
    def key_id(self) -> str: ...
    @property
    def public_bytes(self) -> bytes | None: ...

@final
class KeyRing:
    def __new__(cls, keys: list[VerifyingKey] = ...) -> KeyRing: ...
    @property
    def key_ids(self) -> list[str]: ...
    def verify(
        self,
        token: str,
        purpose: Purpose,
        *,
        now: datetime | str | None = None,
        max_age_seconds: int | None = None,
    ) -> dict[str, Any]: ...

def digest_arguments(arguments: object) -> str: ...
def verify_audit_bundle(
    bundle: bytes | str | Iterable[bytes],
    *,
    keys: list[str] = ...,
    tenant: str | None = None,
    first_sequence: int | None = None,
    last_sequence: int | None = None,
    head: tuple[int, str] | None = None,
    checkpoints: list[str] = ...,
) -> AuditReport: ...

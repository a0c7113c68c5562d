"""Deciding locally by a server's policies: pulled now and then, used while the server is away."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

from .._current import WHO
from .._native import Decision, Engine, KeyRing, MemoryLedger
from ..errors import ZentinelleAuthError, ZentinelleConnectionError, ZentinelleError
from ..types import Question
from .events import EventBuffer
from .forking import after_fork
from .kept import Kept
from .sync import Client

logger = logging.getLogger("zentinelle_agent")

#: Users whose policies are held at a time.
MOST_USERS = 1000
#: Those of them whose policies are in the file: the last that were pulled.
MOST_KEPT = 100


class _Snapshot(NamedTuple):
    engine: Engine
    #: What the server said, as it said it.
    standing: Mapping[str, Any]
    #: When that was. Unit: seconds since 1970.
    pulled_at: float


class SnapshotEngine:
    """Decides in-process by the policies that a server holds for this agent.

    The first decision for a user waits until the policies are there. Later ones never wait:
    policies older than `refresh_seconds` are renewed behind, and the last good ones decide
    meanwhile. When they are older than `max_age_seconds` and the server is still away, nothing
    is decided: an exception, so that no guarded function runs. The same happens at once when
    the server no longer accepts the key: an agent that was suspended does not go on by what it
    remembers.

    Limits are counted in this process; use a `RedisLedger` where several processes must share.

    Args:
        client: Whom to ask. Its key must be an agent's.
        refresh_seconds: When policies are pulled again. Unit: seconds.
        max_age_seconds: For how long policies are good without the server. Unit: seconds.
        path: A file that keeps the last good policies, of the last hundred users, for the next start.
            Mode 0600.
        report: Whether decisions are reported to the server as events, behind.
        no_policy: What to answer where no policy applies. Default: what the server answers.
    """

    def __init__(
        self,
        client: Client,
        *,
        refresh_seconds: float = 60.0,
        max_age_seconds: float = 3600.0,
        path: str | os.PathLike[str] | None = None,
        ledger: Any = None,
        approvals: KeyRing | None = None,
        tenant: str = "local",
        report: bool = True,
        no_policy: Literal["deny", "permit"] | None = None,
    ) -> None:
        self.client = client
        self.events = EventBuffer(client.events) if report else None
        self._refresh_seconds = refresh_seconds
        self._max_age_seconds = max_age_seconds
        self._kept = Kept(path) if path is not None else None
        self._no_policy = no_policy
        self._setup: dict[str, Any] = {
            "ledger": ledger if ledger is not None else MemoryLedger(),
            "approvals": approvals,
            "tenant": tenant,
        }
        self._snapshots: OrderedDict[str | None, _Snapshot] = OrderedDict()
        self._renew()
        after_fork(self, SnapshotEngine._renew)
        self._load()

    def _renew(self) -> None:
        """Locks and threads of this process."""
        self._lock = threading.Lock()
        self._pulling: dict[str | None, threading.Thread] = {}

    def decide(self, action: str | None = None, *, user: str | None = None, **question: Any) -> Decision:
        """Decides one request; takes what `Engine.decide` takes.

        Raises:
            ZentinelleConnectionError: `snapshot.unavailable` when there never were policies for
                this user, `snapshot.too_old` when the last good ones are. Nothing is decided.
            ZentinelleAuthError: When the key is refused.
        """
        user = _acting_for(user)
        return self._reported(self._engine(user).decide(action, user=user, **question), action, user, question)

    async def decide_async(self, action: str | None = None, *, user: str | None = None, **question: Any) -> Decision:
        """The twin of `decide` for coroutines: what waits, for the server or a ledger, leaves the loop free."""
        user = _acting_for(user)
        fresh = self._fresh(user) is not None
        engine = self._engine(user) if fresh else await asyncio.to_thread(self._engine, user)
        decision = await engine.decide_async(action, user=user, **question)
        return self._reported(decision, action, user, question)

    def decide_many(self, questions: Iterable[Question]) -> list[Decision]:
        """Decides many requests in their order; takes what `Engine.decide_many` takes."""
        return [self.decide(**question) for question in questions]

    def close(self) -> None:
        """Reports what waits. The client stays open."""
        if self.events is not None:
            self.events.close()

    def refresh(self, user: str | None = None) -> None:
        """Pulls the policies now.

        Raises:
            ZentinelleAuthError: The key is refused. What was pulled before decides no more.
            ZentinelleError: When that did not work; the last good policies stay.
        """
        try:
            snapshot = self._compile(self.client.standing(user), time.time())
        except ZentinelleAuthError:
            with self._lock:
                self._snapshots.clear()
            if self._kept is not None:
                self._kept.forget()
            raise
        with self._lock:
            self._snapshots[user] = snapshot
            self._snapshots.move_to_end(user)
            while len(self._snapshots) > MOST_USERS:
                self._snapshots.popitem(last=False)
            newest = list(self._snapshots.items())[-MOST_KEPT:]
        if self._kept is not None:
            told = [(name, held.pulled_at, held.standing) for name, held in newest]
            self._kept.save(self.client.agent_id, told)

    def _compile(self, standing: Mapping[str, Any], at: float) -> _Snapshot:
        # The server has already resolved which policies apply here, so all of them hold: as
        # floors, none displaces another. A scope is spent with that.
        held = [
            {key: value for key, value in policy.items() if key in ("id", "name", "type", "enforcement", "config")}
            | {"inheritance": "floor"}
            for policy in standing["policies"]
        ]
        # A server that does not say answers `deny`, as do we.
        no_policy = self._no_policy or standing.get("no_policy", "deny")
        agent = self.client.agent_id or "local"
        engine = Engine.from_policies(held, strict=False, agent=agent, no_policy=no_policy, **self._setup)
        return _Snapshot(engine, standing, at)

    def _fresh(self, user: str | None) -> _Snapshot | None:
        """The policies at hand, if they are not too old."""
        with self._lock:
            snapshot = self._snapshots.get(user)
        good = snapshot is not None and time.time() - snapshot.pulled_at <= self._max_age_seconds
        return snapshot if good else None

    def _engine(self, user: str | None) -> Engine:
        snapshot = self._fresh(user)
        if snapshot is None:
            return self._pulled(user)
        if time.time() - snapshot.pulled_at > self._refresh_seconds:
            self._pull_behind(user)
        return snapshot.engine

    def _pulled(self, user: str | None) -> Engine:
        try:
            self.refresh(user)
        except ZentinelleAuthError:
            raise
        except ZentinelleError as error:
            with self._lock:
                known = self._snapshots.get(user)
            fault = "too_old" if known else "unavailable"
            age = f" for {time.time() - known.pulled_at:.0f} seconds" if known else ""
            raise ZentinelleConnectionError(
                f"there are no policies to decide by{age}: {error.message}",
                code=f"snapshot.{fault}",
                help="start the server, or allow older policies with `max_age_seconds`",
            ) from error
        with self._lock:
            return self._snapshots[user].engine

    def _pull_behind(self, user: str | None) -> None:
        with self._lock:
            running = self._pulling.get(user)
            if running is not None and running.is_alive():
                return
            thread = threading.Thread(target=self._try_refresh, args=(user,), name="zentinelle-policies", daemon=True)
            self._pulling[user] = thread
            thread.start()

    def _try_refresh(self, user: str | None) -> None:
        try:
            self.refresh(user)
        except ZentinelleError as error:
            logger.warning("the policies could not be renewed: %s", error.message)
        finally:
            with self._lock:
                self._pulling.pop(user, None)

    def _load(self) -> None:
        kept = self._kept.load(self.client.agent_id) if self._kept is not None else None
        if kept is None:
            return
        if self.client.agent_id is None:
            self.client.agent_id = kept.agent_id
        try:
            for user, pulled_at, standing in kept.told:
                self._snapshots[user] = self._compile(standing, pulled_at)
        except (ValueError, KeyError, TypeError, ZentinelleError):
            self._snapshots.clear()
            logger.warning("the policies that were kept cannot be used")

    def _reported(
        self, decision: Decision, action: str | None, user: str | None, question: Mapping[str, Any]
    ) -> Decision:
        if self.events is not None and not decision.dry_run:
            told = _told(decision, action, question.get("tool"))
            self.events.emit("local_decision", told, category="audit", user_id=user)
        return decision


def _acting_for(user: str | None) -> str | None:
    """The user of a request: the one that is named, else the current one."""
    who = WHO.get()
    return (user if user is not None else who and who[0]) or None


def _told(decision: Decision, action: str | None, tool: str | None) -> Mapping[str, Any]:
    """What is reported of a decision: names and codes, never contents."""
    return {
        "action": action or "tool_call",
        "tool": tool,
        "effect": decision.effect,
        "code": decision.code,
        "determining": decision.determining,
        "risk_score": decision.risk_score,
        "policy_set_version": decision.policy_set_version,
    }

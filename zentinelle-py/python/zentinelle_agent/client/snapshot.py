"""Deciding locally by a server's policies: pulled now and then, used while the server is away."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from .._current import WHO
from .._native import Decision, Engine, KeyRing, MemoryLedger
from ..errors import ZentinelleAuthError, ZentinelleConnectionError, ZentinelleError
from .events import EventBuffer
from .forking import after_fork
from .sync import Client

logger = logging.getLogger("zentinelle_agent")

#: Users whose policies are kept at a time.
MOST_USERS = 1000


class _Snapshot(NamedTuple):
    engine: Engine
    #: When the policies were pulled. Unit: seconds since 1970.
    pulled_at: float


class SnapshotEngine:
    """Decides in-process by the policies that a server holds for this agent.

    The first decision for a user waits until the policies are there. Later ones never wait:
    policies older than `refresh_seconds` are renewed behind, and the last good ones decide
    meanwhile. When they are older than `max_age_seconds` and the server is still away, nothing
    is decided: an exception, so that no guarded function runs.

    Limits are counted in this process; use a shared ledger where several processes must share.

    Args:
        client: Whom to ask. Its key must be an agent's.
        refresh_seconds: When policies are pulled again. Unit: seconds.
        max_age_seconds: For how long policies are good without the server. Unit: seconds.
        path: A file that keeps the last good policies for the next start. Mode 0600.
        report: Whether decisions are reported to the server as events, behind.
        no_policy: What to answer where no policy applies.
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
        no_policy: Literal["deny", "permit"] = "deny",
    ) -> None:
        self.client = client
        self.events = EventBuffer(client.events) if report else None
        self._refresh_seconds = refresh_seconds
        self._max_age_seconds = max_age_seconds
        self._path = Path(path) if path is not None else None
        self._setup: dict[str, Any] = {
            "ledger": ledger if ledger is not None else MemoryLedger(),
            "approvals": approvals,
            "tenant": tenant,
            "no_policy": no_policy,
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
        who = WHO.get()
        user = user if user is not None else who and who[0]
        decision = self._engine(user or None).decide(action, user=user, **question)
        if self.events is not None and not decision.dry_run:
            self.events.emit(
                "local_decision", _told(decision, action, question.get("tool")), category="audit", user_id=user
            )
        return decision

    async def decide_async(self, action: str | None = None, *, user: str | None = None, **question: Any) -> Decision:
        """The twin of `decide` for coroutines; pulls policies in a thread."""
        import asyncio

        who = WHO.get()
        known = user if user is not None else who and who[0]
        if self._fresh(known or None) is None:
            await asyncio.to_thread(self._engine, known or None)
        return self.decide(action, user=known, **question)

    def close(self) -> None:
        """Reports what waits. The client stays open."""
        if self.events is not None:
            self.events.close()

    def refresh(self, user: str | None = None) -> None:
        """Pulls the policies now.

        Raises:
            ZentinelleError: When that did not work; the last good policies stay.
        """
        policies = self.client.effective_policies(user)
        snapshot = self._compile(policies, time.time())
        with self._lock:
            self._snapshots[user] = snapshot
            self._snapshots.move_to_end(user)
            while len(self._snapshots) > MOST_USERS:
                self._snapshots.popitem(last=False)
        if user is None:
            self._save(policies, snapshot.pulled_at)

    def _compile(self, policies: list[dict[str, Any]], at: float) -> _Snapshot:
        # The server has already resolved which policies apply here, so all of them hold: as
        # floors, none displaces another. A scope is spent with that.
        held = [
            {key: value for key, value in policy.items() if key in ("id", "name", "type", "enforcement", "config")}
            | {"inheritance": "floor"}
            for policy in policies
        ]
        agent = self.client.agent_id or "local"
        return _Snapshot(Engine.from_policies(held, strict=False, agent=agent, **self._setup), at)

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

    def _save(self, policies: list[dict[str, Any]], at: float) -> None:
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=".snapshot-")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    json.dump({"agent_id": self.client.agent_id, "pulled_at": at, "policies": policies}, file)
                os.replace(name, self._path)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(name)
                raise
        except OSError as error:
            logger.warning("the policies could not be kept in %s: %s", self._path, error.strerror)

    def _load(self) -> None:
        if self._path is None or not self._path.exists():
            return
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            if self.client.agent_id is None:
                self.client.agent_id = kept["agent_id"]
            self._snapshots[None] = self._compile(kept["policies"], float(kept["pulled_at"]))
        except (OSError, ValueError, KeyError, TypeError, ZentinelleError):
            logger.warning("the policies kept in %s cannot be used", self._path)


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

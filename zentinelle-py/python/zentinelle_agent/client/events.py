"""Events that are reported behind: buffered, sent in batches, flushed at exit, never doubled."""

from __future__ import annotations

import atexit
import logging
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from .._current import WHO
from ..errors import ZentinelleAuthError, ZentinelleError
from .forking import after_fork

logger = logging.getLogger("zentinelle_agent")

#: How long the end of the program may take for the last events. Unit: seconds.
EXIT_SECONDS = 5.0


class EventBuffer:
    """Keeps events and sends them in batches, from a thread of its own.

    A batch that could not be sent is sent again as it was, so the server, which knows events
    by their content, keeps each once. When the buffer is full the oldest events are dropped
    and counted. A forked child starts empty: what was waiting is sent by its parent.

    Args:
        send: Sends one batch; raises when it could not. `Client.events` fits.
        batch_size: Events of one batch, and how many wake the thread. Unit: events.
        flush_seconds: How long an event waits at most. Unit: seconds.
        capacity: Events that may wait. Unit: events. Default: ten batches, at least 1,000.
        background: Whether a thread sends; else only `flush` does.
    """

    def __init__(
        self,
        send: Callable[[Sequence[Mapping[str, Any]]], Any],
        *,
        batch_size: int = 100,
        flush_seconds: float = 5.0,
        capacity: int | None = None,
        background: bool = True,
    ) -> None:
        self._send = send
        self._batch_size = batch_size
        self._flush_seconds = flush_seconds
        self._capacity = capacity or max(10 * batch_size, 1000)
        self._background = background
        self.dropped = 0
        self._closed = False
        self._last_micros = 0
        self._start()
        after_fork(self, EventBuffer._start)
        atexit.register(_close_at_exit, weakref.ref(self))

    def _start(self) -> None:
        self._waiting: deque[dict[str, Any]] = deque()
        self._batch: list[dict[str, Any]] = []
        self._frozen = False
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def __len__(self) -> int:
        """How many events wait."""
        return len(self._waiting) + len(self._batch)

    def emit(
        self,
        type: str,
        payload: Mapping[str, Any] | None = None,
        *,
        category: str = "telemetry",
        user_id: str | None = None,
    ) -> None:
        """Adds an event. Never waits for the network.

        Args:
            type: What happened, such as `tool_call`.
            payload: Facts about it; must be JSON.
            category: `telemetry`, `audit`, `alert` or `compliance`.
            user_id: The user it happened for; None takes the current one.
        """
        who = WHO.get()
        event: dict[str, Any] = {"type": type, "category": category, "payload": dict(payload or {})}
        event["user_id"] = user_id if user_id is not None else who and who[0]
        with self._lock:
            if self._closed:
                raise ZentinelleError("the buffer is closed", code="client.closed")
            # Events that are alike must still be told apart: no two carry the same instant.
            self._last_micros = max(self._last_micros + 1, time.time_ns() // 1000)
            at = datetime.fromtimestamp(self._last_micros / 1_000_000, timezone.utc)
            event["timestamp"] = at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            if len(self) >= self._capacity and self._waiting:
                self._waiting.popleft()
                self.dropped += 1
            self._waiting.append(event)
            wake = len(self._waiting) >= self._batch_size
            if self._background and self._thread is None:
                me = weakref.ref(self)
                self._thread = threading.Thread(target=_run, args=(me,), name="zentinelle-events", daemon=True)
                self._thread.start()
        if wake:
            self._wake.set()

    def flush(self) -> tuple[int, str]:
        """Sends all that waits, batch by batch.

        Returns:
            How many events the server took, and the id of the last batch.

        Raises:
            ZentinelleError: When a batch could not be sent. It waits on and is sent again as it
                was, except where the key is refused: then it is dropped.
        """
        accepted, batch_id = 0, ""
        with self._sending:
            while True:
                with self._lock:
                    while self._waiting and len(self._batch) < self._batch_size and not self._frozen:
                        self._batch.append(self._waiting.popleft())
                    # From the first attempt on, a batch stays as it is.
                    self._frozen = bool(self._batch)
                    batch = list(self._batch)
                if not batch:
                    return accepted, batch_id
                try:
                    told = self._send(batch)
                except ZentinelleAuthError:
                    self._forget(len(batch))
                    raise
                self._forget(0)
                accepted += int(told.get("accepted", len(batch)))
                batch_id = str(told.get("batch_id", batch_id))

    def _forget(self, lost: int) -> None:
        with self._lock:
            self._batch, self._frozen = [], False
            self.dropped += lost

    def close(self, timeout_seconds: float = EXIT_SECONDS) -> None:
        """Sends what waits, for so long at most, and ends the thread. May be called twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._wake.set()
        last = threading.Thread(target=self._try_flush, name="zentinelle-events-last", daemon=True)
        try:
            last.start()
        except RuntimeError:  # the interpreter is shutting down and starts no threads
            self._try_flush()
        else:
            last.join(timeout_seconds)
        if len(self):
            logger.warning("%d events could not be reported", len(self))

    def _try_flush(self) -> None:
        try:
            self.flush()
        except ZentinelleError as error:
            logger.warning("events wait: %s", error.message)


def _run(buffer: weakref.ref[EventBuffer]) -> None:
    """Flushes now and then. Holds the buffer only while it works, so that it can be collected."""
    while True:
        mine = buffer()
        if mine is None or mine._closed:
            return
        wake, seconds = mine._wake, mine._flush_seconds
        del mine
        wake.wait(seconds)
        mine = buffer()
        if mine is None or mine._closed:
            return
        mine._wake.clear()
        mine._try_flush()


def _close_at_exit(buffer: weakref.ref[EventBuffer]) -> None:
    mine = buffer()
    if mine is not None:
        mine.close()

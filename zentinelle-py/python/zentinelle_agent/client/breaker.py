"""A circuit breaker that cannot wedge: every probe ends in exactly one verdict, or expires."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from ..errors import ZentinelleConnectionError
from .forking import after_fork

P = ParamSpec("P")
R = TypeVar("R")


class CircuitOpenError(ZentinelleConnectionError):
    """The server failed so often that it is not asked for a while. Code `client.circuit_open`."""


class CircuitBreaker:
    """Stops asking a server that fails, and tries it again after a while.

    Closed: every call goes through; `threshold` failures in a row open it. Open: no call goes
    through for `recovery_seconds`. Half open: one call at a time goes through as a probe; it
    closes the circuit or opens it again. A probe that never tells how it ended is given up
    after `recovery_seconds`, so no lost thread can hold the circuit open.

    Args:
        threshold: Failures in a row that open the circuit. Unit: failures.
        recovery_seconds: How long it stays open. Unit: seconds.
        clock: For tests.
    """

    def __init__(
        self, threshold: int = 5, recovery_seconds: float = 30.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.threshold = threshold
        self.recovery_seconds = recovery_seconds
        self._clock = clock
        self._lock = threading.Lock()
        after_fork(self, CircuitBreaker._in_child)
        self._failures = 0
        self._opened_at: float | None = None
        self._probe_at: float | None = None

    def _in_child(self) -> None:
        """Another thread may have held the lock when the process forked."""
        self._lock = threading.Lock()

    @property
    def state(self) -> str:
        """`closed`, `open` or `half_open`."""
        with self._lock:
            if self._opened_at is None:
                return "closed"
            return "half_open" if self._clock() - self._opened_at >= self.recovery_seconds else "open"

    def before(self) -> None:
        """Asks to make a call.

        Raises:
            CircuitOpenError: When the call must not be made now.
        """
        with self._lock:
            if self._opened_at is None:
                return
            now = self._clock()
            waiting = self._probe_at is not None and now - self._probe_at < self.recovery_seconds
            if now - self._opened_at < self.recovery_seconds or waiting:
                raise CircuitOpenError(
                    f"the server failed {self._failures} times in a row and is not asked for a while",
                    code="client.circuit_open",
                    help="look at the server's `/health`; calls go out again by themselves",
                )
            self._probe_at = now

    def succeeded(self) -> None:
        """The server answered, whatever it said."""
        with self._lock:
            self._failures = 0
            self._opened_at = self._probe_at = None

    def gave_up(self) -> None:
        """The call ended without telling anything of the server; a probe may be made anew."""
        with self._lock:
            self._probe_at = None

    def failed(self) -> None:
        """The server did not answer, or answered with a fault of its own."""
        with self._lock:
            self._failures += 1
            self._probe_at = None
            if self._opened_at is not None or self._failures >= self.threshold:
                self._opened_at = self._clock()

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Guards a function: connection errors of this package count as failures."""

        @functools.wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            self.before()
            try:
                result = function(*args, **kwargs)
            except (ZentinelleConnectionError, OSError):
                self.failed()
                raise
            except BaseException:
                self.gave_up()
                raise
            self.succeeded()
            return result

        return guarded

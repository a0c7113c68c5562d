"""What can go wrong, as exceptions.

Every one carries the same four attributes. The code is the contract, the message is for
people, the pointer says where, the help says how to mend it. None of them ever holds a
secret or the text of a prompt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from ._native import Decision

__all__ = [
    "ApprovalError",
    "LedgerError",
    "PolicyDenied",
    "PolicyDocumentError",
    "Problem",
    "RequestError",
    "ZentinelleAuthError",
    "ZentinelleConnectionError",
    "ZentinelleError",
    "ZentinelleRateLimitError",
]


class ZentinelleError(Exception):
    """Anything that this package raises of its own.

    Attributes:
        code: A stable name, ``<subject>.<fault>``, for programs.
        message: What was found and what was expected, for people. One line.
        pointer: Where, as a JSON Pointer into the value at fault; None when it has no place.
        help: How to mend it; None when there is nothing to say.
    """

    code: str
    message: str
    pointer: str | None
    help: str | None

    def __init__(
        self,
        message: str = "",
        *,
        code: str = "zentinelle.error",
        pointer: str | None = None,
        help: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.pointer = pointer
        self.help = help

    def __str__(self) -> str:
        place = f" at `{self.pointer}`" if self.pointer else ""
        advice = f" ({self.help})" if self.help else ""
        return f"{self.message}{place}{advice}"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.args, self.__dict__)


def _restore(cls: type[ZentinelleError], args: tuple[Any, ...], state: dict[str, Any]) -> ZentinelleError:
    """Makes a pickled error anew, whatever its constructor wants."""
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class Problem(TypedDict):
    """One fault of a policy document."""

    code: str
    message: str
    pointer: str
    help: str | None
    line: int | None
    column: int | None


class PolicyDocumentError(ZentinelleError, ValueError):
    """A policy document that cannot be used. No part of it is.

    Attributes:
        problems: Every fault, in the order of the text; lines and columns count from one.
        rendered: The same for people, with the lines at fault underlined.
    """

    problems: list[Problem]
    rendered: str

    def __init__(
        self,
        message: str = "",
        *,
        code: str = "document.refused",
        pointer: str | None = None,
        help: str | None = None,
        problems: list[Problem] | None = None,
        rendered: str = "",
    ) -> None:
        super().__init__(message, code=code, pointer=pointer, help=help)
        self.problems = problems or []
        self.rendered = rendered

    def __str__(self) -> str:
        return self.rendered.rstrip() or super().__str__()


class RequestError(ZentinelleError, ValueError):
    """A request, or an argument, that cannot be judged as it stands. ``pointer`` says which value."""


class PolicyDenied(ZentinelleError, PermissionError):
    """A decision that says no, raised because the caller asked for that.

    Attributes:
        decision: The decision, with everything that led to it.
    """

    decision: Decision

    def __init__(
        self,
        message: str = "",
        *,
        decision: Decision,
        code: str = "no_policy",
        pointer: str | None = None,
        help: str | None = None,
    ) -> None:
        super().__init__(message, code=code, pointer=pointer, help=help)
        self.decision = decision

    def __reduce__(self) -> tuple[Any, ...]:
        # A decision is a handle into compiled policies and stays in its process.
        state = {key: value for key, value in self.__dict__.items() if key != "decision"}
        return _restore, (type(self), self.args, state)


class ApprovalError(ZentinelleError):
    """An approval token or a key that was refused: forged, expired, or meant for something else."""


class LedgerError(ZentinelleError):
    """A ledger that cannot answer. A request that must be counted is then denied."""


class ZentinelleConnectionError(ZentinelleError):
    """The server did not answer, answered with a fault of its own, or is not asked for a while."""


class ZentinelleAuthError(ZentinelleError):
    """The server does not accept the key, or does not let it do this. Never retried."""


class ZentinelleRateLimitError(ZentinelleError):
    """The server asks for a pause.

    Attributes:
        retry_after: How long to wait. Unit: seconds.
    """

    retry_after: int

    def __init__(
        self,
        message: str = "",
        retry_after: int = 60,
        *,
        code: str = "rate_limit_exceeded",
        pointer: str | None = None,
        help: str | None = None,
    ) -> None:
        super().__init__(message, code=code, pointer=pointer, help=help)
        self.retry_after = retry_after

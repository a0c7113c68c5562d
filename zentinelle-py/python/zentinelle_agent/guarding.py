"""Helpers for hosts: who the code acts for, and functions that ask before they run."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeAlias, TypeVar, cast, overload

from ._current import WHO
from ._native import Decision, Engine
from .errors import RequestError

if TYPE_CHECKING:
    from .client.snapshot import SnapshotEngine

__all__ = [
    "acting_for",
    "current_session",
    "current_user",
    "get_engine",
    "guard",
    "session",
    "set_engine",
    "use_engine",
]

Decider: TypeAlias = "Engine | SnapshotEngine"
"""Whom a guard may ask: an engine, or one that decides by a server's policies."""

P = ParamSpec("P")
R = TypeVar("R")

_ENGINE: ContextVar[Decider | None] = ContextVar("zentinelle_agent.engine", default=None)
_fallback: Decider | None = None


def set_engine(engine: Decider | None) -> None:
    """Names the engine that guards of the whole process ask where no `use_engine` applies."""
    global _fallback
    _fallback = engine


@contextmanager
def use_engine(engine: Decider) -> Iterator[Decider]:
    """Names the engine that guards ask within the block. Follows coroutines and copied contexts."""
    token = _ENGINE.set(engine)
    try:
        yield engine
    finally:
        _ENGINE.reset(token)


def get_engine() -> Decider:
    """The engine that guards ask here.

    Raises:
        RequestError: Code `guard.no_engine`, when none was named. A guard that nobody can ask
            must not let the call through.
    """
    engine = _ENGINE.get() or _fallback
    if engine is None:
        raise RequestError(
            "no engine was named for this guard",
            code="guard.no_engine",
            help="call `set_engine(engine)` at start-up, or pass `engine=` to `guard`",
        )
    return engine


@contextmanager
def session(session_id: str, *, user: str | None = None) -> Iterator[None]:
    """Decisions within the block belong to this session, and to this user when one is given.

    Args:
        session_id: Goes into the context as `session_id`, unless a request states its own.
        user: The user the agent acts for; None keeps the one of the block outside.
    """
    outside = WHO.get()
    token = WHO.set((user if user is not None else outside and outside[0], session_id))
    try:
        yield
    finally:
        WHO.reset(token)


@contextmanager
def acting_for(user: str) -> Iterator[None]:
    """Decisions within the block are made for this user, in the session of the block outside."""
    outside = WHO.get()
    token = WHO.set((user, outside and outside[1]))
    try:
        yield
    finally:
        WHO.reset(token)


def current_user() -> str | None:
    """The user the running code acts for; None outside of `acting_for` and `session(user=…)`."""
    who = WHO.get()
    return who and who[0]


def current_session() -> str | None:
    """The session the running code belongs to; None outside of `session`."""
    who = WHO.get()
    return who and who[1]


class _Guarding(Protocol):
    """A decorator that keeps the signature of what it decorates."""

    def __call__(self, function: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def guard(
    function: Callable[P, R],
    /,
    *,
    tool: str | None = None,
    action: str | None = None,
    engine: Decider | None = None,
    context: Mapping[str, object] | Callable[..., Mapping[str, object]] | None = None,
    on_denied: Callable[[Decision], Any] | None = None,
) -> Callable[P, R]: ...
@overload
def guard(
    function: None = None,
    /,
    *,
    tool: str | None = None,
    action: str | None = None,
    engine: Decider | None = None,
    context: Mapping[str, object] | Callable[..., Mapping[str, object]] | None = None,
    on_denied: Callable[[Decision], Any] | None = None,
) -> _Guarding: ...
def guard(
    function: Callable[..., Any] | None = None,
    /,
    *,
    tool: str | None = None,
    action: str | None = None,
    engine: Decider | None = None,
    context: Mapping[str, object] | Callable[..., Mapping[str, object]] | None = None,
    on_denied: Callable[[Decision], Any] | None = None,
) -> Any:
    """Makes a function ask the engine each time before it runs. For plain and `async` functions.

    The arguments of the call, by their names, are what the tool is called with (`tool_args`).

    Args:
        tool: The tool's name in policies. Default: the function's name.
        action: What is attempted. Default: `tool_call`.
        engine: Whom to ask. Default: that of `use_engine`, else of `set_engine`.
        context: More facts, or a function that makes them of the call's arguments.
        on_denied: Makes the answer to a denied call of the decision, in place of an exception.

    Raises:
        PolicyDenied: When the decision is no and there is no `on_denied`. The function did not run.
        RequestError: When there is no engine to ask, or an argument cannot be judged.
    """
    if function is None:
        rest = {"tool": tool, "action": action, "engine": engine, "context": context, "on_denied": on_denied}
        return functools.partial(cast(Any, guard), **rest)
    name = tool if tool is not None else getattr(function, "__name__", type(function).__name__)
    try:
        signature: inspect.Signature | None = inspect.signature(function)
    except (TypeError, ValueError):  # some built-in functions do not tell theirs
        signature = None

    def question(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        asked: dict[str, Any] = {"tool": name, "arguments": arguments_of(signature, args, kwargs)}
        if action is not None:
            asked["action"] = action
        facts = context(*args, **kwargs) if callable(context) else context
        if facts is not None:
            asked["context"] = facts
        return asked

    def refused(decision: Decision) -> Any:
        return decision.raise_if_denied() if on_denied is None else on_denied(decision)

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def asynchronous(*args: Any, **kwargs: Any) -> Any:
            decision = await (engine or get_engine()).decide_async(**question(args, kwargs))
            return await cast(Any, function(*args, **kwargs)) if decision else refused(decision)

        return asynchronous

    @functools.wraps(function)
    def synchronous(*args: Any, **kwargs: Any) -> Any:
        decision = (engine or get_engine()).decide(**question(args, kwargs))
        return function(*args, **kwargs) if decision else refused(decision)

    return synchronous


def arguments_of(
    signature: inspect.Signature | None, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """What a call is made with, by name: defaults filled in, `self` and `cls` left out."""
    if signature is None:
        return {**{str(place): value for place, value in enumerate(args)}, **kwargs}
    bound = signature.bind(*args, **kwargs)
    bound.apply_defaults()
    named: dict[str, Any] = {}
    for parameter in signature.parameters.values():
        value = bound.arguments.get(parameter.name)
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            named.update(value or {})
        elif not (parameter.name in ("self", "cls") and parameter is next(iter(signature.parameters.values()))):
            named[parameter.name] = value
    return named

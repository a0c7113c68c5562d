"""Who the running code acts for: one context variable, read by the native engine."""

from __future__ import annotations

from contextvars import ContextVar

#: The current user and session; either may be open. Follows coroutines and copied contexts.
WHO: ContextVar[tuple[str | None, str | None] | None] = ContextVar("zentinelle_agent.who", default=None)

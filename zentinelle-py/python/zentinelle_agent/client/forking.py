"""What objects with locks, threads and connections do in a forked child."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

_kept: weakref.WeakKeyDictionary[Any, Callable[[Any], None]] = weakref.WeakKeyDictionary()


def after_fork(instance: T, renew: Callable[[T], None]) -> None:
    """Calls `renew(instance)` in every child forked from now on, as long as the object lives."""
    _kept[instance] = renew


def _renew_all() -> None:
    for instance, renew in list(_kept.items()):
        renew(instance)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_all)

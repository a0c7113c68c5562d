"""Talking to a Zentinelle server: plain clients, the older client's face, and local deciding."""

from .asynchronous import AsyncClient
from .breaker import CircuitBreaker, CircuitOpenError
from .compat import EvaluateResult, ModelUsage, ZentinelleClient
from .events import EventBuffer
from .snapshot import SnapshotEngine
from .sync import Client

__all__ = [
    "AsyncClient",
    "CircuitBreaker",
    "CircuitOpenError",
    "Client",
    "EvaluateResult",
    "EventBuffer",
    "ModelUsage",
    "SnapshotEngine",
    "ZentinelleClient",
]

"""Decide in-process whether an AI agent may do a thing, and say why.

>>> from zentinelle_agent import Engine
>>> engine = Engine.from_yaml('''
... policies:
...   - name: no shells
...     type: tool_permission
...     config: { denied_tools: [shell] }
... ''')
>>> decision = engine.decide(tool="shell", user="alice")
>>> bool(decision), decision.code
(False, 'tool_permission.denied')
"""

from ._native import (
    Agent,
    Assessment,
    Batch,
    Decision,
    Engine,
    Finding,
    Judgement,
    KeyRing,
    MemoryLedger,
    Release,
    Scanner,
    SigningKey,
    StreamScanner,
    VerifyingKey,
    __version__,
    digest_arguments,
    verify_audit_bundle,
)
from .errors import (
    ApprovalError,
    LedgerError,
    PolicyDenied,
    PolicyDocumentError,
    RequestError,
    ZentinelleAuthError,
    ZentinelleConnectionError,
    ZentinelleError,
    ZentinelleRateLimitError,
)
from .guarding import (
    acting_for,
    current_session,
    current_user,
    get_engine,
    guard,
    session,
    set_engine,
    use_engine,
)
from .redis_ledger import AsyncRedisLedger, RedisLedger

__all__ = [
    "Agent",
    "ApprovalError",
    "Assessment",
    "AsyncRedisLedger",
    "Batch",
    "Decision",
    "Engine",
    "Finding",
    "Judgement",
    "KeyRing",
    "LedgerError",
    "MemoryLedger",
    "PolicyDenied",
    "PolicyDocumentError",
    "RedisLedger",
    "Release",
    "RequestError",
    "Scanner",
    "SigningKey",
    "StreamScanner",
    "VerifyingKey",
    "ZentinelleAuthError",
    "ZentinelleConnectionError",
    "ZentinelleError",
    "ZentinelleRateLimitError",
    "__version__",
    "acting_for",
    "current_session",
    "current_user",
    "digest_arguments",
    "get_engine",
    "guard",
    "session",
    "set_engine",
    "use_engine",
    "verify_audit_bundle",
]

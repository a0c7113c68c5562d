"""The waiting part of ``Engine.decide_async``.

Short requests are decided before the coroutine is handed out: that takes a few microseconds,
and a turn of the loop or of a thread pool takes longer. Only long texts, and ledgers that do
input and output, leave the loop.
"""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

from ._native import Assessment, Decision, Pending


async def ready(decision: Decision) -> Decision:
    """A decision that was made already."""
    return decision


async def conclude(pending: Pending, ledger: Any) -> Decision:
    """Finishes a request. ``ledger`` is the host's own; None when it is kept in memory."""
    loop = asyncio.get_running_loop()
    done: Any = await loop.run_in_executor(None, pending.work) if pending.is_long else pending.work()
    if ledger is None:
        decision: Decision = done
        return decision
    assessment: Assessment = done
    batch = assessment.batch
    if batch is None:
        return assessment.conclude()
    outcome: Any
    try:
        if inspect.iscoroutinefunction(ledger.apply):
            outcome = await ledger.apply(batch)
        else:
            outcome = await loop.run_in_executor(None, ledger.apply, batch)
    except Exception as error:  # a ledger that cannot answer denies
        outcome = error
    return assessment.conclude(outcome)

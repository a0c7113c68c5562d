"""A ledger in Redis: limits that several processes share, in Python or not.

Every decision's charges are one script and one round trip, all or none. Keys, scripts and rules
are those of the server's ledger; native code writes the calls and reads the answers.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Generator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

from ._native import Batch, RedisCalls
from .errors import LedgerError
from .types import Counter, Outcome, Window

if TYPE_CHECKING:
    import redis
    import redis.asyncio

__all__ = ["AsyncRedisLedger", "RedisLedger"]

logger = logging.getLogger("zentinelle_agent")

_UNAVAILABLE = "ledger.unavailable"

T = TypeVar("T")


class _Run(NamedTuple):
    """Runs a script."""

    script: str
    keys: list[str]
    args: list[str]


class _Begin(NamedTuple):
    """Asks for the epoch, after beginning one if there is none and `fresh` names it."""

    key: str
    fresh: str | None


#: An operation: what it asks of the connection, and at last what it found.
_Steps = Generator[_Run | _Begin, Any, T]


class _Operations:
    """The operations, whichever way one waits for Redis."""

    def __init__(
        self,
        prefix: str,
        shared_with_server: bool,
        reservation_seconds: int,
        on_unavailable: Literal["deny", "permit"],
    ) -> None:
        if on_unavailable not in ("deny", "permit"):
            raise ValueError(f"`on_unavailable` is {on_unavailable!r}: write 'deny' or 'permit'")
        self._calls = RedisCalls(prefix, reservation_seconds)
        self._shared_with_server = shared_with_server
        self._permits = on_unavailable == "permit"
        self._epoch: str | None = None

    def _applying(self, batch: Batch) -> _Steps[Outcome]:
        def ask(epoch: str) -> _Steps[Outcome | None]:
            call = self._calls.apply(batch, epoch)
            return call.read((yield _Run(RedisCalls.APPLY, *call.sent())))

        try:
            return (yield from self._under_epoch(ask))
        except LedgerError as error:
            if not self._permits or error.code != _UNAVAILABLE:
                raise
            logger.warning("limits are not checked: %s", error.message)
            return self._calls.unchecked(batch)

    def _settling(self, tenant: str, reservation: str, release: bool, **truth: Any) -> _Steps[tuple[bool, bool]]:
        def ask(epoch: str) -> _Steps[tuple[bool, bool] | None]:
            sent = self._calls.settle(tenant, reservation, epoch, release=release, **truth)
            return RedisCalls.settled((yield _Run(RedisCalls.SETTLE, *sent)))

        return (yield from self._under_epoch(ask))

    def _looking(self, counter: Counter, window: Window, now: datetime | str | None) -> _Steps[int]:
        def ask(epoch: str) -> _Steps[Outcome | None]:
            call = self._calls.look(counter, window, now, epoch)
            return call.read((yield _Run(RedisCalls.APPLY, *call.sent())))

        outcome = yield from self._under_epoch(ask)
        return outcome["readings"][0]["used"]

    def _under_epoch(self, ask: Callable[[str], _Steps[T | None]]) -> _Steps[T]:
        """Asks under the epoch at hand, and under the present one if that turns out to be over."""
        for _ in range(2):
            epoch = self._epoch
            if epoch is None:
                epoch = self._epoch = yield from self._beginning()
            found = yield from ask(epoch)
            if found is not None:
                return found
            self._epoch = None
            logger.warning("Redis lost its running totals")
        raise LedgerError("Redis loses its running totals again and again", code=_UNAVAILABLE)

    def _beginning(self) -> _Steps[str]:
        epoch = yield _Begin(self._calls.epoch_key, None if self._shared_with_server else uuid.uuid4().hex)
        if epoch is None:
            raise LedgerError(
                "no server has opened the ledger in this Redis",
                code=_UNAVAILABLE,
                help="start a server that uses it, or leave `shared_with_server` away",
            )
        return epoch.decode() if isinstance(epoch, bytes) else str(epoch)


def _client_library() -> Any:
    try:
        import redis
        import redis.asyncio
    except ImportError:
        raise ImportError("a ledger in Redis wants `redis`: pip install 'zentinelle-agent[redis]'") from None
    return redis


def _away(error: Exception) -> LedgerError:
    # What it says may hold the address, and that a password.
    return LedgerError(f"Redis did not answer: {type(error).__name__}", code=_UNAVAILABLE)


class RedisLedger(_Operations):
    """Keeps running totals in Redis, for every process that uses the same prefix.

    >>> ledger = RedisLedger("redis://127.0.0.1:6379/0")
    >>> engine = Engine.from_file("policies.yaml", ledger=ledger)

    An operation that Redis did not answer in time may have been carried out all the same. Its
    request is denied, so what was charged for it is counted though it was not spent: never the
    other way round. A Redis that lost its totals begins again from zero; keep them on its disk
    (`appendonly yes`) where a limit must outlive it.

    Args:
        client: A `redis.Redis`, or an address such as `redis://…`. Of an address the timeout is
            `timeout`; a client of your own has yours.
        prefix: What every key begins with.
        shared_with_server: Share totals with servers: `prefix` is then theirs, by default
            `zentinelle`. Without a server that has opened the ledger nothing is decided.
        reservation_seconds: How long a reservation stays open for settlement. Unit: seconds.
        on_unavailable: What becomes of requests that must be counted while Redis is away.
            `permit` lets them pass uncounted.
        timeout: How long an operation may take. Unit: seconds.
    """

    def __init__(
        self,
        client: redis.Redis | str,
        *,
        prefix: str = "zentinelle-agent",
        shared_with_server: bool = False,
        reservation_seconds: int = 3600,
        on_unavailable: Literal["deny", "permit"] = "deny",
        timeout: float = 0.25,
    ) -> None:
        library = _client_library()
        super().__init__(prefix, shared_with_server, reservation_seconds, on_unavailable)
        self._client: redis.Redis = (
            library.Redis.from_url(client, socket_timeout=timeout, socket_connect_timeout=timeout)
            if isinstance(client, str)
            else client
        )
        self._faults = (library.RedisError, OSError)
        scripts = (RedisCalls.APPLY, RedisCalls.SETTLE)
        self._scripts = {text: self._client.register_script(text) for text in scripts}

    def apply(self, batch: Batch) -> Outcome:
        """Adds every amount of a batch, or none when one does not fit; or only looks.

        Raises:
            LedgerError: `ledger.unavailable`, `ledger.reservation_exists`. The request is then denied.
        """
        return self._done(self._applying(batch))

    def settle(
        self,
        reservation: str,
        *,
        tenant: str = "local",
        tokens: int | None = None,
        usd: float | None = None,
        bytes: int | None = None,
        now: datetime | str | None = None,
    ) -> tuple[bool, bool]:
        """Replaces the amounts of a reservation by the true ones; what is None settles as reserved.

        Returns:
            Whether the reservation was open, and whether more was used than it held.
        """
        return self._done(self._settling(tenant, reservation, False, tokens=tokens, usd=usd, bytes=bytes, now=now))

    def release(
        self, reservation: str, *, tenant: str = "local", now: datetime | str | None = None
    ) -> tuple[bool, bool]:
        """Gives every reserved amount back: the request was not made after all."""
        return self._done(self._settling(tenant, reservation, True, now=now))

    def used(self, counter: Counter, window: Window, *, now: datetime | str | None = None) -> int:
        """What a total has reached in its current window."""
        return self._done(self._looking(counter, window, now))

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _done(self, steps: _Steps[T]) -> T:
        try:
            step = next(steps)
            while True:
                try:
                    answer = self._sent(step)
                except self._faults as error:
                    step = steps.throw(_away(error))
                else:
                    step = steps.send(answer)
        except StopIteration as done:
            found: T = done.value
            return found

    def _sent(self, step: _Run | _Begin) -> Any:
        if isinstance(step, _Run):
            return self._scripts[step.script](keys=step.keys, args=step.args)
        with self._client.pipeline(transaction=False) as pipeline:
            if step.fresh is not None:
                pipeline.set(step.key, step.fresh, nx=True)
            pipeline.get(step.key)
            return pipeline.execute()[-1]


class AsyncRedisLedger(_Operations):
    """The twin of `RedisLedger` for coroutines: for engines that are asked by `decide_async` alone.

    Args:
        client: A `redis.asyncio.Redis`, or an address.
    """

    def __init__(
        self,
        client: redis.asyncio.Redis | str,
        *,
        prefix: str = "zentinelle-agent",
        shared_with_server: bool = False,
        reservation_seconds: int = 3600,
        on_unavailable: Literal["deny", "permit"] = "deny",
        timeout: float = 0.25,
    ) -> None:
        library = _client_library()
        super().__init__(prefix, shared_with_server, reservation_seconds, on_unavailable)
        self._client: redis.asyncio.Redis = (
            library.asyncio.Redis.from_url(client, socket_timeout=timeout, socket_connect_timeout=timeout)
            if isinstance(client, str)
            else client
        )
        self._faults = (library.RedisError, OSError)
        scripts = (RedisCalls.APPLY, RedisCalls.SETTLE)
        self._scripts = {text: self._client.register_script(text) for text in scripts}

    async def apply(self, batch: Batch) -> Outcome:
        """As `RedisLedger.apply`."""
        return await self._done(self._applying(batch))

    async def settle(
        self,
        reservation: str,
        *,
        tenant: str = "local",
        tokens: int | None = None,
        usd: float | None = None,
        bytes: int | None = None,
        now: datetime | str | None = None,
    ) -> tuple[bool, bool]:
        """As `RedisLedger.settle`."""
        return await self._done(
            self._settling(tenant, reservation, False, tokens=tokens, usd=usd, bytes=bytes, now=now)
        )

    async def release(
        self, reservation: str, *, tenant: str = "local", now: datetime | str | None = None
    ) -> tuple[bool, bool]:
        """As `RedisLedger.release`."""
        return await self._done(self._settling(tenant, reservation, True, now=now))

    async def used(self, counter: Counter, window: Window, *, now: datetime | str | None = None) -> int:
        """As `RedisLedger.used`."""
        return await self._done(self._looking(counter, window, now))

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def _done(self, steps: _Steps[T]) -> T:
        try:
            step = next(steps)
            while True:
                try:
                    answer = await self._sent(step)
                except self._faults as error:
                    step = steps.throw(_away(error))
                else:
                    step = steps.send(answer)
        except StopIteration as done:
            found: T = done.value
            return found

    async def _sent(self, step: _Run | _Begin) -> Any:
        if isinstance(step, _Run):
            return await self._scripts[step.script](keys=step.keys, args=step.args)
        async with self._client.pipeline(transaction=False) as pipeline:
            if step.fresh is not None:
                pipeline.set(step.key, step.fresh, nx=True)
            pipeline.get(step.key)
            return (await pipeline.execute())[-1]

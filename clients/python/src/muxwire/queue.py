"""What waits for the one who reads."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, TypeVar

from .errors import MuxwireError

T = TypeVar("T")


class Waiting(Generic[T]):
    """Items in their order, and then an end, with an error or without. It is read by one reader."""

    def __init__(self) -> None:
        self._items: deque[T] = deque()
        self._ended = False
        self._error: MuxwireError | None = None
        self._reader: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        return len(self._items)

    @property
    def is_ended(self) -> bool:
        return self._ended

    def put(self, item: T) -> None:
        if not self._ended:
            self._items.append(item)
            self._wake()

    def end(self, error: MuxwireError | None = None, drop: bool = False) -> None:
        """No more comes. What waits is read first, unless it is dropped."""
        if drop:
            self._items.clear()
        if not self._ended:
            self._ended, self._error = True, error
            self._wake()

    def peek(self) -> T | None:
        return self._items[0] if self._items else None

    def take(self) -> T:
        return self._items.popleft()

    async def next(self) -> T | None:
        """The next item, or None at the end. An error that ended it is raised once."""
        while not self._items:
            if self._ended:
                error, self._error = self._error, None
                if error is not None:
                    raise error
                return None
            if self._reader is not None:
                raise MuxwireError("INVALID_ARGUMENT", "it is read by one reader")
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        return self._items.popleft()

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

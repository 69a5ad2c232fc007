"""Events, in order, over any number of connections."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from types import TracebackType

from .errors import MuxwireError
from .follower import Cursor, Follower, Position, Sink, StreamItem
from .link import Link, Message, Shared
from .queue import Waiting


@dataclass
class _Item:
    item: StreamItem | None
    position: Position
    length: int


class Stream(Sink):
    """An iterator of what happens. A gap is an item: see docs/client.md, "Event streams".

    Leaving the loop closes it; `close` and `async with` do too. It is read by one reader.
    """

    def __init__(self, shared: Shared, url: str, wish: Message, done: Callable[[Link], None]) -> None:
        # What the server has to say about the filters.
        self.warnings: list[str] = []
        # The position of the last item that was taken, or of a bookmark behind it: to be stored, and given as `since`.
        self.cursor: Cursor | None = wish.get("since")
        self._limits = shared.limits
        self._done = done
        self._waiting: Waiting[_Item] = Waiting()
        self._items = 0
        self._text = 0
        self._paused = False
        self._follower = Follower(shared, url, wish, self, False)

    @property
    def link(self) -> Link:
        return self._follower.link

    def close(self) -> None:
        """Ends the stream. What waits in it is dropped."""
        self.link.close()
        self._waiting.end(drop=True)
        self._done(self.link)

    async def aclose(self) -> None:
        """Ends the stream, and waits until the server knows."""
        self.close()
        await self.link.wait_closed()

    async def next(self) -> StreamItem | None:
        """The next item, or None when the stream has ended."""
        while True:
            found = await self._waiting.next()
            if found is None:
                return None
            self._took(found)
            # A bookmark behind an item counts with it.
            while (behind := self._waiting.peek()) is not None and behind.item is None:
                self._took(self._waiting.take())
            if found.item is not None:
                return found.item

    def __aiter__(self) -> AsyncIterator[StreamItem]:
        return self._loop()

    async def _loop(self) -> AsyncIterator[StreamItem]:
        try:
            while (item := await self.next()) is not None:
                yield item
        finally:
            self.close()

    async def __aenter__(self) -> Stream:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def on_item(self, item: StreamItem, position: Position, length: int) -> None:
        self._items += 1
        self._text += length
        self._waiting.put(_Item(item, position, length))
        limits = self._limits
        if self._paused or self._waiting.is_ended:
            return
        if self._items > limits.waiting_items or self._text > limits.waiting_text:
            # To read no more would have the server leave out output. So the stream goes, and resumes from here.
            self._paused = True
            self.link.pause()

    def on_moved(self, position: Position) -> None:
        if len(self._waiting) == 0:
            self.cursor = position
        else:
            self._waiting.put(_Item(None, position, 0))

    def on_warnings(self, warnings: list[str]) -> None:
        self.warnings = warnings

    def on_end(self, error: MuxwireError) -> None:
        self._waiting.end(error)
        self._done(self.link)

    def fail(self, error: MuxwireError) -> None:
        self.link.close()
        self.on_end(error)

    def _took(self, found: _Item) -> None:
        self.cursor = found.position
        self._items -= found.item is not None
        self._text -= found.length
        limits = self._limits
        if self._paused and self._items <= limits.waiting_items / 2 and self._text <= limits.waiting_text / 2:
            self._paused = False
            if not self._waiting.is_ended:
                self.link.start()

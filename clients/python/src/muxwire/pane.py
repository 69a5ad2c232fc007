"""The bytes of an open pane, over any number of connections."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Literal, TypedDict, Union, cast

from .errors import MuxwireError
from .frames import Frame, Pace, epoch_check
from .link import Message
from .protocol import AnyEvent, PaneSnapshotMessage, Target
from .queue import Waiting


class PaneSnapshot(TypedDict):
    """The pane as it is: a terminal of this size shows it once it has read the bytes, which begin with a reset."""

    type: Literal["snapshot"]
    bytes: bytes
    cols: int
    rows: int
    offset: int
    # Nothing can be missing or doubled.
    exact: bool
    message: PaneSnapshotMessage


class PaneOutput(TypedDict):
    """What the pane printed."""

    type: Literal["output"]
    bytes: bytes
    offset: int


class PaneGap(TypedDict):
    """Output is missing: it goes on at `offset`, and nobody may know how many bytes are. A snapshot follows."""

    type: Literal["gap"]
    offset: int
    missing: int | None


# Output was left out, since this client was too slow for it. A snapshot follows.
PaneLagged = TypedDict("PaneLagged", {"type": Literal["lagged"], "from": int, "to": int})


class PaneEvent(TypedDict):
    """Something else happened to the pane."""

    type: Literal["event"]
    event: AnyEvent


# What a pane yields.
PaneItem = Union[PaneSnapshot, PaneOutput, PaneGap, PaneLagged, PaneEvent]
# Why a pane yields no more.
PaneEnd = Literal["removed", "closed", "replaced"]


class PaneSince(TypedDict):
    """Up to where a pane is known from before."""

    epoch: str
    offset: int


class Home(ABC):
    """What a pane needs of its client."""

    @abstractmethod
    def ack(self, pane: str, offset: int) -> bool: ...

    @abstractmethod
    def close_pane(self, pane: Pane) -> None:
        """The program has closed it."""


class Pane:
    """An iterator of what to write into a terminal; see docs/client.md, "Panes".

    Leaving the loop closes it; `close` and `async with` do too. What is taken is acknowledged when more is asked for.
    """

    def __init__(
        self, target: Target, scrollback: int | None, window: int | None, since: PaneSince | None, home: Home
    ) -> None:
        # tmux's id, once the pane has been found.
        self.id = ""
        self.epoch: str | None = since["epoch"] if since else None
        # Behind the last byte that was taken.
        self.offset: int | None = since["offset"] if since else None
        self.ended: PaneEnd | None = None
        # The current connection has it open.
        self.is_bound = False
        self._target = target
        self._scrollback = scrollback
        self._home = home
        self._waiting: Waiting[PaneItem] = Waiting()
        self._pace = Pace(window)
        # Up to where the output was received.
        self._received = self.offset
        # What was given last, and counts as taken when more is asked for.
        self._given: PaneItem | None = None
        self._pages: list[bytes] = []
        # The message whose replay comes next in binary.
        self._announced: Message | None = None

    def request(self) -> Message:
        """What opens it, or opens it again."""
        request: Message = {"action": "open", "target": {"pane": self.id} if self.id else self._target}
        if self._scrollback is not None:
            request["scrollback"] = self._scrollback
        if self._pace.window is not None:
            request["ack_window"] = self._pace.window
        if self.epoch is not None and self._received is not None:
            request["since"] = {"epoch": self.epoch, "offset": self._received}
        return request

    def on_opened(self, message: Message) -> None:
        self.id, self.epoch = message["pane"], message["epoch"]
        self.is_bound = True
        self._pace.reset()
        self._forget_pages()
        if not message["recovered"]:
            self._received = None
        elif self._received is None:
            self._received = message["offset"]

    def on_down(self) -> None:
        self.is_bound = False
        self._forget_pages()

    def on_frame(self, frame: Frame) -> None:
        if frame.check != epoch_check(self.epoch or ""):
            return
        if not frame.is_replay:
            self._on_output(frame.data, frame.offset, len(frame.data))
            return
        message, self._announced = self._announced, None
        if message is None:
            return
        if message["type"] == "pane.scrollback":
            self._pages.append(frame.data)
        else:
            self._whole(message, frame.data)

    def on_message(self, message: Message) -> None:
        kind = message["type"]
        if kind == "pane.scrollback":
            if message["page"] == 0:
                self._forget_pages()
            if "replay" in message:
                self._pages.append(message["replay"].encode())
            else:
                self._announced = message
        elif kind == "pane.snapshot":
            if "replay" in message["data"]:
                self._whole(message, message["data"]["replay"].encode())
            else:
                self._announced = message
        elif kind == "lagged":
            self._waiting.put(cast(PaneLagged, {"type": "lagged", "from": message["from"], "to": message["to"]}))
        elif kind == "pane.output":
            data = message["data"]
            self._on_output(data["content"].encode(), data["offset"], data["bytes"])
        elif kind == "pane.gap":
            # Up to where it was received stays: who comes back from there gets the snapshot that follows.
            data = message["data"]
            self._waiting.put({"type": "gap", "offset": data["offset"], "missing": data["bytes"]})
        else:
            self._on_event(message)

    def _on_event(self, event: Message) -> None:
        self._waiting.put({"type": "event", "event": cast(AnyEvent, event)})
        if event["type"] == "pane.removed" and not event["data"]["moved"]:
            self.end("removed")

    def _whole(self, message: Message, replay: bytes) -> None:
        data = message["data"]
        whole = b"".join([*self._pages, replay])
        self._forget_pages()
        self._received, self.epoch = data["offset"], message["epoch"]
        self._waiting.put(
            {
                "type": "snapshot",
                "bytes": whole,
                "cols": data["cols"],
                "rows": data["rows"],
                "offset": data["offset"],
                "exact": data["exact"],
                "message": cast(PaneSnapshotMessage, message),
            }
        )

    def _on_output(self, data: bytes, offset: int, length: int) -> None:
        known = self._received
        # What comes before the snapshot is in it.
        if known is None or offset + length <= known:
            return
        if offset > known:
            self._waiting.put({"type": "gap", "offset": offset, "missing": offset - known})
        self._received = offset + length
        rest = data[known - offset :] if offset < known else data
        self._waiting.put({"type": "output", "bytes": rest, "offset": max(offset, known)})

    def _forget_pages(self) -> None:
        self._pages = []
        self._announced = None

    def close(self) -> None:
        """Closes the pane. What waits in it is dropped."""
        if self.ended is None:
            self._home.close_pane(self)
        self.end("closed", drop=True)

    def end(self, reason: PaneEnd, error: MuxwireError | None = None, drop: bool = False) -> None:
        if self.ended is None:
            self.ended = reason
        self.is_bound = False
        self._waiting.end(error, drop)

    async def next(self) -> PaneItem | None:
        """The next item, or None when the pane has ended. The one before counts as taken."""
        self._took()
        self._given = await self._waiting.next()
        return self._given

    def __aiter__(self) -> AsyncIterator[PaneItem]:
        return self._loop()

    async def _loop(self) -> AsyncIterator[PaneItem]:
        try:
            while (item := await self.next()) is not None:
                yield item
        finally:
            self.close()

    async def __aenter__(self) -> Pane:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _took(self) -> None:
        item: Any = self._given
        self._given = None
        if item is None:
            return
        if item["type"] in ("snapshot", "gap"):
            self.offset = item["offset"]
        elif item["type"] == "output":
            self.offset = item["offset"] + len(item["bytes"])
        now = item["type"] == "snapshot" or len(self._waiting) == 0
        if item["type"] == "snapshot":
            # It is acknowledged for itself, also where its offset has been.
            self._pace.reset()
        if self.offset is None or not self.is_bound or not self._pace.due(self.offset, now):
            return
        if self._home.ack(self.id, self.offset):
            self._pace.said(self.offset)

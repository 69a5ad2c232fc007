"""One subscription over any number of connections."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Literal, TypedDict, Union

from .errors import MuxwireError
from .link import Link, Message, Owner, Shared
from .protocol import AnyEvent, LaggedMessage, PaneScrollbackMessage, PaneSnapshotMessage, SnapshotMessage


class Position(TypedDict):
    """A place in a server's event log."""

    epoch: str
    seq: int


# A place, or the text of one as the server wrote it.
Cursor = Union[Position, str]

# Events are missing between `from` and `to`: the server no longer has them. The snapshot makes up for them.
Lost = TypedDict("Lost", {"type": Literal["lost"], "from": Cursor, "to": Position, "snapshot": SnapshotMessage})
# Output of a pane that came before a cut was left out, though nothing said so.
Assumed = TypedDict(
    "Assumed", {"type": Literal["lagged"], "pane": str, "from": int, "to": int, "assumed": Literal[True]}
)
# What a stream yields.
StreamItem = Union[AnyEvent, Lost, LaggedMessage, Assumed, PaneSnapshotMessage, PaneScrollbackMessage]


class Sink(ABC):
    """Who takes what a follower gets."""

    @abstractmethod
    def on_item(self, item: Any, position: Position, length: int) -> None: ...

    @abstractmethod
    def on_moved(self, position: Position) -> None:
        """The position has moved, and nothing came."""

    @abstractmethod
    def on_warnings(self, warnings: list[str]) -> None: ...

    @abstractmethod
    def on_end(self, error: MuxwireError) -> None: ...


class Follower(Owner):
    def __init__(self, shared: Shared, url: str, wish: Message, sink: Sink, whole: bool) -> None:
        self.url = url
        self.protocols = ["muxwire.v1"]
        self.link = Link(shared, self)
        self._first: Cursor | None = wish.pop("since", None)
        self._wish = wish
        self._sink = sink
        # Whether a snapshot is wanted to begin with.
        self._whole = whole
        self._position: Position | None = None
        # Events were lost from here on, and the snapshot that makes up for them has not come.
        self._owed: Cursor | None = None
        # The current connection's subscription has been answered.
        self._subscribed = False
        # Where the output of panes ended, and those of which nothing has come since the connection was made.
        self._ends: dict[str, int] = {}
        self._unseen: set[str] = set()

    def on_open(self) -> None:
        since: Cursor | None = self._position or self._first
        self._subscribed = False
        self._owed = None
        request = {"action": "subscribe", "id": 1, **self._wish}
        if since is not None:
            request["since"] = since
        self.link.send(request)
        if self._whole and since is None:
            self.link.send({"action": "snapshot", "id": 2})

    def on_down(self) -> None:
        self._unseen = set(self._ends)

    def on_end(self, error: MuxwireError) -> None:
        self._sink.on_end(error)

    def on_bytes(self, data: bytes) -> None:
        """Nothing comes in binary here."""

    def on_message(self, message: Message, length: int) -> None:
        kind = message.get("type")
        if kind == "subscribed":
            if not self._subscribed:
                self._on_subscribed(message)
        elif kind == "error":
            if message.get("id") in (1, 2):
                self._on_refused(MuxwireError.of(message))
        elif kind == "snapshot":
            self._on_snapshot(message, length)
        elif kind == "bookmark":
            self._on_bookmark(message)
        elif kind in ("lagged", "pane.snapshot", "pane.scrollback"):
            self._on_pane(message, length)
        elif isinstance(message.get("seq"), int) and "data" in message:
            self._on_event(message, length)

    def _on_subscribed(self, message: Message) -> None:
        self._subscribed = True
        warnings = message.get("warnings")
        if isinstance(warnings, list):
            self._sink.on_warnings(warnings)
        if message.get("recovered") is False:
            self._owed = self._position or self._first
        elif self._position is None and not self._whole:
            self._position = _position(message)
            self._sink.on_moved(self._position)

    def _on_refused(self, error: MuxwireError) -> None:
        if error.retryable:
            self.link.drop(f"the server refused: {error.message}", error.retry_after_ms)
            return
        self.link.close()
        self._sink.on_end(error)

    @property
    def _is_waiting(self) -> bool:
        """Whether what comes is in a snapshot that is still to come."""
        return self._owed is not None or self._position is None

    def _on_snapshot(self, snapshot: Message, length: int) -> None:
        if "target" in snapshot or not self._is_waiting:
            return
        to, before = _position(snapshot), self._owed
        self._position, self._owed = to, None
        self._ends.clear()
        self._unseen.clear()
        self.link.progress()
        lost = {"type": "lost", "from": before, "to": to, "snapshot": snapshot}
        self._sink.on_item(snapshot if before is None else lost, to, length)

    def _on_bookmark(self, message: Message) -> None:
        if self._is_waiting or self._had(message):
            return
        self._position = _position(message)
        self.link.progress()
        self._sink.on_moved(self._position)

    def _on_pane(self, message: Message, length: int) -> None:
        if self._position is None or self._owed is not None:
            return
        if message["type"] == "lagged":
            self._reached(message["pane"], message["to"])
        elif message["type"] == "pane.snapshot":
            self._reached(message["pane"], message["data"]["offset"])
        self.link.progress()
        self._sink.on_item(message, self._position, length)

    def _on_event(self, event: Message, length: int) -> None:
        before = self._position
        if before is None or self._owed is not None or self._had(event):
            return
        self._position = _position(event)
        self.link.progress()
        kind, data = event["type"], event["data"]
        if kind == "pane.output":
            self._on_output(event["pane"], data["offset"], data["bytes"], before)
        elif kind == "pane.gap":
            self._reached(event["pane"], data["offset"])
        elif kind == "pane.removed":
            self._ends.pop(event["pane"], None)
            self._unseen.discard(event["pane"])
        elif kind == "server.lost":
            self._ends.clear()
            self._unseen.clear()
        self._sink.on_item(event, self._position, length)

    def _on_output(self, pane: str, offset: int, length: int, before: Position) -> None:
        end = self._ends.get(pane)
        if pane in self._unseen and end is not None and offset > end:
            assumed = {"type": "lagged", "pane": pane, "from": end, "to": offset, "assumed": True}
            self._sink.on_item(assumed, before, 0)
        self._reached(pane, offset + length)

    def _reached(self, pane: str, offset: int) -> None:
        self._ends[pane] = offset
        self._unseen.discard(pane)

    def _had(self, other: Message) -> bool:
        here = self._position
        return here is not None and here["epoch"] == other["epoch"] and other["seq"] <= here["seq"]


def _position(message: Message) -> Position:
    return {"epoch": message["epoch"], "seq": message["seq"]}

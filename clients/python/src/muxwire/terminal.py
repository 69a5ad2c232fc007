"""The pane that a session shows, over any number of connections."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from types import TracebackType
from typing import Any, Literal, TypedDict, Union, cast

from .errors import MuxwireError
from .frames import Pace, read_frame
from .link import Link, Message, Owner, Shared
from .protocol import TerminalConnectMessage, TerminalResizeMessage
from .queue import Waiting

# A text that is cut has pieces of at most so many characters, as UTF-16 counts them: a message has at most 64 KiB.
_PIECE = 16_384


class TerminalReplay(TypedDict):
    """Bytes that bring a terminal of this size to the pane as it is. The first of them begin with a reset."""

    type: Literal["replay"]
    bytes: bytes
    offset: int
    cols: int
    rows: int


class TerminalOutput(TypedDict):
    """What the pane printed."""

    type: Literal["output"]
    bytes: bytes
    offset: int


class TerminalRefusal(TypedDict):
    """The server did not do what was asked for, such as typing."""

    type: Literal["error"]
    error: MuxwireError


# What a terminal yields.
TerminalItem = Union[TerminalConnectMessage, TerminalReplay, TerminalOutput, TerminalResizeMessage, TerminalRefusal]


class Terminal(Owner):
    """An iterator of what to write into a terminal, and what types into it; see docs/client.md, "Terminals".

    Leaving the loop closes it; `close` and `async with` do too.
    """

    def __init__(
        self,
        shared: Shared,
        url: str,
        protocols: list[str],
        scrollback: int | None,
        window: int | None,
        done: Callable[[Link], None],
    ) -> None:
        self.url = url
        self.protocols = protocols
        self.link = Link(shared, self)
        # The pane that it shows, and its size.
        self.pane: str | None = None
        self.cols = 0
        self.rows = 0
        # Why it ended: `requested`, `pane_gone` or `session_gone`; `closed` by the program.
        self.ended: str | None = None
        self._scrollback = scrollback
        self._pace = Pace(window)
        self._done = done
        self._waiting: Waiting[TerminalItem] = Waiting()
        self._epoch: str | None = None
        self._received: int | None = None
        # All of the replay has come, and output behind it.
        self._is_whole = False
        # The server has said which pane it shows.
        self._is_connected = False
        self._given: TerminalItem | None = None

    def write(self, data: str, paste: bool = False) -> None:
        """Types into the pane. Fails while there is no connection: what was typed then is not kept."""
        for piece in _pieces(data):
            message: Message = {"type": "input", "data": piece}
            self._send({**message, "paste": True} if paste else message)

    def resize(self, cols: int, rows: int) -> None:
        """Asks for another size, which the server grants as it is configured."""
        self._send({"type": "resize", "cols": cols, "rows": rows})

    def _send(self, message: Message) -> None:
        if not self._is_connected or not self.link.send(message):
            text = "there is no connection now, so nothing was sent"
            raise MuxwireError("NOT_CONNECTED", text, retryable=True)

    def close(self) -> None:
        """Ends the terminal. What waits in it is dropped."""
        if self._is_connected:
            self.link.send({"type": "disconnect"})
        self.link.close()
        self._end("closed", drop=True)

    def fail(self, error: MuxwireError) -> None:
        self.link.close()
        self._end("closed", error)

    async def next(self) -> TerminalItem | None:
        """The next item, or None when the terminal has ended. The one before counts as taken."""
        self._took()
        self._given = await self._waiting.next()
        return self._given

    def __aiter__(self) -> AsyncIterator[TerminalItem]:
        return self._loop()

    async def _loop(self) -> AsyncIterator[TerminalItem]:
        try:
            while (item := await self.next()) is not None:
                yield item
        finally:
            self.close()

    async def __aenter__(self) -> Terminal:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        await self.link.wait_closed()

    def on_open(self) -> None:
        connect: Message = {"type": "connect"}
        if self._scrollback is not None:
            connect["scrollback"] = self._scrollback
        if self._pace.window is not None:
            connect["ack_window"] = self._pace.window
        if self._is_whole and self._received is not None:
            connect["since"] = {"epoch": self._epoch, "pane": self.pane, "offset": self._received}
        self.link.send(connect)

    def on_down(self) -> None:
        self._is_connected = False

    def on_end(self, error: MuxwireError) -> None:
        self._end("closed", error)

    def on_bytes(self, data: bytes) -> None:
        frame = read_frame(data)
        if frame is None:
            return
        if frame.is_replay:
            self._replay(frame.data, frame.offset)
        else:
            self._output(frame.data, frame.offset, len(frame.data))

    def on_message(self, message: Message, length: int) -> None:
        kind = message.get("type")
        if kind == "connect":
            self._on_connect(message)
        elif kind == "resize":
            self.cols, self.rows = message["cols"], message["rows"]
            self._is_whole = False
            self._waiting.put(cast(TerminalResizeMessage, message))
        elif kind == "output":
            data = message["data"].encode()
            if message.get("replay"):
                self._replay(data, message["offset"])
            else:
                self._output(data, message["offset"], message.get("bytes", len(data)))
        elif kind == "disconnect":
            self.link.close()
            self._end(message["reason"])
        elif kind == "error":
            self._on_error(MuxwireError.of(message))

    def _on_connect(self, message: Message) -> None:
        self._is_connected = True
        self._pace.reset()
        self.pane, self.cols, self.rows = message["pane"], message["cols"], message["rows"]
        self._epoch = message["epoch"]
        if not message["recovered"]:
            self._is_whole = False
            self._received = None
        self._waiting.put(cast(TerminalConnectMessage, message))

    def _on_error(self, error: MuxwireError) -> None:
        if self._is_connected:
            self._waiting.put({"type": "error", "error": error})
        elif error.retryable:
            # It can't be shown now.
            self.link.drop(f"the server refused: {error.message}", error.retry_after_ms)
        else:
            self.fail(error)

    def _replay(self, data: bytes, offset: int) -> None:
        self.link.progress()
        self._is_whole = False
        self._received = offset
        self._waiting.put({"type": "replay", "bytes": data, "offset": offset, "cols": self.cols, "rows": self.rows})

    def _output(self, data: bytes, offset: int, length: int) -> None:
        known = offset if self._received is None else self._received
        self.link.progress()
        if offset + length <= known:
            return
        self._is_whole = True
        self._received = offset + length
        rest = data[known - offset :] if offset < known else data
        self._waiting.put({"type": "output", "bytes": rest, "offset": max(offset, known)})

    def _took(self) -> None:
        item: Any = self._given
        self._given = None
        if item is None or item["type"] not in ("replay", "output"):
            return
        is_replay = item["type"] == "replay"
        if is_replay:
            # It is acknowledged for itself, also where its offset has been.
            self._pace.reset()
        offset = item["offset"] + (0 if is_replay else len(item["bytes"]))
        if not self._is_connected or not self._pace.due(offset, is_replay or len(self._waiting) == 0):
            return
        if self.link.send({"type": "ack", "offset": offset}):
            self._pace.said(offset)

    def _end(self, reason: str, error: MuxwireError | None = None, drop: bool = False) -> None:
        if self.ended is not None:
            return
        self.ended = reason
        self._is_connected = False
        self._waiting.end(error, drop)
        self._done(self.link)


def _pieces(text: str) -> Iterator[str]:
    begin = length = 0
    for at, char in enumerate(text):
        size = 2 if ord(char) > 0xFFFF else 1
        if length + size > _PIECE:
            yield text[begin:at]
            begin, length = at, 0
        length += size
    if begin < len(text):
        yield text[begin:]

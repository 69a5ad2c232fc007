"""The bytes of panes as they come in binary messages."""

from __future__ import annotations

import struct
from dataclasses import dataclass

_HEADER = struct.Struct(">BBHIIQQ")
_VERSION, _OUTPUT, _REPLAY = 1, 1, 2
_HEX = "0123456789abcdef"


@dataclass(frozen=True)
class Frame:
    is_replay: bool
    pane: str
    # Of the epoch: see `epoch_check`.
    check: int
    offset: int
    data: bytes


def read_frame(message: bytes) -> Frame | None:
    """Reads a message. Nothing if it is of another version or kind."""
    if len(message) < _HEADER.size:
        return None
    version, kind, _, pane, check, _, offset = _HEADER.unpack_from(message)
    if version != _VERSION or kind not in (_OUTPUT, _REPLAY):
        return None
    return Frame(kind == _REPLAY, f"%{pane}", check, offset, message[_HEADER.size :])


def epoch_check(epoch: str) -> int:
    """The first eight hex digits as a number; of an epoch that is none, what its first digits make."""
    check = 0
    for digit in epoch[:8].lower():
        if digit not in _HEX:
            break
        check = check << 4 | int(digit, 16)
    return check


class Pace:
    """What was taken, and when to say so."""

    def __init__(self, window: int | None) -> None:
        self.window = window
        self._acked = -1

    def reset(self) -> None:
        """The connection is another one, whose counting begins anew."""
        self._acked = -1

    def due(self, offset: int, now: bool) -> bool:
        """Whether to say that everything up to here was taken. `now`: it is not to wait for more."""
        if self.window is None or offset == self._acked:
            return False
        return now or abs(offset - self._acked) >= self.window / 8

    def said(self, offset: int) -> None:
        self._acked = offset

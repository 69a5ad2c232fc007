"""An independent terminal: what it shows is compared with what tmux shows."""

from __future__ import annotations

from typing import Any

import pyte
import pyte.modes
from wcwidth import wcwidth

from muxwire import PaneItem, TerminalItem


class _Terminal(pyte.Screen):
    """pyte's, with what it leaves out at the right margin and of wide characters of which half is overwritten."""

    def draw(self, data: str) -> None:
        for char in data:
            is_last = self.cursor.x == self.columns - 1
            if is_last and wcwidth(char) == 2 and pyte.modes.DECAWM in self.mode:
                self.carriage_return()
                self.linefeed()
            super().draw(char)

    def cursor_up(self, count: int | None = None) -> None:
        # To move drops a wrap that is owed.
        self.cursor.x = min(self.cursor.x, self.columns - 1)
        super().cursor_up(count)

    def tab(self) -> None:
        if self.cursor.x < self.columns - 1:
            super().tab()

    def line(self, row: int) -> str:
        cells = [self.buffer[row][column].data for column in range(self.columns)] + [" "]
        shown = ""
        for column in range(self.columns):
            data = cells[column]
            if not data:
                # The second half of what was shown, or of what is gone.
                is_second = column > 0 and _is_wide(cells[column - 1])
                shown += "" if is_second else " "
            else:
                shown += " " if _is_wide(data) and cells[column + 1] else data
        return shown


def _is_wide(data: str) -> bool:
    return bool(data) and wcwidth(data[0]) == 2


class Screen:
    def __init__(self, cols: int = 80, rows: int = 24) -> None:
        self._screen = _Terminal(cols, rows)
        self._stream = pyte.ByteStream(self._screen)

    def take(self, item: PaneItem | TerminalItem | dict[str, Any]) -> None:
        found: Any = item
        if found["type"] in ("snapshot", "replay", "connect", "resize"):
            self._screen.resize(found["rows"], found["cols"])
        if found["type"] in ("snapshot", "replay", "output"):
            if found["bytes"].startswith(b"\x1bc"):
                # A sequence that was cut ends with the next escape, but not in pyte.
                self._stream = pyte.ByteStream(self._screen)
            self._stream.feed(found["bytes"])

    @property
    def shown(self) -> str:
        """The lines without trailing spaces, as `capture-pane -p` gives them, and the cursor."""
        cursor = self._screen.cursor
        lines = "\n".join(self._screen.line(row) for row in range(self._screen.lines))
        return as_shown(lines, f"{cursor.x},{cursor.y}")


def as_shown(captured: str, cursor: str) -> str:
    lines = [_expanded(line).rstrip() for line in captured.split("\n")]
    return "\n".join(lines).rstrip() + "\n" + cursor.strip()


def _expanded(line: str) -> str:
    """tmux keeps tabs as what they are. Here they stand for the columns that they took."""
    shown, column = "", 0
    for char in line:
        width = 8 - column % 8 if char == "\t" else max(wcwidth(char), 0)
        shown += " " * width if char == "\t" else char
        column += width
    return shown

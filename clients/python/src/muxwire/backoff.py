"""How long to wait before coming back."""

from __future__ import annotations

from collections.abc import Callable

_SHORTEST = 100
_LONGEST = 5_000
# The longest wait that a server may ask for. It bounds what a server can do to its clients.
_LONGEST_ASKED = 60_000


class Backoff:
    """Waits, in milliseconds, that grow with each attempt that came to nothing, spread at random."""

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._attempts = 0
        self._asked = 0

    def reset(self) -> None:
        """The connection was of use: the next wait is a short one again."""
        self._attempts = 0

    def ask(self, wait: int) -> None:
        """The server asks to be left alone this long, once."""
        self._asked = max(self._asked, min(wait, _LONGEST_ASKED))

    def next(self) -> int:
        most: int = min(_SHORTEST * 2 ** (min(self._attempts, 15) + 1), _LONGEST)
        self._attempts += 1
        asked = max(self._asked, _SHORTEST)
        self._asked = 0
        return round(asked + self._random() * (most - _SHORTEST))

"""What goes wrong, and how it is told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_CONTROLS = re.compile("[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]")


class MuxwireError(Exception):
    """The one kind of error here. `code` is stable, the message is for people."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retryable: bool = False,
        retry_after_ms: int | None = None,
        close_code: int | None = None,
    ) -> None:
        self.code = code
        self.message = printable(message)
        # Whether the same may succeed later.
        self.retryable = retryable
        # When to try again, if the server said so.
        self.retry_after_ms = retry_after_ms
        # The code with which the connection was closed.
        self.close_code = close_code
        super().__init__(f"{printable(code)}: {self.message}")

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> MuxwireError:
        """The error that a message of the server stands for."""
        after = message.get("retry_after_ms")
        return cls(
            str(message.get("code")),
            str(message.get("message")),
            retryable=message.get("retryable") is True,
            retry_after_ms=after if isinstance(after, int) else None,
        )


class Unauthorized(Exception):
    """To be raised by `get_token` when there is no token to be had any more: the client is disconnected then."""


def printable(text: str) -> str:
    """The text without characters that control a terminal, for what comes from elsewhere."""
    return _CONTROLS.sub(lambda found: f"\\u{{{ord(found[0]):x}}}", text)


def invalid(message: str) -> MuxwireError:
    return MuxwireError("INVALID_ARGUMENT", message)

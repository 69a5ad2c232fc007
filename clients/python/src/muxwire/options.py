"""What a client is made with."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlencode, urlsplit, urlunsplit

from .errors import invalid


@dataclass(frozen=True)
class Limits:
    """The limits of docs/client.md: times in milliseconds, and sizes. Tests set them; programs have no need to."""

    connect: int = 10_000
    answer: int = 10_000
    quiet: int = 25_000
    pong: int = 10_000
    woken: int = 5_000
    renew: int = 30_000
    message: int = 64 << 20
    waiting_items: int = 10_000
    waiting_text: int = 16 << 20
    ack_window: int = 1 << 20
    under_way: int = 32
    request: int = 30_000
    repeat: int = 50_000


def endpoint(given: str) -> str:
    """The address of the protocol on a server."""
    parts = urlsplit(given)
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    if scheme not in ("ws", "wss") or not parts.hostname:
        raise invalid("write an address such as ws://127.0.0.1:8765/monitor")
    if parts.username or parts.password or "token" in parse_qs(parts.query, keep_blank_values=True):
        raise invalid("an address must hold no secret: give the token as an option")
    path = "/monitor" if parts.path in ("", "/") else parts.path
    return urlunsplit((scheme, parts.netloc, path, parts.query, ""))


def terminal_endpoint(base: str, session: str, query: dict[str, str]) -> str:
    """The address of a terminal beside it."""
    parts = urlsplit(base)
    path = f"{parts.path.removesuffix('/monitor')}/ws/terminal/{quote(session, safe='')}"
    joined = "&".join(part for part in (parts.query, urlencode(query)) if part)
    return urlunsplit((parts.scheme, parts.netloc, path, joined, ""))

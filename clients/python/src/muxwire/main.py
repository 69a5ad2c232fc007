"""The link for requests and panes."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .errors import MuxwireError
from .frames import read_frame
from .link import Link, Message, Owner, Shared
from .pane import Home, Pane, PaneSince
from .protocol import KEYED, Target

# Requests that change nothing, so that they can be sent twice.
_ASKING = ("snapshot", "explain", "history", "search", "screen", "digest", "stats", "clients", "ping")
# Those of them that can be cancelled.
_QUESTIONS = ("history", "search", "screen", "digest")
# How long to wait before a pane is opened again that could not be, in milliseconds.
_OPEN_AGAIN = 1000
_TOO_LONG = "the connection was gone for too long: it may or may not have been done"


@dataclass
class _Ask:
    id: int
    message: Message
    # What becomes of it when the connection goes: it is sent again, sent again with its key, or fails.
    kind: Literal["asking", "keyed", "once", "own"]
    resolve: Callable[[Message], None]
    reject: Callable[[MuxwireError], None]
    sent_at: float | None = None


class Main(Owner, Home):
    def __init__(self, shared: Shared, url: str, protocols: list[str]) -> None:
        self.url = url
        self.protocols = protocols
        self.link = Link(shared, self)
        self._limits = shared.limits
        self._last_id = 0
        # In the order of their ids.
        self._asks: list[_Ask] = []
        self._under_way: dict[int, _Ask] = {}
        # Nothing is sent before this is over: the server has had too much.
        self._pause: asyncio.TimerHandle | None = None
        self._panes: list[Pane] = []
        # Panes of this connection that nobody has open any more, as far as is known.
        self._unheard: set[str] = set()
        self._timers: set[asyncio.TimerHandle] = set()
        # Who takes what comes of the replays of this connection, by their numbers.
        self._replays: dict[int, Callable[[Message], object]] = {}

    async def replay(
        self, message: Mapping[str, Any], take: Callable[[Message], object], timeout: int | None
    ) -> Message:
        def begun(reply: Message) -> None:
            self._replays[reply["replay"]] = take

        return await self.request(message, timeout, begun)

    async def request(
        self,
        message: Mapping[str, Any],
        timeout: int | None,
        answered: Callable[[Message], None] | None = None,
    ) -> Message:
        """`answered` is told before anything that comes behind the answer is looked at."""
        keyed = message.get("action") in KEYED
        kind: Literal["asking", "keyed", "once"] = "keyed" if keyed else "once"
        if message.get("action") in _ASKING:
            kind = "asking"
        key = {"key": secrets.token_hex(16)} if keyed and "key" not in message else {}
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self.link.start()

        def resolve(reply: Message) -> None:
            if answered is not None and not answer.done():
                answered(reply)
            _once(answer.set_result, answer)(reply)

        ask = self._ask({**message, **key}, kind, resolve, _once(answer.set_exception, answer))
        self._flush()
        # What is asked to wait for proof is given that time besides.
        limit = self._limits.request + int(message.get("timeout_ms", 0)) if timeout is None else timeout
        try:
            return await asyncio.wait_for(answer, limit / 1000)
        except asyncio.TimeoutError:
            raise MuxwireError("TIMEOUT", f"no answer in {limit} ms", retryable=True) from None
        finally:
            self._forget(ask)

    def open(self, target: Target, scrollback: int | None, window: int | None, since: PaneSince | None) -> Pane:
        pane = Pane(target, scrollback, window, since, self)
        self._panes.append(pane)
        self.link.start()
        if self.link.is_open:
            self._open_pane(pane)
        return pane

    def on_open(self) -> None:
        self._unheard.clear()
        for pane in self._panes:
            self._open_pane(pane)
        self._flush()

    def on_message(self, message: Message, length: int) -> None:
        id = message.get("id")
        if id is not None:
            ask = self._under_way.get(id) if isinstance(id, int) else None
            if ask is not None:
                self._answered(ask, message)
            return
        if isinstance(message.get("replay"), int):
            return self._replayed(message)
        for pane in self._bound(message.get("pane")):
            self.link.progress()
            pane.on_message(message)
            if pane.ended is not None and pane in self._panes:
                self._panes.remove(pane)

    def _replayed(self, message: Message) -> None:
        take = self._replays.get(message["replay"])
        if message["type"] == "replay.end":
            self._replays.pop(message["replay"], None)
        self.link.progress()
        if take is not None:
            take(message)

    def _end_replays(self) -> None:
        """Replays are of one connection, and end with it."""
        replays, self._replays = self._replays, {}
        now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        for replay, take in replays.items():
            end = {"type": "replay.end", "replay": replay, "timestamp": now, "reason": "failed"}
            take({**end, "message": "the connection ended"})

    def on_bytes(self, data: bytes) -> None:
        frame = read_frame(data)
        if frame is None:
            return
        for pane in self._bound(frame.pane):
            self.link.progress()
            pane.on_frame(frame)

    def _bound(self, id: object) -> list[Pane]:
        return [pane for pane in self._panes if pane.is_bound and pane.id == id]

    def on_down(self) -> None:
        self._stop_timers()
        self._end_replays()
        for pane in self._panes:
            pane.on_down()
        asks, self._under_way = list(self._under_way.values()), {}
        again = [ask for ask in asks if self._survives(ask)]
        self._asks = again + [ask for ask in self._asks if ask.kind != "own"]

    def _survives(self, ask: _Ask) -> bool:
        """Whether it is sent again over the next connection."""
        if ask.kind == "own":
            return False
        if ask.kind == "asking":
            return True
        if ask.kind == "once":
            text = "the connection ended before the answer came"
            ask.reject(MuxwireError("CONNECTION_LOST", text, retryable=True))
            return False
        return not self._expired(ask)

    def _expired(self, ask: _Ask) -> bool:
        """Whether its key may be forgotten by the server soon. Then it has failed."""
        if ask.kind != "keyed" or ask.sent_at is None:
            return False
        if time.monotonic() - ask.sent_at < self._limits.repeat / 1000:
            return False
        ask.reject(MuxwireError("OUTCOME_UNKNOWN", _TOO_LONG))
        return True

    def on_end(self, error: MuxwireError) -> None:
        self._stop_timers()
        self._end_replays()
        asks = [*self._under_way.values(), *self._asks]
        self._under_way, self._asks = {}, []
        for ask in asks:
            ask.reject(error)
        panes, self._panes = self._panes, []
        for pane in panes:
            pane.end("closed", error)

    def _ask(
        self,
        message: Message,
        kind: Literal["asking", "keyed", "once", "own"],
        resolve: Callable[[Message], None],
        reject: Callable[[MuxwireError], None],
    ) -> _Ask:
        self._last_id += 1
        ask = _Ask(self._last_id, message, kind, resolve, reject)
        self._asks.append(ask)
        return ask

    def _flush(self) -> None:
        while (
            self._asks and self.link.is_open and self._pause is None and len(self._under_way) < self._limits.under_way
        ):
            ask = self._asks.pop(0)
            if self._expired(ask):
                continue
            ask.sent_at = ask.sent_at or time.monotonic()
            self._under_way[ask.id] = ask
            self.link.send({**ask.message, "id": ask.id})

    def _answered(self, ask: _Ask, message: Message) -> None:
        del self._under_way[ask.id]
        if message.get("type") != "error":
            self.link.progress()
            ask.resolve(message)
        else:
            error = MuxwireError.of(message)
            if error.code == "RATE_LIMITED" and error.retry_after_ms is not None:
                self._put_off(ask, error.retry_after_ms)
            else:
                ask.reject(error)
        self._flush()

    def _put_off(self, ask: _Ask, wait: int) -> None:
        """The server refused it and refuses what is behind it, until this time has passed."""
        self._asks = sorted([*self._asks, ask], key=lambda one: one.id)
        # It was refused, so it was not done: the time that a key counts has not begun.
        ask.sent_at = None
        if self._pause is not None:
            self._pause.cancel()

        def over() -> None:
            self._pause = None
            self._flush()

        self._pause = asyncio.get_running_loop().call_later(wait / 1000, over)

    def _forget(self, ask: _Ask) -> None:
        was_under_way = self._under_way.pop(ask.id, None) is not None
        # A question that nobody waits for keeps others waiting.
        if was_under_way and ask.message["action"] in _QUESTIONS and self.link.is_open:
            self.link.send({"action": "cancel", "request": ask.id})
        if ask in self._asks:
            self._asks.remove(ask)
        self._flush()

    def _open_pane(self, pane: Pane) -> None:
        self._ask(
            pane.request(),
            "own",
            lambda reply: self._opened(pane, reply),
            lambda error: self._not_opened(pane, error),
        )
        self._flush()

    def _opened(self, pane: Pane, message: Message) -> None:
        if pane not in self._panes:
            # It was closed while it was being opened, and is not to stay open unheard.
            self._unheard.add(message["pane"])
            self._close_unheard()
            return
        for other in [other for other in self._panes if other is not pane and other.id == message["pane"]]:
            self._panes.remove(other)
            other.end("replaced")
        pane.on_opened(message)
        self._close_unheard()

    def _not_opened(self, pane: Pane, error: MuxwireError) -> None:
        if pane not in self._panes:
            return
        known = pane.id != ""
        if known and error.code == "NOT_FOUND":
            self._panes.remove(pane)
            pane.end("removed")
        elif error.retryable and (known or error.retry_after_ms is not None):
            wait = _OPEN_AGAIN if error.retry_after_ms is None else error.retry_after_ms
            self._later(wait, pane)
        else:
            self._panes.remove(pane)
            pane.end("closed", error)
        self._close_unheard()

    def _later(self, wait: int, pane: Pane) -> None:
        def again() -> None:
            self._timers.discard(timer)
            if self.link.is_open and pane in self._panes:
                self._open_pane(pane)

        timer = asyncio.get_running_loop().call_later(wait / 1000, again)
        self._timers.add(timer)

    def ack(self, pane: str, offset: int) -> bool:
        return self.link.send({"action": "ack", "pane": pane, "offset": offset})

    def close_pane(self, pane: Pane) -> None:
        if pane in self._panes:
            self._panes.remove(pane)
        if pane.is_bound:
            self._unheard.add(pane.id)
        self._close_unheard()

    def _close_unheard(self) -> None:
        """One that is being opened may be one of them, and would be closed again."""
        if not all(pane.is_bound for pane in self._panes):
            return
        for id in self._unheard:
            if not any(pane.id == id for pane in self._panes):
                self._send_close(id)
        self._unheard.clear()

    def _send_close(self, pane: str) -> None:
        self._ask({"action": "close", "target": {"pane": pane}}, "own", lambda _: None, lambda _: None)
        self._flush()

    def _stop_timers(self) -> None:
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()


def _once(act: Callable[[Any], None], answer: asyncio.Future[Message]) -> Callable[[Any], None]:
    """An answer that nobody waits for any more is dropped."""

    def settle(value: Any) -> None:
        if not answer.done():
            act(value)

    return settle

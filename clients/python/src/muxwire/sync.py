"""The same client for scripts without asyncio: calls wait, and iterators are plain ones.

    with muxwire.sync.Client("ws://127.0.0.1:8765/monitor", token=...) as client:
        for event in client.events({"types": ["pane.output"]}):
            print(event)

The connections live in a thread of their own, so they are kept while the script does something else.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Generic, Literal, Protocol, TypeVar

from . import client as _client
from . import pane as _pane
from . import state as _state
from . import stream as _stream
from . import terminal as _terminal
from .errors import MuxwireError
from .follower import Cursor, StreamItem
from .link import Connected, Message, Report, Status
from .pane import PaneItem, PaneSince
from .protocol import (
    AnswerResponseMessage,
    CancelledMessage,
    ClientsMessage,
    CommandResponseMessage,
    DigestMessage,
    DisconnectedMessage,
    Emitted,
    EmittedMessage,
    ExplanationMessage,
    Filters,
    HistoryPageMessage,
    PrintsIn,
    PromptResponseMessage,
    ReplayStartedMessage,
    ReplayStateMessage,
    ScreenMessage,
    SearchPageMessage,
    SeenMessage,
    SnapshotMessage,
    StatsMessage,
    TmuxBuffer,
    TmuxServer,
)
from .state import Record
from .terminal import TerminalItem

__all__ = ["Client", "Pane", "State", "Stream", "Terminal"]

T = TypeVar("T")
Item = TypeVar("Item", covariant=True)


class _Thread:
    """A loop that runs beside the script."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="muxwire", daemon=True)
        self._thread.start()

    def wait(self, work: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """Runs it there. If it takes longer than so many seconds, or the script is interrupted, it is cancelled."""
        if self._loop.is_closed():
            work.close()
            raise MuxwireError("CLOSED", "the client was closed")
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(timeout)
        except BaseException:
            future.cancel()
            raise

    def call(self, act: Callable[[], T]) -> T:
        async def run() -> T:
            return act()

        return self.wait(run())

    def end(self) -> None:
        if self._loop.is_closed():
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class _Source(Protocol[Item]):
    async def next(self) -> Item | None: ...

    def close(self) -> None: ...


class _Iterator(Generic[T]):
    """What an asynchronous iterator gives, item by item. Use it with `with`, or close it when the loop was left."""

    def __init__(self, thread: _Thread, source: _Source[T]) -> None:
        self._thread = thread
        self._source = source

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        item = self.next()
        if item is None:
            raise StopIteration
        return item

    def next(self, timeout: float | None = None) -> T | None:
        """The next item, or None at the end. After so many seconds without one it raises TimeoutError."""

        async def within() -> T | None:
            return await asyncio.wait_for(self._source.next(), timeout)

        try:
            return self._thread.wait(within())
        except asyncio.TimeoutError:
            raise TimeoutError(f"nothing came in {timeout} s") from None

    def close(self) -> None:
        self._thread.call(self._source.close)

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


_Self = TypeVar("_Self", bound="_Iterator[Any]")


class Stream(_Iterator[StreamItem]):
    _source: _stream.Stream

    @property
    def cursor(self) -> Cursor | None:
        """The position of the last item that was taken, or of a bookmark behind it: to be given as `since`."""
        return self._source.cursor

    @property
    def warnings(self) -> list[str]:
        return self._source.warnings


class Pane(_Iterator[PaneItem]):
    _source: _pane.Pane

    @property
    def id(self) -> str:
        return self._source.id

    @property
    def epoch(self) -> str | None:
        return self._source.epoch

    @property
    def offset(self) -> int | None:
        return self._source.offset

    @property
    def ended(self) -> str | None:
        return self._source.ended


class Terminal(_Iterator[TerminalItem]):
    _source: _terminal.Terminal

    @property
    def ended(self) -> str | None:
        return self._source.ended

    def write(self, data: str, paste: bool = False) -> None:
        self._thread.call(lambda: self._source.write(data, paste))

    def resize(self, cols: int, rows: int) -> None:
        self._thread.call(lambda: self._source.resize(cols, rows))


class State:
    """What there is in tmux. What is read of it is as of that moment, and does not change any more."""

    def __init__(self, thread: _Thread, state: _state.State) -> None:
        self._thread = thread
        self._state = state

    @property
    def server(self) -> TmuxServer | None:
        return self._state.server

    @property
    def sessions(self) -> dict[str, Record]:
        return self._thread.call(lambda: dict(self._state.sessions))

    @property
    def windows(self) -> dict[str, Record]:
        return self._thread.call(lambda: dict(self._state.windows))

    @property
    def panes(self) -> dict[str, Record]:
        return self._thread.call(lambda: dict(self._state.panes))

    @property
    def clients(self) -> dict[str, Record]:
        return self._thread.call(lambda: dict(self._state.clients))

    @property
    def buffers(self) -> dict[str, TmuxBuffer]:
        return self._thread.call(lambda: dict(self._state.buffers))

    def until(self, holds: Callable[[_state.State], T], timeout: float | None = None) -> T:
        """Waits until this gives something that is true, and returns it; it is asked in another thread.

        After so many seconds it raises TimeoutError.
        """

        async def within() -> T:
            return await asyncio.wait_for(self._state.until(lambda: holds(self._state)), timeout)

        try:
            return self._thread.wait(within())
        except asyncio.TimeoutError:
            raise TimeoutError(f"it did not become so in {timeout} s") from None

    def close(self) -> None:
        self._thread.call(self._state.close)


class Client:
    """See `muxwire.Client`. It connects when it is first needed; leaving `with` ends all connections."""

    def __init__(self, url: str, **options: Any) -> None:
        self._thread = _Thread()

        async def make() -> _client.Client:
            return _client.Client(url, **options)

        try:
            self._client = self._thread.wait(make())
        except BaseException:
            self._thread.end()
            raise

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return repr(self._client)

    @property
    def status(self) -> Status:
        return self._client.status

    def listen(self, listener: Callable[[Report], None]) -> Callable[[], None]:
        """Calls it, in another thread, with each change of the state of connections. What it returns ends that."""
        return self._client.listen(listener)

    def connect(self) -> Connected:
        return self._thread.wait(self._client.connect())

    def close(self) -> None:
        try:
            self._thread.wait(self._client.close())
        except MuxwireError as error:
            if error.code != "CLOSED":
                raise
        self._thread.end()

    def events(
        self,
        filters: Filters | Mapping[str, Any] | None = None,
        *,
        since: Cursor | None = None,
        prints_in: PrintsIn | None = None,
        without_watchers: bool | None = None,
    ) -> Stream:
        options: dict[str, Any] = {"since": since, "prints_in": prints_in, "without_watchers": without_watchers}
        return Stream(self._thread, self._thread.call(lambda: self._client.events(filters, **options)))

    def state(self) -> State:
        """What there is in tmux, kept up to date; it waits for the first snapshot."""

        async def ready() -> _state.State:
            return await self._client.state().ready()

        return State(self._thread, self._thread.wait(ready()))

    def open(
        self,
        target: _client.Targets,
        *,
        scrollback: int | None = None,
        ack_window: int | None = _client.DEFAULT,
        since: PaneSince | None = None,
    ) -> Pane:
        options: dict[str, Any] = {"scrollback": scrollback, "ack_window": ack_window, "since": since}
        return Pane(self._thread, self._thread.call(lambda: self._client.open(target, **options)))

    def terminal(
        self,
        session: str | Mapping[str, str],
        *,
        pane: str | None = None,
        scrollback: int | None = None,
        ack_window: int | None = _client.DEFAULT,
    ) -> Terminal:
        options: dict[str, Any] = {"pane": pane, "scrollback": scrollback, "ack_window": ack_window}
        return Terminal(self._thread, self._thread.call(lambda: self._client.terminal(session, **options)))

    def request(self, message: Mapping[str, Any], *, timeout: int | None = None) -> Message:
        return self._thread.wait(self._client.request(message, timeout=timeout))

    def snapshot(
        self, target: _client.Targets | None = None, *, screen: bool = False, timeout: int | None = None
    ) -> SnapshotMessage:
        return self._thread.wait(self._client.snapshot(target, screen=screen, timeout=timeout))

    def command(
        self,
        target: _client.Targets,
        command: str,
        *,
        paste: bool | None = None,
        submit_delay_ms: int | None = None,
        cancel_mode: bool | None = None,
        key: str | None = None,
        timeout: int | None = None,
    ) -> CommandResponseMessage:
        fields: dict[str, Any] = {"paste": paste, "submit_delay_ms": submit_delay_ms, "cancel_mode": cancel_mode}
        return self._thread.wait(self._client.command(target, command, key=key, timeout=timeout, **fields))

    def send_keys(
        self,
        target: _client.Targets,
        *,
        text: str | None = None,
        keys: Sequence[str] | None = None,
        paste: bool | None = None,
        submit_delay_ms: int | None = None,
        cancel_mode: bool | None = None,
        key: str | None = None,
        timeout: int | None = None,
    ) -> CommandResponseMessage:
        fields: dict[str, Any] = {"paste": paste, "submit_delay_ms": submit_delay_ms, "cancel_mode": cancel_mode}
        return self._thread.wait(
            self._client.send_keys(target, text=text, keys=keys, key=key, timeout=timeout, **fields)
        )

    def prompt(
        self,
        target: _client.Targets,
        text: str,
        *,
        queue: bool | None = None,
        timeout_ms: int | None = None,
        key: str | None = None,
        timeout: int | None = None,
    ) -> PromptResponseMessage:
        work = self._client.prompt(target, text, queue=queue, timeout_ms=timeout_ms, key=key, timeout=timeout)
        return self._thread.wait(work)

    def answer(
        self,
        target: _client.Targets,
        dialog: str,
        choice: int | str,
        *,
        timeout_ms: int | None = None,
        key: str | None = None,
        timeout: int | None = None,
    ) -> AnswerResponseMessage:
        work = self._client.answer(target, dialog, choice, timeout_ms=timeout_ms, key=key, timeout=timeout)
        return self._thread.wait(work)

    def seen(self, target: _client.Targets | None = None, *, timeout: int | None = None) -> SeenMessage:
        return self._thread.wait(self._client.seen(target, timeout=timeout))

    def explain(self, target: _client.Targets, *, timeout: int | None = None) -> ExplanationMessage:
        return self._thread.wait(self._client.explain(target, timeout=timeout))

    def history(
        self,
        *,
        types: Sequence[str] | None = None,
        sessions: Sequence[str] | None = None,
        panes: Sequence[str] | None = None,
        agents: Sequence[str] | None = None,
        from_: str | None = None,
        to: str | None = None,
        after: str | None = None,
        before: str | None = None,
        limit: int | None = None,
        order: Literal["newest", "oldest"] | None = None,
        timeout: int | None = None,
    ) -> HistoryPageMessage:
        options: dict[str, Any] = {"types": types, "sessions": sessions, "panes": panes, "agents": agents}
        options.update({"from_": from_, "to": to, "after": after, "before": before, "limit": limit})
        return self._thread.wait(self._client.history(**options, order=order, timeout=timeout))

    def search(
        self,
        *,
        words: str | None = None,
        regex: str | None = None,
        sessions: Sequence[str] | None = None,
        panes: Sequence[str] | None = None,
        severity: Literal["info", "warning", "error"] | None = None,
        from_: str | None = None,
        to: str | None = None,
        before: str | None = None,
        limit: int | None = None,
        timeout: int | None = None,
    ) -> SearchPageMessage:
        options: dict[str, Any] = {"words": words, "regex": regex, "sessions": sessions, "panes": panes}
        options.update({"severity": severity, "from_": from_, "to": to, "before": before, "limit": limit})
        return self._thread.wait(self._client.search(**options, timeout=timeout))

    def screen_at(
        self, target: _client.Targets, at: str, *, offset: int | None = None, timeout: int | None = None
    ) -> ScreenMessage:
        return self._thread.wait(self._client.screen_at(target, at, offset=offset, timeout=timeout))

    def replay(
        self,
        target: _client.Targets,
        from_: str,
        take: Callable[[dict[str, Any]], object],
        *,
        to: str | None = None,
        speed: float | None = None,
        skip_idle: bool | None = None,
        ack_window: int | None = None,
        timeout: int | None = None,
    ) -> ReplayStartedMessage:
        """`take` is called in the thread of the connections, which waits for it."""
        options: dict[str, Any] = {"to": to, "speed": speed, "skip_idle": skip_idle, "ack_window": ack_window}
        return self._thread.wait(self._client.replay(target, from_, take, **options, timeout=timeout))

    def control_replay(
        self,
        replay: int,
        *,
        paused: bool | None = None,
        speed: float | None = None,
        skip_idle: bool | None = None,
        seek: str | None = None,
        stop: bool | None = None,
        ack: int | None = None,
        timeout: int | None = None,
    ) -> ReplayStateMessage:
        options: dict[str, Any] = {"paused": paused, "speed": speed, "skip_idle": skip_idle}
        options.update({"seek": seek, "stop": stop, "ack": ack})
        return self._thread.wait(self._client.control_replay(replay, **options, timeout=timeout))

    def digest(
        self,
        since: str,
        *,
        to: str | None = None,
        sessions: Sequence[str] | None = None,
        agents: Sequence[str] | None = None,
        timeout: int | None = None,
    ) -> DigestMessage:
        options: dict[str, Any] = {"to": to, "sessions": sessions, "agents": agents}
        return self._thread.wait(self._client.digest(since, **options, timeout=timeout))

    def cancel(self, request: int | str, *, timeout: int | None = None) -> CancelledMessage:
        return self._thread.wait(self._client.cancel(request, timeout=timeout))

    def emit(self, events: Sequence[Emitted], *, key: str | None = None, timeout: int | None = None) -> EmittedMessage:
        return self._thread.wait(self._client.emit(events, key=key, timeout=timeout))

    def stats(self, *, timeout: int | None = None) -> StatsMessage:
        return self._thread.wait(self._client.stats(timeout=timeout))

    def clients(self, *, timeout: int | None = None) -> ClientsMessage:
        return self._thread.wait(self._client.clients(timeout=timeout))

    def disconnect(
        self, client_id: str, reason: str | None = None, *, timeout: int | None = None
    ) -> DisconnectedMessage:
        return self._thread.wait(self._client.disconnect(client_id, reason, timeout=timeout))

    def wake(self) -> None:
        self._thread.call(self._client.wake)

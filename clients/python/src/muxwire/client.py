"""A client of one server."""

from __future__ import annotations

import asyncio
import inspect
import random as _random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, TypeVar, Union, cast

from .errors import MuxwireError, invalid
from .follower import Cursor, StreamItem
from .link import Connected, Connecting, Link, Message, Report, Status
from .main import Main
from .options import Limits, endpoint, terminal_endpoint
from .pane import Pane, PaneSince
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
    Target,
)
from .state import State
from .stream import Stream
from .terminal import Terminal
from .tokens import Tokens, TokenSource

# An id of a pane stands for the pane.
Targets = Union[Target, str]
_Part = Union[Stream, State, Terminal]
P = TypeVar("P", Stream, State, Terminal)
# The window of the limits.
DEFAULT = -1


class Client:
    """A client of one server. Making it connects nothing.

    Use it with `async with`, which closes it; what it is made of comes back by itself whenever the network goes.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        get_token: TokenSource | None = None,
        binary: bool = True,
        limits: Limits | None = None,
        random: Callable[[], float] = _random.random,
    ) -> None:
        if token is not None and get_token is not None:
            raise invalid("give token or get_token, not both")
        self._url = endpoint(url)
        self.limits = limits or Limits()
        self.tokens = Tokens(token, get_token)
        self.random = random
        self._protocols = ["muxwire.v1.bin", "muxwire.v1"] if binary else ["muxwire.v1"]
        self._main = Main(self, self._url, self._protocols)
        self._parts: dict[Link, _Part] = {}
        self._listeners: list[Callable[[Report], None]] = []
        self._connecting: list[asyncio.Future[Connected]] = []
        self._welcome: Connected | None = None
        self._error: MuxwireError | None = None
        self._left: set[Link] = set()

    def __repr__(self) -> str:
        return f"<muxwire.Client of {self._url}, {self.status}>"

    @property
    def status(self) -> Status:
        """`connected` if all connections stand, `disconnected` if there are none, otherwise `connecting`."""
        found = {link.status for link in self._links()}
        if "connecting" in found:
            return "connecting"
        return "connected" if "connected" in found else "disconnected"

    def listen(self, listener: Callable[[Report], None]) -> Callable[[], None]:
        """Calls it with each change of the state of connections. What it returns ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def connect(self) -> Connected:
        """Waits until requests can be sent: the address is right, and the token is good."""
        self._check()
        if self._main.link.status == "connected" and self._welcome is not None:
            return self._welcome
        self.tokens.forget()
        waiting: asyncio.Future[Connected] = asyncio.get_running_loop().create_future()
        self._connecting.append(waiting)
        self._main.link.start()
        return await waiting

    async def close(self) -> None:
        """Ends all connections, and all that waits for something."""
        if self._error is None:
            self._error = MuxwireError("CLOSED", "the client was closed")
            for part in list(self._parts.values()):
                part.fail(self._error)
            self._main.link.close()
            self._main.on_end(self._error)
            self._settle(self._error)
        for link in [self._main.link, *self._left]:
            await link.wait_closed()
        self._left.clear()

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def events(
        self,
        filters: Filters | Mapping[str, Any] | None = None,
        *,
        since: Cursor | None = None,
        prints_in: PrintsIn | None = None,
        without_watchers: bool | None = None,
    ) -> Stream:
        """What happens, as an iterator, on a connection of its own."""
        wish = given(filters=filters, since=since, prints_in=prints_in, without_watchers=without_watchers)
        return self._add(Stream(self, self._url, wish, self._forget))

    async def on(
        self,
        filters: Filters | Mapping[str, Any] | None,
        callback: Callable[[StreamItem], Awaitable[None] | None],
        **options: Any,
    ) -> None:
        """Calls back with one item after the other, and waits for it. Ends with the stream, or when it is cancelled."""
        async with self.events(filters, **options) as stream:
            while (item := await stream.next()) is not None:
                answer = callback(item)
                if inspect.isawaitable(answer):
                    await answer

    def state(self) -> State:
        """What there is in tmux, kept up to date, on a connection of its own."""
        return self._add(State(self, self._url, self._forget))

    def open(
        self,
        target: Targets,
        *,
        scrollback: int | None = None,
        ack_window: int | None = DEFAULT,
        since: PaneSince | None = None,
    ) -> Pane:
        """The bytes of a pane. With `ack_window=None`, what waits for the program is not bounded."""
        self._check()
        return self._main.open(to_target(target), scrollback, self._window(ack_window), since)

    def terminal(
        self,
        session: str | Mapping[str, str],
        *,
        pane: str | None = None,
        scrollback: int | None = None,
        ack_window: int | None = DEFAULT,
    ) -> Terminal:
        """The pane that a session shows, as web terminals have it, on a connection of its own.

        A session is its name or its id, or `{"name": ...}` or `{"id": ...}` for that alone.
        """
        query = {"pane": pane} if pane is not None else {}
        if isinstance(session, str):
            name = session
        elif set(session) in ({"id"}, {"name"}):
            ((by, name),) = session.items()
            query["by"] = by
        else:
            raise invalid('a session is a text, {"id": "$1"} or {"name": "api"}')
        url = terminal_endpoint(self._url, name, query)
        window = self._window(ack_window)
        return self._add(Terminal(self, url, self._protocols, scrollback, window, self._forget))

    async def request(self, message: Mapping[str, Any], *, timeout: int | None = None) -> Message:
        """Sends any request, and gives its reply. `timeout` is in milliseconds."""
        self._check()
        if not isinstance(message.get("action"), str):
            raise invalid("a request says in `action` what it asks for")
        return await self._main.request(message, timeout)

    async def snapshot(
        self, target: Targets | None = None, *, screen: bool = False, timeout: int | None = None
    ) -> SnapshotMessage:
        """What there is in tmux now."""
        fields = given(target=None if target is None else to_target(target), screen=screen or None)
        request = {"action": "snapshot", **fields}
        return cast(SnapshotMessage, await self.request(request, timeout=timeout))

    async def command(
        self,
        target: Targets,
        command: str,
        *,
        paste: bool | None = None,
        submit_delay_ms: int | None = None,
        cancel_mode: bool | None = None,
        key: str | None = None,
        timeout: int | None = None,
    ) -> CommandResponseMessage:
        """Types a line and presses Enter. It is typed once, whatever the network does."""
        fields = given(paste=paste, submit_delay_ms=submit_delay_ms, cancel_mode=cancel_mode, key=key)
        request = {"action": "command", "target": to_target(target), "command": command, **fields}
        return cast(CommandResponseMessage, await self.request(request, timeout=timeout))

    async def send_keys(
        self,
        target: Targets,
        *,
        text: str | None = None,
        keys: Sequence[str] | None = None,
        paste: bool | None = None,
        submit_delay_ms: int | None = None,
        cancel_mode: bool | None = None,
        key: str | None = None,
        timeout: int | None = None,
    ) -> CommandResponseMessage:
        """Types `text`, or presses `keys`. They are typed once, whatever the network does."""
        fields = given(
            text=text, keys=keys, paste=paste, submit_delay_ms=submit_delay_ms, cancel_mode=cancel_mode, key=key
        )
        request = {"action": "send-keys", "target": to_target(target), **fields}
        return cast(CommandResponseMessage, await self.request(request, timeout=timeout))

    async def prompt(
        self,
        target: Targets,
        text: str,
        *,
        queue: bool | None = None,
        timeout_ms: int | None = None,
        key: str | None = None,
        timeout: int | None = None,
    ) -> PromptResponseMessage:
        """Gives the agent in a pane a prompt, once.

        `submitted` says whether there is proof that it has it, `reason` why not. `timeout_ms` is for the proof.
        """
        fields = given(queue=queue, timeout_ms=timeout_ms, key=key)
        request = {"action": "prompt", "target": to_target(target), "text": text, **fields}
        return cast(PromptResponseMessage, await self.request(request, timeout=timeout))

    async def answer(
        self,
        target: Targets,
        dialog: str,
        choice: int | str,
        *,
        timeout_ms: int | None = None,
        key: str | None = None,
        timeout: int | None = None,
    ) -> AnswerResponseMessage:
        """Makes a choice in this dialog of the agent in a pane, once, and in no other one.

        `dialog` is its fingerprint, `choice` the number of a choice from 1 on, or its text.
        """
        fields = given(timeout_ms=timeout_ms, key=key)
        request = {"action": "answer", "target": to_target(target), "dialog": dialog, "choice": choice, **fields}
        return cast(AnswerResponseMessage, await self.request(request, timeout=timeout))

    async def seen(self, target: Targets | None = None, *, timeout: int | None = None) -> SeenMessage:
        """Marks the agents there as seen, or without a target all, for whoever shows this token."""
        request = {"action": "seen", **given(target=None if target is None else to_target(target))}
        return cast(SeenMessage, await self.request(request, timeout=timeout))

    async def explain(self, target: Targets, *, timeout: int | None = None) -> ExplanationMessage:
        """What the server holds for and against what it says of the agent in a pane."""
        request = {"action": "explain", "target": to_target(target)}
        return cast(ExplanationMessage, await self.request(request, timeout=timeout))

    async def history(
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
        """Events of the past, a page at a time.

        `next` of the page goes on as `before`, or with the oldest first as `after`.
        """
        lists = given(types=types, sessions=sessions, panes=panes, agents=agents)
        fields = given(**{"from": from_}, to=to, after=after, before=before, limit=limit, order=order)
        request = {"action": "history", **lists, **fields}
        return cast(HistoryPageMessage, await self.request(request, timeout=timeout))

    async def search(
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
        """Lines that panes printed, the newest first: with `words`, or those that a `regex` fits."""
        what = given(words=words, regex=regex, sessions=sessions, panes=panes, severity=severity)
        fields = given(**{"from": from_}, to=to, before=before, limit=limit)
        request = {"action": "search", **what, **fields}
        return cast(SearchPageMessage, await self.request(request, timeout=timeout))

    async def screen_at(
        self, target: Targets, at: str, *, offset: int | None = None, timeout: int | None = None
    ) -> ScreenMessage:
        """A pane as it was at a time, or behind the `offset` of a hit."""
        request = {"action": "screen", "target": to_target(target), "at": at, **given(offset=offset)}
        return cast(ScreenMessage, await self.request(request, timeout=timeout))

    async def replay(
        self,
        target: Targets,
        from_: str,
        take: Callable[[dict[str, Any]], object],
        *,
        to: str | None = None,
        speed: float | None = None,
        skip_idle: bool | None = None,
        ack_window: int | None = None,
        timeout: int | None = None,
    ) -> ReplayStartedMessage:
        """What a pane printed from a time on, once more, at a pace.

        What comes of it is given to `take`, at last its end.
        """
        self._check()
        fields = given(to=to, speed=speed, skip_idle=skip_idle, ack_window=ack_window)
        request = {"action": "replay", "target": to_target(target), "from": from_, **fields}
        return cast(ReplayStartedMessage, await self._main.replay(request, take, timeout))

    async def control_replay(
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
        """Lets a replay stand still, go on, go elsewhere or stop."""
        fields = given(paused=paused, speed=speed, skip_idle=skip_idle, seek=seek, stop=stop, ack=ack)
        request = {"action": "replay-control", "replay": replay, **fields}
        return cast(ReplayStateMessage, await self.request(request, timeout=timeout))

    async def digest(
        self,
        since: str,
        *,
        to: str | None = None,
        sessions: Sequence[str] | None = None,
        agents: Sequence[str] | None = None,
        timeout: int | None = None,
    ) -> DigestMessage:
        """What agents did since a time, or a span before now such as `8h`."""
        fields = given(to=to, sessions=sessions, agents=agents)
        return cast(DigestMessage, await self.request({"action": "digest", "since": since, **fields}, timeout=timeout))

    async def cancel(self, request: int | str, *, timeout: int | None = None) -> CancelledMessage:
        """Ends a question about the past, by the `id` that the program gave it with `request`."""
        return cast(CancelledMessage, await self.request({"action": "cancel", "request": request}, timeout=timeout))

    async def emit(
        self, events: Sequence[Emitted], *, key: str | None = None, timeout: int | None = None
    ) -> EmittedMessage:
        """Adds events of the program's own to the log, all of them or none, and once."""
        request = {"action": "emit", "events": list(events), **given(key=key)}
        return cast(EmittedMessage, await self.request(request, timeout=timeout))

    async def stats(self, *, timeout: int | None = None) -> StatsMessage:
        """How this client and the server fare."""
        return cast(StatsMessage, await self.request({"action": "stats"}, timeout=timeout))

    async def clients(self, *, timeout: int | None = None) -> ClientsMessage:
        """Who is connected."""
        return cast(ClientsMessage, await self.request({"action": "clients"}, timeout=timeout))

    async def disconnect(
        self, client_id: str, reason: str | None = None, *, timeout: int | None = None
    ) -> DisconnectedMessage:
        """Ends somebody's connection."""
        request = {"action": "disconnect", "client_id": client_id, **given(reason=reason)}
        return cast(DisconnectedMessage, await self.request(request, timeout=timeout))

    def wake(self) -> None:
        """The network is back, or the machine slept: what waits connects now, what is connected is tried."""
        for link in self._links():
            link.wake()

    def changed(self, link: Link, report: Connecting | Connected | MuxwireError | None) -> None:
        """A link has changed its state."""
        if report is None:
            return
        is_main = link is self._main.link
        if isinstance(report, MuxwireError):
            if is_main:
                self._settle(report)
            if self.status == "disconnected":
                self._report({"type": "disconnected", "code": report.code, "reason": report.message})
        elif report["type"] == "connecting":
            self._report(report)
        else:
            if is_main:
                self._welcome = report
                self._settle(report)
            if self.status == "connected":
                self._report(report)

    def _links(self) -> list[Link]:
        return [self._main.link, *self._parts]

    def _add(self, part: P) -> P:
        self._check()
        self._parts[part.link] = part
        part.link.start()
        return part

    def _forget(self, link: Link) -> None:
        self._parts.pop(link, None)
        self._left.add(link)

    def _window(self, given: int | None) -> int | None:
        return self.limits.ack_window if given == DEFAULT else given

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def _settle(self, what: Connected | MuxwireError) -> None:
        waiting, self._connecting = self._connecting, []
        for one in waiting:
            if one.done():
                continue
            if isinstance(what, MuxwireError):
                one.set_exception(what)
            else:
                one.set_result(what)

    def _report(self, report: Report) -> None:
        for listener in list(self._listeners):
            try:
                listener(report)
            except Exception as why:
                context = {"message": "a listener of a muxwire client failed", "exception": why}
                asyncio.get_running_loop().call_exception_handler(context)


def to_target(target: Targets) -> Target:
    return {"pane": target} if isinstance(target, str) else target


def given(**fields: Any) -> dict[str, Any]:
    """The fields that were given."""
    return {name: value for name, value in fields.items() if value is not None}

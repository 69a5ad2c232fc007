"""What there is in tmux, kept up to date."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar, Union, cast

from .errors import MuxwireError
from .follower import Follower, Lost, Position, Sink
from .link import Link, Message, Shared
from .protocol import STRUCTURAL, AnyEvent, SnapshotMessage, TmuxBuffer, TmuxServer

# A record of a session, window, pane or client, in the form of docs/client.md. It is replaced and never changed.
Record = dict[str, Any]
T = TypeVar("T")
# What a listener is called with.
Change = Union[AnyEvent, Lost, SnapshotMessage]


class Tmux:
    """What a snapshot and the events behind it come to."""

    def __init__(self) -> None:
        self.server: TmuxServer | None = None
        self.sessions: dict[str, Record] = {}
        self.windows: dict[str, Record] = {}
        self.panes: dict[str, Record] = {}
        self.clients: dict[str, Record] = {}
        self.buffers: dict[str, TmuxBuffer] = {}
        # A session to the id of its current window: while windows swap, one index stands for two of them.
        self._current: dict[str, str] = {}

    def replace(self, snapshot: SnapshotMessage) -> None:
        """Takes in a snapshot of everything."""
        self.clear()
        self.server = snapshot["server"]
        for session in snapshot["sessions"]:
            known = {name: value for name, value in session.items() if name != "windows"}
            self.sessions[session["id"]] = {**known, "windows": {}, "alerts": {}}
            self._contents(session["id"], cast(list[Record], session["windows"]), [])
        for client in snapshot["clients"]:
            self._client(cast(Record, client))
        for buffer in snapshot["buffers"]:
            self.buffers[buffer["name"]] = buffer

    def clear(self) -> None:
        self.server = None
        for records in (self.sessions, self.windows, self.panes, self.clients, self.buffers):
            records.clear()
        self._current.clear()

    def apply(self, event: Message) -> None:
        """Takes in an event that follows. One of what is not there, or of a type that is not known, changes nothing."""
        family, _, kind = event["type"].partition(".")
        handler = {
            "server": self._on_server,
            "session": self._on_session,
            "window": self._on_window,
            "pane": self._on_pane,
            "agent": self._on_agent,
            "client": self._on_client,
            "buffer": self._on_buffer,
        }.get(family)
        if handler is not None:
            handler(kind, event, event["data"])

    def _on_server(self, kind: str, event: Message, data: Record) -> None:
        if kind in ("connected", "changed"):
            self.server = cast(TmuxServer, data)
        elif kind == "lost":
            self.clear()

    def _on_session(self, kind: str, event: Message, data: Record) -> None:
        session = event["session_id"]
        if kind == "removed":
            self.sessions.pop(session, None)
            self._current.pop(session, None)
            self.clients = {name: one for name, one in self.clients.items() if one["session_id"] != session}
            self._drop_unlinked()
        elif kind in ("created", "renamed", "changed"):
            known = self.sessions.get(session, {"id": session, "active": None, "windows": {}, "alerts": {}})
            fields = ("path", "created", "group", "destroy_unattached", "streamed")
            self.sessions[session] = {**known, "name": data["session"], **{name: data[name] for name in fields}}
            if "contents" in data:
                self._contents(session, data["contents"]["windows"], data["contents"]["clients"])

    def _contents(self, session: str, windows: list[Record], clients: list[Record]) -> None:
        for window in windows:
            self._window(session, window)
        for client in clients:
            self._client(client)

    def _window(self, session: str, window: Record) -> None:
        there = self.sessions.get(session)
        if there is not None:
            self.sessions[session] = {
                **there,
                "windows": {**there["windows"], window["index"]: window["id"]},
                "alerts": _marked(there["alerts"], window["id"], window["alerts"]),
                "active": window["index"] if window["active"] else there["active"],
            }
            if window["active"]:
                self._current[session] = window["id"]
        own = without(window, "index", "active", "alerts", "panes")
        self.windows[window["id"]] = {**own, "active": None}
        for pane in window["panes"]:
            self._pane(window["id"], pane)

    def _pane(self, window: str, pane: Record) -> None:
        if pane["active"]:
            self._change(self.windows, window, active=pane["id"])
        own = without(pane, "active", "screen", "screen_error", "moved")
        self.panes[pane["id"]] = {**own, "window": window}

    def _on_window(self, kind: str, event: Message, data: Record) -> None:
        window, index, session = event.get("window_id", ""), event.get("window"), event.get("session_id", "")
        there = self.sessions.get(session)
        if kind == "created":
            self._window(session, data)
        elif kind == "removed":
            if there is not None:
                self.sessions[session] = _unlinked(there, window, index, self._is_current(session, window, index))
            self._drop_unlinked()
        elif kind == "renamed":
            self._change(self.windows, window, name=data["name"])
        elif kind == "layout_changed":
            shape = {name: data[name] for name in ("layout", "width", "height", "zoomed")}
            self._change(self.windows, window, **shape)
            for pane in data["panes"]:
                self._change(self.panes, pane["id"], index=pane["index"])
        elif kind == "moved" and there is not None:
            self.sessions[session] = _moved(
                there, window, data["previous"], index, self._is_current(session, window, data["previous"])
            )
        elif kind == "active_changed":
            self._current[session] = window
            self._change(self.sessions, session, active=index)
        elif kind == "alert" and there is not None:
            self._change(self.sessions, session, alerts=_marked(there["alerts"], window, data["alerts"]))

    def _is_current(self, session: str, window: str, index: int | None) -> bool:
        return bool(self.sessions[session]["active"] == index and self._current.get(session) == window)

    def _on_pane(self, kind: str, event: Message, data: Record) -> None:
        pane, window = event.get("pane", ""), event.get("window_id", "")
        if kind == "created":
            self._pane(window, data)
        elif kind == "removed":
            if pane in self.panes and self.panes[pane]["window"] == window:
                del self.panes[pane]
            if window in self.windows and self.windows[window]["active"] == pane:
                self._change(self.windows, window, active=None)
        elif kind == "active_changed":
            self._change(self.windows, window, active=pane)
        elif kind == "exited":
            self._change(self.panes, pane, exit=data, pid=0)
        elif kind == "command_changed":
            # A process runs: if the pane was dead, it was respawned.
            respawned = {} if data["pid"] == 0 else {"exit": None}
            self._change(self.panes, pane, command=data["command"], pid=data["pid"], **respawned)
        elif kind in ("title_changed", "path_changed", "mode_changed"):
            field = kind.removesuffix("_changed")
            self._change(self.panes, pane, **{field: data[field]})
        elif kind == "resized":
            self._change(self.panes, pane, width=data["width"], height=data["height"])

    def _on_agent(self, kind: str, event: Message, data: Record) -> None:
        pane = event.get("pane", "")
        if pane not in self.panes:
            return
        if kind == "ended":
            self.panes[pane] = without(self.panes[pane], "agent")
        elif kind in ("started", "status"):
            self._change(self.panes, pane, agent=without(data, "previous"))
        elif kind == "usage" and "agent" in self.panes[pane]:
            self._change(self.panes, pane, agent={**self.panes[pane]["agent"], "usage": data["usage"]})

    def _on_client(self, kind: str, event: Message, data: Record) -> None:
        if kind in ("attached", "session_changed"):
            self._client(data)
        elif kind == "detached":
            self.clients.pop(data["name"], None)

    def _client(self, client: Record) -> None:
        self.clients[client["name"]] = without(client, "session", "previous")

    def _on_buffer(self, kind: str, event: Message, data: Record) -> None:
        if kind == "changed":
            self.buffers[data["name"]] = cast(TmuxBuffer, data)
        elif kind == "deleted":
            self.buffers.pop(data["name"], None)

    @staticmethod
    def _change(records: dict[str, Record], key: str, **fields: Any) -> None:
        if key in records:
            records[key] = {**records[key], **fields}

    def _drop_unlinked(self) -> None:
        """A window that stands in no session any more is gone, and its panes with it."""
        linked = {window for session in self.sessions.values() for window in session["windows"].values()}
        self.windows = {id: window for id, window in self.windows.items() if id in linked}
        self.panes = {id: pane for id, pane in self.panes.items() if pane["window"] in self.windows}


def without(record: Record, *fields: str) -> Record:
    return {name: value for name, value in record.items() if name not in fields}


def _marked(known: Record, window: str, alerts: list[str]) -> Record:
    rest = without(known, window)
    return {**rest, window: alerts} if alerts else rest


def _unlinked(session: Record, window: str, index: int | None, current: bool) -> Record:
    windows = {at: id for at, id in session["windows"].items() if at != index or id != window}
    alerts = session["alerts"] if window in windows.values() else without(session["alerts"], window)
    return {**session, "windows": windows, "alerts": alerts, "active": None if current else session["active"]}


def _moved(session: Record, window: str, previous: int, index: int | None, current: bool) -> Record:
    # Two that swap give two events: where the one was, the other may stand already.
    windows = {at: id for at, id in session["windows"].items() if at != previous or id != window}
    return {**session, "windows": {**windows, index: window}, "active": index if current else session["active"]}


class State(Tmux, Sink):
    """What there is in tmux, kept up to date until it is closed. `ready` waits for the first snapshot."""

    def __init__(self, shared: Shared, url: str, done: Callable[[Link], None]) -> None:
        super().__init__()
        # Why it is not kept up to date any more.
        self.error: MuxwireError | None = None
        self.position: Position | None = None
        self._done = done
        self._ready = asyncio.Event()
        # Each waits for something, and asks for it.
        self._waiting: list[Callable[[], None]] = []
        self._listeners: list[Callable[[Change], None]] = []
        wish = {"filters": {"types": list(STRUCTURAL)}}
        self._follower = Follower(shared, url, wish, self, True)

    @property
    def link(self) -> Link:
        return self._follower.link

    async def ready(self) -> State:
        """Waits for the first snapshot."""
        await self._ready.wait()
        if self.error is not None:
            raise self.error
        return self

    def listen(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        """Calls it with each event that was applied, and with each snapshot. What it returns ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def until(self, holds: Callable[[], T]) -> T:
        """Waits until this gives something that is true, which is asked now and after each change, and returns it."""
        await self.ready()
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def ask() -> None:
            if answer.done():
                return
            try:
                if self.error is not None:
                    raise self.error
                if found := holds():
                    answer.set_result(found)
            except Exception as why:
                answer.set_exception(why)

        ask()
        self._waiting.append(ask)
        try:
            return await answer
        finally:
            self._waiting.remove(ask)

    def close(self) -> None:
        self.link.close()
        self._end(MuxwireError("CLOSED", "the state was closed"))

    def fail(self, error: MuxwireError) -> None:
        self.link.close()
        self._end(error)

    def on_item(self, item: Any, position: Position, length: int) -> None:
        self.position = position
        if item["type"] == "lost":
            self.replace(item["snapshot"])
        elif item["type"] == "snapshot":
            self.replace(item)
        else:
            self.apply(item)
        self._ready.set()
        self._ask()
        for listener in list(self._listeners):
            try:
                listener(item)
            except Exception as why:
                # One that fails must not take the others along, nor the state.
                context = {"message": "a listener of a muxwire state failed", "exception": why}
                asyncio.get_running_loop().call_exception_handler(context)

    def on_moved(self, position: Position) -> None:
        self.position = position

    def on_warnings(self, warnings: list[str]) -> None:
        """All filters are this library's own."""

    def on_end(self, error: MuxwireError) -> None:
        self._end(error)

    def _end(self, error: MuxwireError) -> None:
        self.error = self.error or error
        self._ready.set()
        self._ask()
        self._done(self.link)

    def _ask(self) -> None:
        for ask in list(self._waiting):
            ask()

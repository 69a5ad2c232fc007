"""The messages of the protocol, made by scripts/make_types.py from grammar/protocol/v1."""

# ruff: noqa: E501
from __future__ import annotations

from typing import Any, Literal, TypeAlias, TypedDict, Union


class TmuxServer(TypedDict):
    pid: Count
    start_time: Seconds
    version: str
    # What the server's user should know before it happens.
    warnings: list[ServerWarning]


class ServerWarning(TypedDict):
    """Something about a server, with a word for programs, one sentence, and what can be done about it."""

    code: str
    message: str
    remedy: str


class Exit(TypedDict):
    """How the process ended, as far as the version of tmux reports it."""

    status: int | None
    signal: int | None


class TmuxWindow(TypedDict):
    id: WindowId
    index: Count
    name: str
    # Whether it is the current window of this session.
    active: bool
    width: Count
    height: Count
    zoomed: bool
    alerts: Alerts
    # tmux's layout string.
    layout: str
    panes: list[TmuxPane]


class _TmuxPane(TypedDict):
    id: PaneId
    index: Count
    # Whether it is the active pane of its window.
    active: bool
    width: Count
    height: Count
    pid: Count
    exit: Exit | None
    # Such as copy-mode.
    mode: str | None
    title: str
    command: str
    path: str


class TmuxPane(_TmuxPane, total=False):
    # In pane.created: it came from another window.
    moved: bool
    agent: Agent
    screen: Screen
    # Why the screen could not be captured.
    screen_error: str


class _AgentDialog(TypedDict):
    # What tells it from all others, also from one that says the same later.
    fingerprint: str


class AgentDialog(_AgentDialog, total=False):
    """The dialog that the agent shows, while it waits. An answer names its fingerprint."""

    # Its choices, as far as they are known. Hostile, as all output.
    options: list[str]


class AgentBackground(TypedDict, total=False):
    """What runs behind it, whatever its status."""

    shells: Count
    agents: Count


class _Agent(TypedDict):
    # Such as claude.
    agent_type: str
    status: AgentStatus
    # How sure the status is.
    confidence: Literal["low", "medium", "high"]
    # Since when it has had this status: RFC 3339, UTC, milliseconds.
    since: str


class Agent(_Agent, total=False):
    """The agent in a pane. What is not known is absent. There may be values of reason and source that are new to you."""

    # What it waits for or why it failed, in a word such as permission.
    reason: str
    # What the status rests on, in a word such as screen.
    source: str
    # What the agent says about it, such as the command that it asks for. Hostile, as all output.
    message: str
    # The dialog that the agent shows, while it waits. An answer names its fingerprint.
    dialog: AgentDialog
    # As the agent names it.
    model: str
    # Such as plan.
    mode: str
    # How much of its context is left.
    context_left_percent: Count
    # How long the turn has lasted, as the agent shows it.
    elapsed_ms: Count
    # Tokens of the turn, as the agent shows them.
    tokens: Count
    # When a limit ends, in the agent's own words.
    resets_at: str
    # What runs behind it, whatever its status.
    background: AgentBackground
    usage: Usage
    # Whether there is nothing new to be seen: the client, by any connection with its token, has marked the agent as seen since it is as it is, or the agent has done nothing since it was found ready.
    seen: bool
    # In agent.status: its status before.
    previous: AgentStatus


class UsageTools(TypedDict):
    total_calls: Count
    # Calls of each tool, by its name.
    by_type: dict[str, Count]


class _Usage(TypedDict):
    # Answers of models.
    requests: Count
    # Read by the model, and found in no cache.
    input_tokens: Count
    # Read from a cache.
    cache_read_tokens: Count
    # Written to a cache.
    cache_write_tokens: Count
    # Written by the model.
    output_tokens: Count
    # Of output_tokens, what the model thought.
    reasoning_tokens: Count
    models: list[ModelUsage]
    tools: UsageTools


class Usage(_Usage, total=False):
    """What the session of an agent has used, by its own transcript. Names in it are hostile, as all output."""

    # What all of it costs in US dollars. Absent if the price of a model is not known.
    cost_usd: float
    # The date of the prices.
    prices_of: str


class _ModelUsage(TypedDict):
    # As the transcript names it.
    model: str
    # Its answers.
    requests: Count
    # Read by the model, and found in no cache.
    input_tokens: Count
    # Read from a cache.
    cache_read_tokens: Count
    # Written to a cache.
    cache_write_tokens: Count
    # Written by the model.
    output_tokens: Count
    # Of output_tokens, what the model thought.
    reasoning_tokens: Count


class ModelUsage(_ModelUsage, total=False):
    """What was asked of one model."""

    # In US dollars. Absent if its price is not known.
    cost_usd: float


class _Alert(TypedDict):
    # Its name, which no other alert has.
    id: str
    # The rule that raised it.
    rule: str
    # How much it matters.
    severity: Literal["info", "warning", "error", "critical"]
    # What it is about. Of one key there is one alert at a time.
    key: str
    # What happened, in a line for people.
    title: str
    # Since when what it is about holds: RFC 3339, UTC, milliseconds.
    since: str


class Alert(_Alert, total=False):
    """Something that somebody should look at. What is not known is absent."""

    # What the agent says about it. Hostile, as all output.
    message: str
    # The agent that it is about, such as claude.
    agent_type: str
    # What that agent does.
    status: AgentStatus
    # Why, in a word such as permission.
    reason: str
    # In alert.cleared: why it is over: over, gone or rules. There may be values that are new to you.
    cause: str


class _Resources(TypedDict):
    # By whom: pane, muxwire or host. There may be values that are new to you.
    of: str
    # Of processors, in percent of one core; of the host, in percent of all its cores.
    cpu_percent: float
    # Resident memory, counted for each process by itself; of the host, what is not available.
    memory_bytes: Count
    # How many processes there are.
    processes: Count
    # The time over which the use of processors was measured, in milliseconds.
    over_ms: Count


class Resources(_Resources, total=False):
    """What is used of processors and memory. What does not apply is absent."""

    # Of muxwire: its own process alone.
    own: Amounts
    # Of the host: how many processors it has.
    cores: Count
    # Of the host: how many tasks ran or waited in the last minute, in the last 5 and in the last 15.
    load: list[float]
    # Of the host: all of its memory.
    memory_total_bytes: Count
    # Of the host: how much swap is in use.
    swap_bytes: Count
    # Of the host: all of its swap.
    swap_total_bytes: Count


class Amounts(TypedDict):
    """How much is used."""

    # Of processors, in percent of one core.
    cpu_percent: float
    # Resident memory.
    memory_bytes: Count
    # How many processes there are.
    processes: Count


class CursorPosition(TypedDict):
    x: Count
    y: Count
    visible: bool


class Screen(TypedDict):
    """What a pane shows. Output from `offset` on follows it."""

    offset: Count
    # Nothing can be missing or doubled between the screen and the output from `offset` on.
    exact: bool
    cols: Count
    rows: Count
    # From the top, with SGR sequences.
    lines: list[str]
    cursor: CursorPosition
    # Whether it is the alternate screen.
    alternate: bool


class _TmuxClient(TypedDict):
    name: str
    pid: Count
    session: str | None
    session_id: SessionId | None
    control: bool
    read_only: bool
    tty: str


class TmuxClient(_TmuxClient, total=False):
    # In client.session_changed: the name of the session that it left.
    previous: str | None


class TmuxBuffer(TypedDict):
    name: str
    size: Count
    created: Seconds


class _Envelope(TypedDict):
    type: str
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    host: str
    epoch: Epoch
    seq: Seq
    data: dict[str, Any]


class Envelope(_Envelope, total=False):
    """What all events have. session, window, session_id, window_id and pane are there where they apply."""

    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    pane: PaneId
    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class _ServerConnectedEvent(TypedDict):
    type: Literal["server.connected"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    host: str
    epoch: Epoch
    seq: Seq
    data: TmuxServer


class ServerConnectedEvent(_ServerConnectedEvent, total=False):
    """A tmux server was found, or came back."""

    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    pane: PaneId
    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class _ServerChangedEvent(TypedDict):
    type: Literal["server.changed"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    host: str
    epoch: Epoch
    seq: Seq
    data: TmuxServer


class ServerChangedEvent(_ServerChangedEvent, total=False):
    """What there is to be known of the tmux server has changed: there are other warnings."""

    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    pane: PaneId
    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class ServerLostEventData(TypedDict):
    pid: Count
    start_time: Seconds
    version: str
    reason: str


class _ServerLostEvent(TypedDict):
    type: Literal["server.lost"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    host: str
    epoch: Epoch
    seq: Seq
    data: ServerLostEventData


class ServerLostEvent(_ServerLostEvent, total=False):
    """The tmux server went. Removals of all it held came before."""

    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    pane: PaneId
    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class ServerUnfitEventData(TypedDict):
    # What is wrong and what to do about it.
    reason: str
    program_version: str
    # Null where it can't be found out.
    server_version: str | None


class _ServerUnfitEvent(TypedDict):
    type: Literal["server.unfit"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    host: str
    epoch: Epoch
    seq: Seq
    data: ServerUnfitEventData


class ServerUnfitEvent(_ServerUnfitEvent, total=False):
    """A tmux server runs, but its version and that of the tmux program don't fit. No server is connected."""

    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    pane: PaneId
    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class SessionCreatedEventDataContents(TypedDict):
    """The session is not new, but was renamed into what this client may see or asked for: all that is in it."""

    windows: list[TmuxWindow]
    clients: list[TmuxClient]


class _SessionCreatedEventData(TypedDict):
    session: str
    # How many.
    windows: int
    path: str
    created: Seconds
    group: str | None
    destroy_unattached: bool
    streamed: Streamed
    active: int | None


class SessionCreatedEventData(_SessionCreatedEventData, total=False):
    # The session is not new, but was renamed into what this client may see or asked for: all that is in it.
    contents: SessionCreatedEventDataContents


class _SessionCreatedEvent(TypedDict):
    type: Literal["session.created"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    session: str
    session_id: SessionId
    host: str
    epoch: Epoch
    seq: Seq
    data: SessionCreatedEventData


class SessionCreatedEvent(_SessionCreatedEvent, total=False):
    """A session came; its windows follow as events of their own, or are in `contents`."""

    # The window's index in that session.
    window: int
    window_id: WindowId
    pane: PaneId
    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class _SessionRemovedEvent(TypedDict):
    type: Literal["session.removed"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    session: str
    session_id: SessionId
    host: str
    epoch: Epoch
    seq: Seq
    data: dict[str, Any]


class SessionRemovedEvent(_SessionRemovedEvent, total=False):
    """A session went; its windows went before."""

    # The window's index in that session.
    window: int
    window_id: WindowId
    pane: PaneId
    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class SessionRenamedEventData(TypedDict):
    session: str
    # How many.
    windows: int
    path: str
    created: Seconds
    group: str | None
    destroy_unattached: bool
    streamed: Streamed
    active: int | None
    previous: str


class _SessionRenamedEvent(TypedDict):
    type: Literal["session.renamed"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    session: str
    session_id: SessionId
    host: str
    epoch: Epoch
    seq: Seq
    data: SessionRenamedEventData


class SessionRenamedEvent(_SessionRenamedEvent, total=False):
    """A session has a new name, which the envelope shows."""

    # The window's index in that session.
    window: int
    window_id: WindowId
    pane: PaneId
    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class SessionChangedEventData(TypedDict):
    session: str
    # How many.
    windows: int
    path: str
    created: Seconds
    group: str | None
    destroy_unattached: bool
    streamed: Streamed
    active: int | None


class _SessionChangedEvent(TypedDict):
    type: Literal["session.changed"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    session: str
    session_id: SessionId
    host: str
    epoch: Epoch
    seq: Seq
    data: SessionChangedEventData


class SessionChangedEvent(_SessionChangedEvent, total=False):
    """Another attribute of a session changed: path, group, destroy_unattached or streamed."""

    # The window's index in that session.
    window: int
    window_id: WindowId
    pane: PaneId
    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class _WindowCreatedEvent(TypedDict):
    type: Literal["window.created"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    host: str
    epoch: Epoch
    seq: Seq
    data: TmuxWindow


class WindowCreatedEvent(_WindowCreatedEvent, total=False):
    """A window came to a session: new, linked, or moved from another session."""

    pane: PaneId
    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class _WindowRemovedEvent(TypedDict):
    type: Literal["window.removed"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    host: str
    epoch: Epoch
    seq: Seq
    data: dict[str, Any]


class WindowRemovedEvent(_WindowRemovedEvent, total=False):
    """A window went from a session."""

    pane: PaneId
    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class WindowRenamedEventData(TypedDict):
    name: str
    previous: str


class _WindowRenamedEvent(TypedDict):
    type: Literal["window.renamed"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    host: str
    epoch: Epoch
    seq: Seq
    data: WindowRenamedEventData


class WindowRenamedEvent(_WindowRenamedEvent, total=False):
    """A window has a new name."""

    pane: PaneId
    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class WindowMovedEventData(TypedDict):
    index: Count
    previous: Count


class _WindowMovedEvent(TypedDict):
    type: Literal["window.moved"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    host: str
    epoch: Epoch
    seq: Seq
    data: WindowMovedEventData


class WindowMovedEvent(_WindowMovedEvent, total=False):
    """A window has a new index in its session."""

    pane: PaneId
    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class WindowLayoutChangedEventDataPane(TypedDict):
    id: PaneId
    index: Count


class WindowLayoutChangedEventData(TypedDict):
    layout: str
    width: Count
    height: Count
    zoomed: bool
    # In their order.
    panes: list[WindowLayoutChangedEventDataPane]


class _WindowLayoutChangedEvent(TypedDict):
    type: Literal["window.layout_changed"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    host: str
    epoch: Epoch
    seq: Seq
    data: WindowLayoutChangedEventData


class WindowLayoutChangedEvent(_WindowLayoutChangedEvent, total=False):
    """Size, layout, zoom or the panes' indexes changed."""

    pane: PaneId
    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class WindowMissedEventData(TypedDict):
    id: WindowId


class _WindowMissedEvent(TypedDict):
    type: Literal["window.missed"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    host: str
    epoch: Epoch
    seq: Seq
    data: WindowMissedEventData


class WindowMissedEvent(_WindowMissedEvent, total=False):
    """A window came and went before anybody could look at it; nobody knows in which session."""

    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    pane: PaneId
    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class WindowActiveChangedEventData(TypedDict):
    # The index of the one before.
    previous: int | None


class _WindowActiveChangedEvent(TypedDict):
    type: Literal["window.active_changed"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    host: str
    epoch: Epoch
    seq: Seq
    data: WindowActiveChangedEventData


class WindowActiveChangedEvent(_WindowActiveChangedEvent, total=False):
    """A session's current window is another, which the envelope shows."""

    pane: PaneId
    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class WindowAlertEventData(TypedDict):
    alerts: Alerts


class _WindowAlertEvent(TypedDict):
    type: Literal["window.alert"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    host: str
    epoch: Epoch
    seq: Seq
    data: WindowAlertEventData


class WindowAlertEvent(_WindowAlertEvent, total=False):
    """tmux marks a window, or not any more."""

    pane: PaneId
    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class _PaneCreatedEventData(TypedDict):
    id: PaneId
    index: Count
    # Whether it is the active pane of its window.
    active: bool
    width: Count
    height: Count
    pid: Count
    exit: Exit | None
    # Such as copy-mode.
    mode: str | None
    title: str
    command: str
    path: str
    # In pane.created: it came from another window.
    moved: bool


class PaneCreatedEventData(_PaneCreatedEventData, total=False):
    agent: Agent
    screen: Screen
    # Why the screen could not be captured.
    screen_error: str


class _PaneCreatedEvent(TypedDict):
    type: Literal["pane.created"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    pane: PaneId
    host: str
    epoch: Epoch
    seq: Seq
    data: PaneCreatedEventData


class PaneCreatedEvent(_PaneCreatedEvent, total=False):
    """A pane came to a window."""

    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class PaneRemovedEventData(TypedDict):
    # It goes to another window.
    moved: bool


class _PaneRemovedEvent(TypedDict):
    type: Literal["pane.removed"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    pane: PaneId
    host: str
    epoch: Epoch
    seq: Seq
    data: PaneRemovedEventData


class PaneRemovedEvent(_PaneRemovedEvent, total=False):
    """A pane went from its window."""

    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class _PaneExitedEvent(TypedDict):
    type: Literal["pane.exited"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    pane: PaneId
    host: str
    epoch: Epoch
    seq: Seq
    data: Exit


class PaneExitedEvent(_PaneExitedEvent, total=False):
    """The process of a pane ended, and the pane remains."""

    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class PaneActiveChangedEventData(TypedDict):
    previous: PaneId | None


class _PaneActiveChangedEvent(TypedDict):
    type: Literal["pane.active_changed"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    pane: PaneId
    host: str
    epoch: Epoch
    seq: Seq
    data: PaneActiveChangedEventData


class PaneActiveChangedEvent(_PaneActiveChangedEvent, total=False):
    """A window's active pane is another, which the envelope shows."""

    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class PaneTitleChangedEventData(TypedDict):
    title: str
    previous: str


class _PaneTitleChangedEvent(TypedDict):
    type: Literal["pane.title_changed"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    pane: PaneId
    host: str
    epoch: Epoch
    seq: Seq
    data: PaneTitleChangedEventData


class PaneTitleChangedEvent(_PaneTitleChangedEvent, total=False):
    """A pane has a new title."""

    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class PaneCommandChangedEventData(TypedDict):
    command: str
    previous: str
    pid: Count


class _PaneCommandChangedEvent(TypedDict):
    type: Literal["pane.command_changed"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    pane: PaneId
    host: str
    epoch: Epoch
    seq: Seq
    data: PaneCommandChangedEventData


class PaneCommandChangedEvent(_PaneCommandChangedEvent, total=False):
    """Another command runs in the foreground, or the pane was respawned."""

    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class PanePathChangedEventData(TypedDict):
    path: str
    previous: str


class _PanePathChangedEvent(TypedDict):
    type: Literal["pane.path_changed"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    pane: PaneId
    host: str
    epoch: Epoch
    seq: Seq
    data: PanePathChangedEventData


class PanePathChangedEvent(_PanePathChangedEvent, total=False):
    """The foreground process went to another directory."""

    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class PaneModeChangedEventData(TypedDict):
    mode: str | None
    previous: str | None


class _PaneModeChangedEvent(TypedDict):
    type: Literal["pane.mode_changed"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    pane: PaneId
    host: str
    epoch: Epoch
    seq: Seq
    data: PaneModeChangedEventData


class PaneModeChangedEvent(_PaneModeChangedEvent, total=False):
    """A pane entered or left a mode, such as copy-mode."""

    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class PaneResizedEventDataPrevious(TypedDict):
    width: Count
    height: Count


class PaneResizedEventData(TypedDict):
    width: Count
    height: Count
    previous: PaneResizedEventDataPrevious


class _PaneResizedEvent(TypedDict):
    type: Literal["pane.resized"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    pane: PaneId
    host: str
    epoch: Epoch
    seq: Seq
    data: PaneResizedEventData


class PaneResizedEvent(_PaneResizedEvent, total=False):
    """A pane has a new size."""

    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class _PaneMissedEvent(TypedDict):
    type: Literal["pane.missed"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    session: str
    session_id: SessionId
    pane: PaneId
    host: str
    epoch: Epoch
    seq: Seq
    data: dict[str, Any]


class PaneMissedEvent(_PaneMissedEvent, total=False):
    """A pane came and went before anybody could look at it; what it printed was published before this."""

    # The window's index in that session.
    window: int
    window_id: WindowId
    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class _PaneBellEvent(TypedDict):
    type: Literal["pane.bell"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    session: str
    session_id: SessionId
    pane: PaneId
    host: str
    epoch: Epoch
    seq: Seq
    data: dict[str, Any]


class PaneBellEvent(_PaneBellEvent, total=False):
    """The bell rang in a pane, once or several times at the same moment."""

    # The window's index in that session.
    window: int
    window_id: WindowId
    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class _PaneOutputEventData(TypedDict):
    # As text; each run of invalid UTF-8 is U+FFFD.
    content: str
    severity: Literal["info", "warning", "error"]
    # The place of the first byte in the pane's output.
    offset: int
    # How many bytes it was before any decoding.
    bytes: int


class PaneOutputEventData(_PaneOutputEventData, total=False):
    # There was invalid UTF-8 in it. The bytes as they were come in binary.
    lossy: Literal[True]


class _PaneOutputEvent(TypedDict):
    type: Literal["pane.output"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    session: str
    session_id: SessionId
    pane: PaneId
    host: str
    epoch: Epoch
    seq: Seq
    data: PaneOutputEventData


class PaneOutputEvent(_PaneOutputEvent, total=False):
    """A program wrote to its pane."""

    # The window's index in that session.
    window: int
    window_id: WindowId
    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class PaneGapEventData(TypedDict):
    # Where output goes on.
    offset: int
    # How many bytes are missing, if it is known.
    bytes: int | None


class _PaneGapEvent(TypedDict):
    type: Literal["pane.gap"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    session: str
    session_id: SessionId
    pane: PaneId
    host: str
    epoch: Epoch
    seq: Seq
    data: PaneGapEventData


class PaneGapEvent(_PaneGapEvent, total=False):
    """Output of a pane was lost on the way from tmux; a snapshot with the screen shows what it led to."""

    # The window's index in that session.
    window: int
    window_id: WindowId
    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class LogGapEventData(TypedDict):
    # The place behind which they begin.
    after: int
    # The last of them.
    until: int


class _LogGapEvent(TypedDict):
    type: Literal["log.gap"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    host: str
    epoch: Epoch
    seq: Seq
    data: LogGapEventData


class LogGapEvent(_LogGapEvent, total=False):
    """muxwire ended before all events were kept: what was published of these places is lost."""

    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    pane: PaneId
    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class _ClientAttachedEvent(TypedDict):
    type: Literal["client.attached"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    host: str
    epoch: Epoch
    seq: Seq
    data: TmuxClient


class ClientAttachedEvent(_ClientAttachedEvent, total=False):
    """A client attached to a session, or to none."""

    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    pane: PaneId
    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class ClientDetachedEventData(TypedDict):
    name: str


class _ClientDetachedEvent(TypedDict):
    type: Literal["client.detached"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    host: str
    epoch: Epoch
    seq: Seq
    data: ClientDetachedEventData


class ClientDetachedEvent(_ClientDetachedEvent, total=False):
    """A client detached."""

    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    pane: PaneId
    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class ClientSessionChangedEventData(TypedDict):
    name: str
    pid: Count
    session: str | None
    session_id: SessionId | None
    control: bool
    read_only: bool
    tty: str
    # In client.session_changed: the name of the session that it left.
    previous: str | None


class _ClientSessionChangedEvent(TypedDict):
    type: Literal["client.session_changed"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    host: str
    epoch: Epoch
    seq: Seq
    data: ClientSessionChangedEventData


class ClientSessionChangedEvent(_ClientSessionChangedEvent, total=False):
    """A client went to another session, or may no longer type, or may again."""

    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    pane: PaneId
    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class _BufferChangedEvent(TypedDict):
    type: Literal["buffer.changed"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    host: str
    epoch: Epoch
    seq: Seq
    data: TmuxBuffer


class BufferChangedEvent(_BufferChangedEvent, total=False):
    """A paste buffer was set."""

    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    pane: PaneId
    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class BufferDeletedEventData(TypedDict):
    name: str


class _BufferDeletedEvent(TypedDict):
    type: Literal["buffer.deleted"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    host: str
    epoch: Epoch
    seq: Seq
    data: BufferDeletedEventData


class BufferDeletedEvent(_BufferDeletedEvent, total=False):
    """A paste buffer was deleted."""

    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    pane: PaneId
    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class _AgentStartedEvent(TypedDict):
    type: Literal["agent.started"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    pane: PaneId
    host: str
    epoch: Epoch
    seq: Seq
    data: Agent


class AgentStartedEvent(_AgentStartedEvent, total=False):
    """An agent was found in a pane."""

    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class _AgentStatusEventDataDialog(TypedDict):
    # What tells it from all others, also from one that says the same later.
    fingerprint: str


class AgentStatusEventDataDialog(_AgentStatusEventDataDialog, total=False):
    """The dialog that the agent shows, while it waits. An answer names its fingerprint."""

    # Its choices, as far as they are known. Hostile, as all output.
    options: list[str]


class AgentStatusEventDataBackground(TypedDict, total=False):
    """What runs behind it, whatever its status."""

    shells: Count
    agents: Count


class _AgentStatusEventData(TypedDict):
    # Such as claude.
    agent_type: str
    status: AgentStatus
    # How sure the status is.
    confidence: Literal["low", "medium", "high"]
    # Since when it has had this status: RFC 3339, UTC, milliseconds.
    since: str
    # In agent.status: its status before.
    previous: AgentStatus


class AgentStatusEventData(_AgentStatusEventData, total=False):
    # What it waits for or why it failed, in a word such as permission.
    reason: str
    # What the status rests on, in a word such as screen.
    source: str
    # What the agent says about it, such as the command that it asks for. Hostile, as all output.
    message: str
    # The dialog that the agent shows, while it waits. An answer names its fingerprint.
    dialog: AgentStatusEventDataDialog
    # As the agent names it.
    model: str
    # Such as plan.
    mode: str
    # How much of its context is left.
    context_left_percent: Count
    # How long the turn has lasted, as the agent shows it.
    elapsed_ms: Count
    # Tokens of the turn, as the agent shows them.
    tokens: Count
    # When a limit ends, in the agent's own words.
    resets_at: str
    # What runs behind it, whatever its status.
    background: AgentStatusEventDataBackground
    usage: Usage
    # Whether there is nothing new to be seen: the client, by any connection with its token, has marked the agent as seen since it is as it is, or the agent has done nothing since it was found ready.
    seen: bool


class _AgentStatusEvent(TypedDict):
    type: Literal["agent.status"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    pane: PaneId
    host: str
    epoch: Epoch
    seq: Seq
    data: AgentStatusEventData


class AgentStatusEvent(_AgentStatusEvent, total=False):
    """An agent has another status, or something else of it changed, such as that this client has seen it."""

    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class AgentUsageEventData(TypedDict):
    agent_type: str
    usage: Usage


class _AgentUsageEvent(TypedDict):
    type: Literal["agent.usage"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    pane: PaneId
    host: str
    epoch: Epoch
    seq: Seq
    data: AgentUsageEventData


class AgentUsageEvent(_AgentUsageEvent, total=False):
    """The session of an agent has used more."""

    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class AgentEndedEventData(TypedDict):
    agent_type: str
    status: Literal["exited"]
    # Its last status.
    previous: AgentStatus


class _AgentEndedEvent(TypedDict):
    type: Literal["agent.ended"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    pane: PaneId
    host: str
    epoch: Epoch
    seq: Seq
    data: AgentEndedEventData


class AgentEndedEvent(_AgentEndedEvent, total=False):
    """The agent in a pane is gone, or its pane goes."""

    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class _TaskEvent(TypedDict):
    type: str
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    host: str
    epoch: Epoch
    seq: Seq
    data: Task


class TaskEvent(_TaskEvent, total=False):
    """A client with the permission emit says something of a task."""

    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    pane: PaneId
    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class _CostEvent(TypedDict):
    type: str
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    host: str
    epoch: Epoch
    seq: Seq
    data: Cost


class CostEvent(_CostEvent, total=False):
    """A client with the permission emit says what something has cost."""

    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    pane: PaneId
    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class _ToolEvent(TypedDict):
    type: str
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    host: str
    epoch: Epoch
    seq: Seq
    data: Tool


class ToolEvent(_ToolEvent, total=False):
    """A client with the permission emit says something of the use of a tool."""

    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    pane: PaneId
    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class _XEvent(TypedDict):
    type: str
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    host: str
    epoch: Epoch
    seq: Seq
    data: dict[str, Any]


class XEvent(_XEvent, total=False):
    """A client with the permission emit says something of its own."""

    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    pane: PaneId
    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class _AlertEvent(TypedDict):
    type: Literal["alert"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    host: str
    epoch: Epoch
    seq: Seq
    data: Alert


class AlertEvent(_AlertEvent, total=False):
    """Somebody should look at something. It names a pane, unless it is about the machine."""

    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    pane: PaneId
    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class _AlertClearedEventData(TypedDict):
    # Its name, which no other alert has.
    id: str
    # The rule that raised it.
    rule: str
    # How much it matters.
    severity: Literal["info", "warning", "error", "critical"]
    # What it is about. Of one key there is one alert at a time.
    key: str
    # What happened, in a line for people.
    title: str
    # In alert.cleared: why it is over: over, gone or rules. There may be values that are new to you.
    cause: str
    # Since when what it is about holds: RFC 3339, UTC, milliseconds.
    since: str


class AlertClearedEventData(_AlertClearedEventData, total=False):
    # What the agent says about it. Hostile, as all output.
    message: str
    # The agent that it is about, such as claude.
    agent_type: str
    # What that agent does.
    status: AgentStatus
    # Why, in a word such as permission.
    reason: str


class _AlertClearedEvent(TypedDict):
    type: Literal["alert.cleared"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    host: str
    epoch: Epoch
    seq: Seq
    data: AlertClearedEventData


class AlertClearedEvent(_AlertClearedEvent, total=False):
    """An alert is over."""

    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    pane: PaneId
    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class _SystemResourcesEvent(TypedDict):
    type: Literal["system.resources"]
    # RFC 3339, UTC, milliseconds.
    timestamp: str
    host: str
    epoch: Epoch
    seq: Seq
    data: Resources


class SystemResourcesEvent(_SystemResourcesEvent, total=False):
    """What a pane, muxwire or the machine uses of processors and memory. Only those get it whose types name it. It names the pane, if it is about one."""

    session: str
    # The window's index in that session.
    window: int
    session_id: SessionId
    window_id: WindowId
    pane: PaneId
    # No notification announced it; the periodic comparison found it.
    reconciled: Literal[True]


class HelloMessage(TypedDict):
    """The first message of every connection."""

    type: Literal["hello"]
    protocol: Literal[1]
    server: str
    host: str
    epoch: Epoch
    seq: Seq
    auth_required: bool
    features: list[str]


class _AuthResponseMessage(TypedDict):
    type: Literal["auth.response"]
    success: bool
    permissions: list[Literal["emit", "read", "write", "admin"]]


class AuthResponseMessage(_AuthResponseMessage, total=False):
    """Whether the token is accepted. If it is not, a connection that was not authenticated before is closed with 4500."""

    id: Id
    client_id: str
    # When the token ends by itself and the connection with it, if it does.
    expires: str
    # Secrets are masked in all that this client is shown. Absent if they are not.
    redacted: Literal[True]
    code: Literal["AUTH_FAILED"]
    message: str


class _SubscribedMessage(TypedDict):
    type: Literal["subscribed"]
    epoch: Epoch
    seq: Seq
    cursor: Cursor


class SubscribedMessage(_SubscribedMessage, total=False):
    """A subscription counts for the events after `seq`."""

    id: Id
    # With `since` alone. false: a snapshot follows.
    recovered: bool
    # What of the filters matches nothing now, in sentences for people. It counts all the same.
    warnings: list[str]


class _UnsubscribedMessage(TypedDict):
    type: Literal["unsubscribed"]


class UnsubscribedMessage(_UnsubscribedMessage, total=False):
    id: Id


class _SnapshotMessageTarget(TypedDict):
    session_id: SessionId


class SnapshotMessageTarget(_SnapshotMessageTarget, total=False):
    """The part that it holds; without it, all that the client may see."""

    window: Count
    pane: PaneId


class _SnapshotMessage(TypedDict):
    type: Literal["snapshot"]
    host: str
    epoch: Epoch
    seq: Seq
    cursor: Cursor
    # null while no tmux server is connected.
    server: TmuxServer | None
    sessions: list[SnapshotSession]
    clients: list[TmuxClient]
    buffers: list[TmuxBuffer]


class SnapshotMessage(_SnapshotMessage, total=False):
    """The state of tmux as of `seq`: every event before it in the stream is in it, every event after it is not."""

    id: Id
    # The part that it holds; without it, all that the client may see.
    target: SnapshotMessageTarget


class SnapshotSession(TypedDict):
    id: SessionId
    name: str
    path: str
    created: Seconds
    group: str | None
    destroy_unattached: bool
    streamed: Streamed
    # The index of the current window.
    active: int | None
    windows: list[TmuxWindow]


class _CommandResponseMessage(TypedDict):
    type: Literal["command.response"]
    success: Literal[True]
    pane: PaneId


class CommandResponseMessage(_CommandResponseMessage, total=False):
    """tmux has executed what was asked."""

    id: Id
    # It was executed for an earlier request with this key.
    repeated: Literal[True]


class _PromptResponseMessage(TypedDict):
    type: Literal["prompt.response"]
    # It was carried out, whatever came of it.
    success: Literal[True]
    pane: PaneId
    # Whether it is proven that the agent has taken it.
    submitted: bool


class PromptResponseMessage(_PromptResponseMessage, total=False):
    """What has come of a prompt."""

    id: Id
    # The proof, in a word. There may be others later.
    evidence: str
    # Why there is no proof, in a word. There may be others later.
    reason: str
    # The same for people.
    message: str
    # If anything was typed and not taken: what is left of it in the composer; empty if nothing is.
    left: str
    # Whether the composer shows that. Otherwise it can't be seen, and left is what was typed.
    left_seen: bool
    status: AgentStatus
    # The fingerprint of the dialog that shows.
    dialog: str
    # It was executed for an earlier request with this key.
    repeated: Literal[True]


class _AnswerResponseMessage(TypedDict):
    type: Literal["answer.response"]
    # It was carried out, whatever came of it.
    success: Literal[True]
    pane: PaneId
    # Whether it is proven that the dialog is gone.
    answered: bool


class AnswerResponseMessage(_AnswerResponseMessage, total=False):
    """What has come of an answer to a dialog."""

    id: Id
    # The proof, in a word. There may be others later.
    evidence: str
    # Why there is no proof, in a word. There may be others later.
    reason: str
    # The same for people.
    message: str
    status: AgentStatus
    # The fingerprint of the dialog that shows.
    dialog: str
    # It was executed for an earlier request with this key.
    repeated: Literal[True]


class _SeenMessage(TypedDict):
    type: Literal["seen"]
    # The panes that hold an agent, of those that were named.
    panes: list[PaneId]


class SeenMessage(_SeenMessage, total=False):
    """The agents are marked as seen, by whoever shows this token."""

    id: Id


class _ExplanationMessage(TypedDict):
    type: Literal["explanation"]
    # The pane that the target was resolved to.
    pane: PaneId


class ExplanationMessage(_ExplanationMessage, total=False):
    """What the server holds for and against what it says of the agent in a pane, or why it holds nothing. There may be values of missing, source, standing and kind that are new to you."""

    id: Id
    # Why nothing is held: not_watched, no_agent.
    missing: str
    # The same for people.
    message: str
    grounds: Grounds


class _GroundsEvidence(TypedDict):
    # Such as hook, report, registry, screen, title.
    source: str
    status: AgentStatus
    confidence: Literal["low", "medium", "high"]
    # What it rests on, for people, such as a rule with its file and line.
    basis: str
    # The stronger counts, unless it gives way.
    strength: Count
    # counts: the status rests on it. gives_way: it is stronger, and older than it may be. weaker: there is stronger evidence.
    standing: str
    # How long ago it began to say so.
    age_ms: Count
    # How long ago it said so last.
    said_ms: Count


class GroundsEvidence(_GroundsEvidence, total=False):
    reason: str
    # Hostile, as all output.
    message: str


class _GroundsSignal(TypedDict):
    # report, title, progress, notification, prompt, bell.
    kind: str
    age_ms: Count


class GroundsSignal(_GroundsSignal, total=False):
    # Hostile, as all output.
    text: str


class _Grounds(TypedDict):
    status: AgentStatus
    confidence: Literal["low", "medium", "high"]
    # For how long it has been said.
    age_ms: Count
    # The agent's process.
    pid: Count
    # All processes of its pane, as they were seen last.
    pids: list[Count]
    # Whether the server knows what the agent's screen shows.
    screen_known: bool
    # What sources say now, the strongest first.
    evidence: list[GroundsEvidence]
    # The newest of what the pane's bytes say besides what they show, the oldest first.
    signals: list[GroundsSignal]


class Grounds(_Grounds, total=False):
    reason: str
    # What the status rests on.
    source: str


class _PongMessage(TypedDict):
    type: Literal["pong"]


class PongMessage(_PongMessage, total=False):
    id: Id


class BookmarkMessage(TypedDict):
    """The client has every event up to `seq` that passes its filters."""

    type: Literal["bookmark"]
    epoch: Epoch
    seq: Seq
    cursor: Cursor


class _OpenedMessage(TypedDict):
    type: Literal["opened"]
    pane: PaneId
    recovered: bool
    epoch: Epoch
    offset: Count


class OpenedMessage(_OpenedMessage, total=False):
    """A pane is open. With `recovered` its output from `offset` on follows, otherwise a `pane.snapshot` and then its output."""

    id: Id


class _ClosedMessage(TypedDict):
    type: Literal["closed"]
    pane: PaneId


class ClosedMessage(_ClosedMessage, total=False):
    """A pane is no longer open."""

    id: Id


class AckedMessage(TypedDict):
    """An `ack` with an id was taken."""

    type: Literal["acked"]
    id: Id


class _PaneScrollbackMessage(TypedDict):
    type: Literal["pane.scrollback"]
    pane: PaneId
    page: Count
    pages: Count
    lines: Lines


class PaneScrollbackMessage(_PaneScrollbackMessage, total=False):
    """A page of a pane's history. The pages come before the snapshot, the oldest lines first."""

    replay: Replay
    replay_bytes: Count


class PaneSnapshotMessage(TypedDict):
    """A pane as it is at `offset`, which stands in the stream exactly at its place: the pane's output before it is in it, all that follows is behind it."""

    type: Literal["pane.snapshot"]
    session: str
    window: int | None
    session_id: SessionId
    window_id: WindowId | None
    pane: PaneId
    host: str
    epoch: Epoch
    seq: Seq
    cursor: Cursor
    data: PaneScreen


LaggedMessage = TypedDict("LaggedMessage", {"type": 'Literal["lagged"]', "pane": 'PaneId', "from": 'Count', "to": 'Count'})


class StatsMessageServer(TypedDict):
    # Connected clients.
    clients: int
    # From the read of tmux's bytes to the first write to a socket.
    latency_us: Latency
    # From the read of tmux's bytes until the last client of a shard was written to.
    fan_out_us: Latency


class _StatsMessage(TypedDict):
    type: Literal["stats"]
    client: ClientStats
    server: StatsMessageServer


class StatsMessage(_StatsMessage, total=False):
    """How the client and the server fare."""

    id: Id
    # All clients, the slowest first, at most 1,000. For admins only.
    clients: list[ClientStats]


class ClientStatsShed(TypedDict):
    """Output that was left out for it since it connected."""

    # Times that a pane's output began to be left out.
    panes: int
    # Bytes of it: the sum over all `lagged`.
    bytes: int


class _ClientStats(TypedDict):
    client_id: str
    # How long it has been connected.
    connected_ms: int
    # Bytes that wait to be written to it.
    queue_bytes: int
    # Messages that wait to be written to it.
    queue_messages: int
    # Events that wait for it in the history.
    behind_events: int
    # Output that was left out for it since it connected.
    shed: ClientStatsShed
    # From the read of tmux's bytes to the end of the write to its socket.
    latency_us: Latency


class ClientStats(_ClientStats, total=False):
    """How one client fares."""

    # The name of its token, once that is accepted.
    name: str
    # Where it connects from, if that is known.
    address: str


class _ClientsMessage(TypedDict):
    type: Literal["clients"]
    clients: list[ClientInfo]
    # How many there are; more than are listed if they are more than 1,000.
    total: int


class ClientsMessage(_ClientsMessage, total=False):
    """Who is connected, those first that came first."""

    id: Id


class _ClientInfo(TypedDict):
    client_id: str
    endpoint: Literal["monitor", "terminal", "events"]
    # How long it has been connected.
    connected_ms: int
    # What it may do; empty as long as it is not known.
    permissions: list[Literal["emit", "read", "write", "admin"]]
    # The patterns of the sessions that it may see; empty while it may see all, or is not known.
    sessions: list[str]


class ClientInfo(_ClientInfo, total=False):
    """A client that is connected."""

    # Where it connects from, if that is known.
    address: str
    # Who it is, once that is proven: the id of its token or the like.
    token: str
    # The name of that.
    name: str


class _DisconnectedMessage(TypedDict):
    type: Literal["disconnected"]
    client_id: str


class DisconnectedMessage(_DisconnectedMessage, total=False):
    """The connection that was named in `disconnect` ends."""

    id: Id


class LatencyObject(TypedDict):
    """Microseconds, of the last 5 to 10 seconds; null if nothing was timed."""

    # How many were timed.
    count: int
    p50: int
    p99: int
    max: int


class PaneScreenPrimary(TypedDict):
    lines: Lines


class PaneScreenAlternateSaved(TypedDict):
    x: Count
    y: Count


class PaneScreenAlternate(TypedDict):
    """The alternate screen, while it shows; `saved` is the cursor that the primary screen comes back with."""

    lines: Lines
    saved: PaneScreenAlternateSaved | None


class _PaneScreenCursor(TypedDict):
    x: Count
    y: Count
    visible: bool


class PaneScreenCursor(_PaneScreenCursor, total=False):
    """`x` is `cols` when the next character goes to the next line."""

    shape: str
    blinking: bool
    colour: str


class PaneScreenScrollRegion(TypedDict):
    top: Count
    bottom: Count


class PaneScreenUnfinished(TypedDict):
    """What has begun and is not complete: an escape sequence, and how many bytes of a character."""

    sequence: str
    character: Count


class PaneScreenScrollback(TypedDict):
    """The lines of history that came before, and in how many `pane.scrollback` messages."""

    lines: Count
    pages: Count


class _PaneScreen(TypedDict):
    # The pane's output goes on from this byte.
    offset: int
    # The fields below stand at this byte; what was printed between the two is at the end of the replay.
    screen_offset: int
    # Nothing can be missing or doubled.
    exact: bool
    # What tmux does not report and was not seen since, and is taken to be as in a fresh terminal.
    assumed: list[str]
    cols: Count
    rows: Count
    primary: PaneScreenPrimary
    # The alternate screen, while it shows; `saved` is the cursor that the primary screen comes back with.
    alternate: PaneScreenAlternate | None
    # `x` is `cols` when the next character goes to the next line.
    cursor: PaneScreenCursor
    # The modes that are known, by name.
    modes: dict[str, bool | str]
    # The columns of the tab stops, from 0.
    tabs: list[Count]
    scroll_region: PaneScreenScrollRegion
    # What has begun and is not complete: an escape sequence, and how many bytes of a character.
    unfinished: PaneScreenUnfinished
    # Lines in the pane's history.
    history: int
    # The lines of history that came before, and in how many `pane.scrollback` messages.
    scrollback: PaneScreenScrollback


class PaneScreen(_PaneScreen, total=False):
    replay: Replay
    replay_bytes: Count


class _HistoryPageMessage(TypedDict):
    type: Literal["history.page"]
    events: list[AnyEvent | EmittedEvent]
    epoch: Epoch
    seq: Seq
    cursor: Cursor


class HistoryPageMessage(_HistoryPageMessage, total=False):
    """Events that are kept, in the order that was asked for, as they were sent when they happened. All up to the position is in the answer."""

    id: Id
    # What goes on from here, as `before` if the newest came first, else as `after`. Without it there is no more.
    next: str


class _SearchPageMessage(TypedDict):
    type: Literal["search.page"]
    hits: list[SearchHit]
    epoch: Epoch
    seq: Seq
    cursor: Cursor


class SearchPageMessage(_SearchPageMessage, total=False):
    """Lines that were found, the newest first. All up to the position was looked at."""

    id: Id
    # What goes on from here, as `before`. Without it everything was looked at.
    next: str
    # The time was over before there were as many as were asked for.
    out_of_time: Literal[True]


class _SearchHit(TypedDict):
    # When it stood as it is.
    timestamp: str
    session: str
    session_id: SessionId
    pane: PaneId
    epoch: Epoch
    # The moment to jump to: the offset of the pane's output behind which it stood.
    offset: Count
    # Its number, which no other line of this history has.
    line: Count
    severity: Literal["info", "warning", "error"]
    # The line, cut so that every second piece is what was searched for.
    snippet: list[str]


class SearchHit(_SearchHit, total=False):
    """A line. Its place is that of its pane at the time."""

    window: Count
    window_id: WindowId
    # The line goes on before or behind that.
    cut: Literal[True]


class _ScreenMessage(TypedDict):
    type: Literal["screen"]
    # When the last of it was printed.
    timestamp: str
    session: str
    window: int | None
    session_id: SessionId
    window_id: WindowId | None
    pane: PaneId
    host: str
    epoch: Epoch
    seq: Seq
    cursor: Cursor
    data: PaneScreen


class ScreenMessage(_ScreenMessage, total=False):
    """A pane as it was, in the shape of `pane.snapshot`."""

    id: Id


_ReplayStartedMessage = TypedDict("_ReplayStartedMessage", {"type": 'Literal["replay.started"]', "replay": 'Count', "pane": 'PaneId', "from": 'str', "to": 'str'})


class ReplayStartedMessage(_ReplayStartedMessage, total=False):
    """A replay begins: its screen follows."""

    id: Id


class ReplaySnapshotMessage(TypedDict):
    """The screen that a replay goes on from: at its beginning, and wherever it was told to go."""

    type: Literal["replay.snapshot"]
    replay: Count
    # When the last of it was printed.
    timestamp: str
    pane: PaneId
    data: PaneScreen


class _ReplayOutputMessage(TypedDict):
    type: Literal["replay.output"]
    replay: Count
    timestamp: str
    # The text, escape sequences and all. It is hostile.
    content: str
    # The place of its first byte in the pane's output.
    offset: Count
    bytes: Count


class ReplayOutputMessage(_ReplayOutputMessage, total=False):
    """What a pane printed then."""

    # These bytes are not kept, or not for this client.
    missing: Literal[True]


class ReplayResizedMessage(TypedDict):
    """The pane got another size then."""

    type: Literal["replay.resized"]
    replay: Count
    timestamp: str
    cols: Count
    rows: Count


class _ReplayStateMessage(TypedDict):
    type: Literal["replay.state"]
    replay: Count
    # Where it is.
    timestamp: str
    paused: bool
    speed: float
    skip_idle: bool


class ReplayStateMessage(_ReplayStateMessage, total=False):
    """How a replay goes on."""

    id: Id


class _ReplayEndMessage(TypedDict):
    type: Literal["replay.end"]
    replay: Count
    # Where it was.
    timestamp: str
    reason: Literal["end", "stopped", "failed"]


class ReplayEndMessage(_ReplayEndMessage, total=False):
    """A replay is over."""

    # Why it failed, for people.
    message: str


class _DigestMessage(TypedDict):
    type: Literal["digest"]
    since: str
    to: str
    agents: list[AgentDigest]
    epoch: Epoch
    seq: Seq
    cursor: Cursor


class DigestMessage(_DigestMessage, total=False):
    """What agents did, those first that want something. All up to the position is in the answer."""

    id: Id
    # Not everything was looked at: a shorter time has it all.
    out_of_time: Literal[True]


class _AgentDigest(TypedDict):
    # The session that it was in last.
    session: str
    pane: PaneId
    agent_type: str
    # Its last status.
    status: str
    spent_ms: SpentMs
    # Its statuses, one after the other; of many the last 200.
    states: list[StateSpan]
    # How often it began to work for a prompt.
    prompts: Count
    # How often it waited for somebody.
    waits: Count
    longest_wait_ms: Count
    # What went wrong; of much the last 50.
    errors: list[ErrorSpan]
    # Files of tests, or tests, that its pane said failed.
    failed_tests: list[str]


class AgentDigest(_AgentDigest, total=False):
    # When it began, if that lies within the time.
    started: str
    # When it ended, if it did.
    ended: str
    # What its session has used within the time, if it is known.
    usage: Usage


class SpentMs(TypedDict):
    """For how long it had each status, in milliseconds."""

    busy: Count
    ready: Count
    waiting: Count
    error: Count
    unknown: Count


class _StateSpan(TypedDict):
    since: str
    # For how long.
    ms: Count
    status: str


class StateSpan(_StateSpan, total=False):
    reason: str
    # What the agent said about it. It is hostile.
    message: str


class _ErrorSpan(TypedDict):
    at: str


class ErrorSpan(_ErrorSpan, total=False):
    reason: str
    message: str


class _CancelledMessage(TypedDict):
    type: Literal["cancelled"]
    # Whether such a question was under way.
    found: bool


class CancelledMessage(_CancelledMessage, total=False):
    """The question is cancelled; it gets the error CANCELLED. Or there was none."""

    id: Id


class ShutdownMessage(TypedDict):
    """The server is about to close all connections with 4001."""

    type: Literal["shutdown"]
    retry_after_ms: Count


class _EmittedMessage(TypedDict):
    type: Literal["emitted"]
    # How many.
    events: int
    epoch: Epoch
    # The place of the last one.
    seq: Seq
    cursor: Cursor


class EmittedMessage(_EmittedMessage, total=False):
    """The events stand in the log."""

    id: Id
    # This is the answer to an earlier request with the same key.
    repeated: Literal[True]


class _ErrorMessage(TypedDict):
    type: Literal["error"]
    code: Literal["INVALID_JSON", "INVALID_MESSAGE", "UNKNOWN_ACTION", "INVALID_FILTER", "AUTH_REQUIRED", "AUTH_FAILED", "PERMISSION_DENIED", "NOT_FOUND", "AMBIGUOUS_TARGET", "RATE_LIMITED", "LIMIT_REACHED", "TOO_LARGE", "PANE_DEAD", "PANE_IN_MODE", "INPUT_OFF", "UNKNOWN_KEY", "KEY_UNSUPPORTED", "TMUX_ERROR", "TMUX_UNAVAILABLE", "OUTCOME_UNKNOWN", "INTERRUPTED", "RECORDING", "CANCELLED", "HISTORY_OFF", "HISTORY_TIMEOUT", "HISTORY_UNAVAILABLE", "DISCONNECTED", "AUDIT_UNAVAILABLE"]
    # For people.
    message: str
    # Whether the same request may succeed later.
    retryable: bool


class ErrorMessage(_ErrorMessage, total=False):
    id: Id
    # When to ask again, in milliseconds, if that is known.
    retry_after_ms: int


class _AuthRequest(TypedDict):
    action: Literal["auth"]


class AuthRequest(_AuthRequest, total=False):
    """Says who the client is, by a token or by a one-time ticket from /api/ticket."""

    id: Id
    # A token of muxwire, or a JWT.
    token: str
    ticket: str


class _SubscribeRequest(TypedDict):
    action: Literal["subscribe"]


class SubscribeRequest(_SubscribeRequest, total=False):
    """Asks for events that pass the filters, from `since` on or else from now on."""

    id: Id
    filters: Filters
    since: Since
    prints_in: PrintsIn
    # Leaves out what panes print in which clients print what they get.
    without_watchers: bool


class _UnsubscribeRequest(TypedDict):
    action: Literal["unsubscribe"]


class UnsubscribeRequest(_UnsubscribeRequest, total=False):
    """Asks for no more events that pass the filters."""

    id: Id
    filters: Filters


class _SnapshotRequest(TypedDict):
    action: Literal["snapshot"]


class SnapshotRequest(_SnapshotRequest, total=False):
    """Asks for the state of tmux, or of one session, window or pane."""

    id: Id
    target: Target
    screen: bool


class _CommandRequest(TypedDict):
    action: Literal["command"]
    target: Target
    command: str


class CommandRequest(_CommandRequest, total=False):
    """Types a line into a pane, or pastes text of one or more lines, and presses Enter."""

    id: Id
    paste: Paste
    submit_delay_ms: SubmitDelayMs
    cancel_mode: bool
    key: Key


class _SendKeysRequest(TypedDict):
    action: Literal["send-keys"]
    target: Target


class SendKeysRequest(_SendKeysRequest, total=False):
    """Types or pastes text as it is, or presses keys by their names."""

    id: Id
    text: str
    keys: list[str]
    paste: Paste
    submit_delay_ms: SubmitDelayMs
    cancel_mode: bool
    key: Key


class _PromptRequest(TypedDict):
    action: Literal["prompt"]
    target: Target
    # One line or several, without control characters other than tabs and line feeds.
    text: str


class PromptRequest(_PromptRequest, total=False):
    """Types a prompt for the agent in a pane, submits it, and is answered by prompt.response when that is proven or has failed."""

    id: Id
    # Type it for an agent that works as well, which keeps it for later.
    queue: bool
    timeout_ms: TimeoutMs
    key: Key


class _AnswerRequest(TypedDict):
    action: Literal["answer"]
    target: Target
    # The fingerprint of the dialog, from the agent.
    dialog: str
    # The number of a choice, from 1 on, or its text or the beginning of that.
    choice: int | str


class AnswerRequest(_AnswerRequest, total=False):
    """Answers the dialog of the agent in a pane, as long as it is this very dialog, and is answered by answer.response."""

    id: Id
    timeout_ms: TimeoutMs
    key: Key


class _SeenRequest(TypedDict):
    action: Literal["seen"]


class SeenRequest(_SeenRequest, total=False):
    """Marks the agents in a pane, a window or a session as seen, or without a target all that the client may see. The marks of one token are one, whatever it connects by, and are gone when the agent has another status."""

    id: Id
    target: Target


class _ExplainRequest(TypedDict):
    action: Literal["explain"]
    target: Target


class ExplainRequest(_ExplainRequest, total=False):
    """Asks what the server holds for and against what it says of the agent in a pane."""

    id: Id


class _HistoryRequest(TypedDict):
    action: Literal["history"]


_HistoryRequestMore = TypedDict("_HistoryRequestMore", {"id": 'Id', "types": 'Patterns', "sessions": 'Patterns', "panes": 'PaneIds', "agents": 'Patterns', "from": 'Time', "to": 'Time', "after": 'HistoryCursor', "before": 'HistoryCursor', "limit": 'int', "order": 'Literal["newest", "oldest"]'}, total=False)


class HistoryRequest(_HistoryRequest, _HistoryRequestMore):
    """Asks for events that are kept, a page at a time. Lists are as in filters: one that is not given allows all."""


class _SearchRequest(TypedDict):
    action: Literal["search"]


_SearchRequestMore = TypedDict("_SearchRequestMore", {"id": 'Id', "words": 'str', "regex": 'str', "sessions": 'Patterns', "panes": 'PaneIds', "severity": 'Literal["info", "warning", "error"]', "from": 'Time', "to": 'Time', "before": 'HistoryCursor', "limit": 'int'}, total=False)


class SearchRequest(_SearchRequest, _SearchRequestMore):
    """Asks for lines that panes printed, the newest first: those with all these words and phrases, or those that a regular expression fits."""


class _ScreenRequest(TypedDict):
    action: Literal["screen"]
    target: Target
    at: Time


class ScreenRequest(_ScreenRequest, total=False):
    """Asks for a pane as it was at a moment."""

    id: Id
    # The exact moment, as an offset of the pane's output. Then `at` only says which pane had the id.
    offset: OffsetOfClient


_ReplayRequest = TypedDict("_ReplayRequest", {"action": 'Literal["replay"]', "target": 'Target', "from": 'Time'})


class ReplayRequest(_ReplayRequest, total=False):
    """Asks for what a pane printed, once more, at a pace."""

    id: Id
    to: Time
    speed: Speed
    # Pauses of more than half a second take half a second.
    skip_idle: bool
    # How many bytes of output may be on their way without an `ack`. Beyond it, the replay stands still.
    ack_window: int


class _ReplayControlRequest(TypedDict):
    action: Literal["replay-control"]
    # The number that `replay.started` named.
    replay: int


class ReplayControlRequest(_ReplayControlRequest, total=False):
    """Says how a replay is to go on."""

    id: Id
    paused: bool
    speed: Speed
    skip_idle: bool
    # Goes on from this time.
    seek: Time
    # Ends the replay.
    stop: Literal[True]
    # The output up to this offset was taken in.
    ack: OffsetOfClient


class _DigestRequest(TypedDict):
    action: Literal["digest"]
    since: Time


class DigestRequest(_DigestRequest, total=False):
    """Asks what agents did in a time."""

    id: Id
    to: Time
    sessions: Patterns
    agents: Patterns


class _CancelRequest(TypedDict):
    action: Literal["cancel"]
    # The id of the question.
    request: Id


class CancelRequest(_CancelRequest, total=False):
    """Says that no answer to a question is wanted any more."""

    id: Id


class OpenRequestSince(TypedDict):
    """Up to where the client has the pane's output already."""

    epoch: str
    offset: OffsetOfClient


class _OpenRequest(TypedDict):
    action: Literal["open"]
    target: Target


class OpenRequest(_OpenRequest, total=False):
    """Asks for a pane as it is, and for all that it prints from there on."""

    id: Id
    # How many lines of the pane's history come before its screen.
    scrollback: int
    # Up to where the client has the pane's output already.
    since: OpenRequestSince
    # How many bytes of output may be on their way without an `ack`. Beyond it, output is left out until the client has caught up.
    ack_window: int


class _CloseRequest(TypedDict):
    action: Literal["close"]
    target: Target


class CloseRequest(_CloseRequest, total=False):
    """Ends what `open` began."""

    id: Id


class _AckRequest(TypedDict):
    action: Literal["ack"]
    pane: str
    offset: OffsetOfClient


class AckRequest(_AckRequest, total=False):
    """Says that the client has taken in an open pane's output up to an offset. It is answered only if it has an id."""

    id: Id


class _StatsRequest(TypedDict):
    action: Literal["stats"]


class StatsRequest(_StatsRequest, total=False):
    """Asks how this client and the server fare. From then on, for a minute, the client's writes are timed; an admin's request has the writes of all clients timed."""

    id: Id


class _ClientsRequest(TypedDict):
    action: Literal["clients"]


class ClientsRequest(_ClientsRequest, total=False):
    """Asks who is connected. It needs the permission admin."""

    id: Id


class _DisconnectRequest(TypedDict):
    action: Literal["disconnect"]
    client_id: str


class DisconnectRequest(_DisconnectRequest, total=False):
    """Ends somebody's connection. It needs the permission admin."""

    id: Id
    # The reason that the client gets.
    reason: str


class _EmitRequest(TypedDict):
    action: Literal["emit"]
    events: list[Emitted]


class EmitRequest(_EmitRequest, total=False):
    """Adds events of the client's own to the log, all of them or none. It needs the permission emit. The body of POST /api/events is the same; there action may be left out."""

    id: Id
    key: Key


class _Emitted(TypedDict):
    type: EmittedType
    # At most 16 KiB, lists and objects at most 16 deep in each other.
    data: dict[str, Any]


class Emitted(_Emitted, total=False):
    """An event. Without a target it is about no session; only a client that may see all sessions may say that."""

    target: Target


class _Task(TypedDict):
    task: EmittedName


class Task(_Task, total=False):
    """What is said of a task: its name for programs, and what of the rest is known. Other fields are kept as they are."""

    # The task that it is a part of.
    parent: EmittedName
    title: str
    status: Literal["pending", "running", "completed", "failed", "cancelled"]
    # In percent.
    progress: float
    message: str


class Cost(TypedDict, total=False):
    """What something has cost since the last such event. Other fields are kept as they are."""

    # In the currency.
    amount: float
    # As ISO 4217 names it; USD without it.
    currency: str
    model: str
    requests: EmittedCount
    input_tokens: EmittedCount
    output_tokens: EmittedCount
    cache_read_tokens: EmittedCount
    cache_write_tokens: EmittedCount
    task: EmittedName


class _Tool(TypedDict):
    # What kind of tool it is.
    tool: EmittedName


class Tool(_Tool, total=False):
    """What is said of the use of a tool. Other fields are kept as they are."""

    # Which use of it.
    call: EmittedName
    status: Literal["started", "completed", "failed"]
    duration_ms: EmittedCount
    message: str
    task: EmittedName


class _PingRequest(TypedDict):
    action: Literal["ping"]


class PingRequest(_PingRequest, total=False):
    """Asks for a pong, where the WebSocket's own pings are out of reach, as in browsers."""

    id: Id


class FiltersSession(TypedDict, total=False):
    session_id: str
    session_name: str


class FiltersWindow(TypedDict, total=False):
    window_id: str
    window_index: int
    window_name: str


class Filters(TypedDict, total=False):
    """Each list that is given must match; a list that is not given allows all. `*` stands for any run of characters; an object means one id, index or name and nothing else. To ignore another key would give more than was asked for, so it is an error."""

    types: Patterns
    sessions: list[str | FiltersSession]
    windows: list[int | str | FiltersWindow]
    panes: Patterns
    # Types of agents, such as claude. What is not about an agent does not match.
    agents: Patterns
    # What an agent does now. What is not about an agent does not match.
    statuses: list[Literal["busy", "ready", "waiting", "error", "unknown", "exited"]]


class SinceObject(TypedDict):
    """A position: a cursor as the server wrote it, or its epoch and seq."""

    epoch: str
    seq: int


class PrintsIn(TypedDict, total=False):
    """Where the client prints what it gets, as far as it knows: the process id of the tmux server and the pane from TMUX and TMUX_PANE, and the processes that it descends from."""

    server: int
    pane: str
    processes: list[int]


class Target(TypedDict, total=False):
    """A pane by its id, or a session by name or id, its window by index, id or name (else its current one), and a pane by its index (else the active one). The forms with `_id`, `_name` and `_index` take a text for nothing else. To ignore another key would mean another pane, so it is an error."""

    pane: str
    session: str
    session_id: str
    session_name: str
    window: int | str
    window_id: str
    window_index: int
    window_name: str
    pane_index: int


class _TerminalConnectMessage(TypedDict):
    type: Literal["connect"]
    sessionId: str
    timestamp: TimestampOfTerminalServer
    pane: PaneId
    cols: Count
    rows: Count
    epoch: Epoch
    # Where the pane's output goes on.
    offset: int
    # The output from `offset` on follows; otherwise the pane as it is does first.
    recovered: bool


class TerminalConnectMessage(_TerminalConnectMessage, total=False):
    """The terminal shows this pane from here on. Unless it is `recovered`, the next output begins with a reset."""

    id: str | float


class _TerminalOutputMessage(TypedDict):
    type: Literal["output"]
    sessionId: str
    timestamp: TimestampOfTerminalServer
    data: str
    # Of its first byte; with `replay`, of the first byte that follows it.
    offset: int


class TerminalOutputMessage(_TerminalOutputMessage, total=False):
    """To be written to the client's terminal."""

    # How many bytes it was before any decoding.
    bytes: int
    # There was invalid UTF-8 in it. The bytes as they were come in binary.
    lossy: Literal[True]
    # It brings the terminal to the pane as it is, and is no output of its own.
    replay: Literal[True]
    # With `replay`: nothing can be missing or doubled.
    exact: bool


class TerminalResizeMessage(TypedDict):
    """The pane has another size; an output with `replay` follows."""

    type: Literal["resize"]
    sessionId: str
    timestamp: TimestampOfTerminalServer
    cols: Count
    rows: Count


class TerminalDisconnectMessage(TypedDict):
    """The pane or the session is gone, or the client asked for it. The connection is closed behind it."""

    type: Literal["disconnect"]
    sessionId: str
    timestamp: TimestampOfTerminalServer
    reason: Literal["requested", "pane_gone", "session_gone"]


class TerminalConnectRequestSince(TypedDict):
    """The pane that the client has, and up to where."""

    epoch: str
    pane: str
    offset: OffsetOfTerminalClient


class _TerminalConnectRequest(TypedDict):
    type: Literal["connect"]


class TerminalConnectRequest(_TerminalConnectRequest, total=False):
    """Asks for the pane as it is, and for all that it prints from there on."""

    id: Id
    # The session of the address; nothing else is accepted.
    sessionId: str
    timestamp: TimestampOfTerminalClient
    cols: Size
    rows: Size
    # How many lines of the pane's history come before its screen.
    scrollback: int
    # How many bytes of output may be on their way without an `ack`.
    ack_window: int
    # The pane that the client has, and up to where.
    since: TerminalConnectRequestSince


class _TerminalInputRequest(TypedDict):
    type: Literal["input"]
    data: str


class TerminalInputRequest(_TerminalInputRequest, total=False):
    """Types into the pane, byte for byte. It is answered only if it is refused."""

    id: Id
    sessionId: str
    timestamp: TimestampOfTerminalClient
    # It was pasted: it is bracketed if the program in the pane asked for that.
    paste: bool


class _TerminalResizeRequest(TypedDict):
    type: Literal["resize"]
    cols: Size
    rows: Size


class TerminalResizeRequest(_TerminalResizeRequest, total=False):
    """Asks for another size, as far as `terminal.resize` allows it."""

    id: Id
    sessionId: str
    timestamp: TimestampOfTerminalClient


class _TerminalAckRequest(TypedDict):
    type: Literal["ack"]
    offset: OffsetOfTerminalClient


class TerminalAckRequest(_TerminalAckRequest, total=False):
    """The client has drawn the output up to an offset."""

    id: Id


class _TerminalDisconnectRequest(TypedDict):
    type: Literal["disconnect"]


class TerminalDisconnectRequest(_TerminalDisconnectRequest, total=False):
    """Ends the connection."""

    id: Id
    sessionId: str
    timestamp: TimestampOfTerminalClient


SessionId: TypeAlias = str
WindowId: TypeAlias = str
PaneId: TypeAlias = str
Count: TypeAlias = int
Seq: TypeAlias = int
Epoch: TypeAlias = str
Cursor: TypeAlias = str
Seconds: TypeAlias = int
Streamed: TypeAlias = bool
Alerts: TypeAlias = 'list[Literal["bell", "activity", "silence"]]'
AgentStatus: TypeAlias = Literal["busy", "ready", "waiting", "error", "unknown", "exited"]
Lines: TypeAlias = 'list[str]'
Replay: TypeAlias = str
Latency: TypeAlias = 'LatencyObject | None'
Time: TypeAlias = str
Speed: TypeAlias = float
HistoryCursor: TypeAlias = str
PaneIds: TypeAlias = 'list[str]'
OffsetOfClient: TypeAlias = int
EmittedType: TypeAlias = str
EmittedName: TypeAlias = str
EmittedCount: TypeAlias = int
Id: TypeAlias = 'str | float'
TimeoutMs: TypeAlias = int
Key: TypeAlias = str
Paste: TypeAlias = bool
SubmitDelayMs: TypeAlias = int
Patterns: TypeAlias = 'list[str]'
Since: TypeAlias = 'str | SinceObject'
TimestampOfTerminalServer: TypeAlias = str
TimestampOfTerminalClient: TypeAlias = 'str | float'
Size: TypeAlias = int
OffsetOfTerminalClient: TypeAlias = int


# An event of a type that this version knows.
AnyEvent: TypeAlias = Union[
    ServerConnectedEvent,
    ServerChangedEvent,
    ServerLostEvent,
    ServerUnfitEvent,
    SessionCreatedEvent,
    SessionRemovedEvent,
    SessionRenamedEvent,
    SessionChangedEvent,
    WindowCreatedEvent,
    WindowRemovedEvent,
    WindowMissedEvent,
    WindowRenamedEvent,
    WindowMovedEvent,
    WindowLayoutChangedEvent,
    WindowActiveChangedEvent,
    WindowAlertEvent,
    PaneCreatedEvent,
    PaneRemovedEvent,
    PaneExitedEvent,
    PaneActiveChangedEvent,
    PaneTitleChangedEvent,
    PaneCommandChangedEvent,
    PanePathChangedEvent,
    PaneModeChangedEvent,
    PaneResizedEvent,
    PaneMissedEvent,
    PaneBellEvent,
    PaneOutputEvent,
    PaneGapEvent,
    LogGapEvent,
    ClientAttachedEvent,
    ClientDetachedEvent,
    ClientSessionChangedEvent,
    BufferChangedEvent,
    BufferDeletedEvent,
    AgentStartedEvent,
    AgentStatusEvent,
    AgentUsageEvent,
    AgentEndedEvent,
    AlertEvent,
    AlertClearedEvent,
    SystemResourcesEvent,
]

# What clients emit. Its types begin so, and so are in no union that a type tells apart: cast to it.
EmittedEvent: TypeAlias = Union[
    TaskEvent,
    CostEvent,
    ToolEvent,
    XEvent,
]

# What the server sends besides events.
ServerMessage: TypeAlias = Union[
    HelloMessage,
    AuthResponseMessage,
    SubscribedMessage,
    UnsubscribedMessage,
    SnapshotMessage,
    CommandResponseMessage,
    PromptResponseMessage,
    AnswerResponseMessage,
    SeenMessage,
    ExplanationMessage,
    PongMessage,
    BookmarkMessage,
    OpenedMessage,
    ClosedMessage,
    AckedMessage,
    PaneScrollbackMessage,
    PaneSnapshotMessage,
    LaggedMessage,
    StatsMessage,
    ClientsMessage,
    DisconnectedMessage,
    EmittedMessage,
    HistoryPageMessage,
    SearchPageMessage,
    ScreenMessage,
    ReplayStartedMessage,
    ReplaySnapshotMessage,
    ReplayOutputMessage,
    ReplayResizedMessage,
    ReplayStateMessage,
    ReplayEndMessage,
    DigestMessage,
    CancelledMessage,
    ShutdownMessage,
    ErrorMessage,
]

# What clients send.
AnyRequest: TypeAlias = Union[
    AuthRequest,
    SubscribeRequest,
    UnsubscribeRequest,
    SnapshotRequest,
    CommandRequest,
    SendKeysRequest,
    PromptRequest,
    AnswerRequest,
    SeenRequest,
    ExplainRequest,
    OpenRequest,
    CloseRequest,
    AckRequest,
    StatsRequest,
    ClientsRequest,
    DisconnectRequest,
    EmitRequest,
    HistoryRequest,
    SearchRequest,
    ScreenRequest,
    ReplayRequest,
    ReplayControlRequest,
    DigestRequest,
    CancelRequest,
    PingRequest,
]

# What a terminal sends.
TerminalServerMessage: TypeAlias = Union[
    TerminalConnectMessage,
    TerminalOutputMessage,
    TerminalResizeMessage,
    TerminalDisconnectMessage,
]

# The codes of errors that the server knows.
ERROR_CODES: tuple[str, ...] = (
    "INVALID_JSON",
    "INVALID_MESSAGE",
    "UNKNOWN_ACTION",
    "INVALID_FILTER",
    "AUTH_REQUIRED",
    "AUTH_FAILED",
    "PERMISSION_DENIED",
    "NOT_FOUND",
    "AMBIGUOUS_TARGET",
    "RATE_LIMITED",
    "LIMIT_REACHED",
    "TOO_LARGE",
    "PANE_DEAD",
    "PANE_IN_MODE",
    "INPUT_OFF",
    "UNKNOWN_KEY",
    "KEY_UNSUPPORTED",
    "TMUX_ERROR",
    "TMUX_UNAVAILABLE",
    "OUTCOME_UNKNOWN",
    "INTERRUPTED",
    "RECORDING",
    "CANCELLED",
    "HISTORY_OFF",
    "HISTORY_TIMEOUT",
    "HISTORY_UNAVAILABLE",
    "DISCONNECTED",
    "AUDIT_UNAVAILABLE",
)

# Requests that change something, each under a key that makes repeating it safe.
KEYED: tuple[str, ...] = (
    "command",
    "send-keys",
    "prompt",
    "answer",
    "emit",
)

# Types of events that change what there is: all that a state takes in.
STRUCTURAL: tuple[str, ...] = (
    "server.connected",
    "server.changed",
    "server.lost",
    "session.created",
    "session.removed",
    "session.renamed",
    "session.changed",
    "window.created",
    "window.removed",
    "window.renamed",
    "window.moved",
    "window.layout_changed",
    "window.active_changed",
    "window.alert",
    "pane.created",
    "pane.removed",
    "pane.exited",
    "pane.active_changed",
    "pane.title_changed",
    "pane.command_changed",
    "pane.path_changed",
    "pane.mode_changed",
    "pane.resized",
    "client.attached",
    "client.detached",
    "client.session_changed",
    "buffer.changed",
    "buffer.deleted",
    "agent.started",
    "agent.status",
    "agent.usage",
    "agent.ended",
    "alert",
    "alert.cleared",
    "system.resources",
)

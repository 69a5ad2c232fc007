// Made by scripts/types.mjs from grammar/protocol/v1. Don't edit it: change the schemas and run `npm run types`.

export type SessionId = string;

export type WindowId = string;

export type PaneId = string;

export type Count = number;

/** A place in the event log, dense, counted from 1. */
export type Seq = number;

/** The name of one unbroken event log. */
export type Epoch = string;

/** A position as text, to be handed back as it is. */
export type Cursor = string;

/** Seconds since the Unix epoch. */
export type Seconds = number;

export type TmuxServer = {
  pid: Count;
  start_time: Seconds;
  version: string;
  /** What the server's user should know before it happens. */
  warnings: Array<Warning>;
};

/** Something about a server, with a word for programs, one sentence, and what can be done about it. */
export type Warning = {
  code: string;
  message: string;
  remedy: string;
};

/** How the process ended, as far as the version of tmux reports it. */
export type Exit = {
  status: number | null;
  signal: number | null;
};

/** Whether what is printed in the session's panes is streamed now. */
export type Streamed = boolean;

/** How tmux marks a window that is not current, or whose session nobody is attached to. */
export type Alerts = Array<"bell" | "activity" | "silence">;

export type TmuxWindow = {
  id: WindowId;
  index: Count;
  name: string;
  /** Whether it is the current window of this session. */
  active: boolean;
  width: Count;
  height: Count;
  zoomed: boolean;
  alerts: Alerts;
  /** tmux's layout string. */
  layout: string;
  panes: Array<TmuxPane>;
};

export type TmuxPane = {
  id: PaneId;
  index: Count;
  /** Whether it is the active pane of its window. */
  active: boolean;
  width: Count;
  height: Count;
  pid: Count;
  exit: null | Exit;
  /** Such as copy-mode. */
  mode: string | null;
  title: string;
  command: string;
  path: string;
  /** In pane.created: it came from another window. */
  moved?: boolean;
  agent?: Agent;
  screen?: Screen;
  /** Why the screen could not be captured. */
  screen_error?: string;
};

/** What an agent does. Of one that is there, any but exited. */
export type AgentStatus = "busy" | "ready" | "waiting" | "error" | "unknown" | "exited";

/** The agent in a pane. What is not known is absent. There may be values of reason and source that are new to you. */
export type Agent = {
  /** Such as claude. */
  agent_type: string;
  status: AgentStatus;
  /** What it waits for or why it failed, in a word such as permission. */
  reason?: string;
  /** How sure the status is. */
  confidence: "low" | "medium" | "high";
  /** What the status rests on, in a word such as screen. */
  source?: string;
  /** Since when it has had this status: RFC 3339, UTC, milliseconds. */
  since: string;
  /** What the agent says about it, such as the command that it asks for. Hostile, as all output. */
  message?: string;
  /** The dialog that the agent shows, while it waits. An answer names its fingerprint. */
  dialog?: {
    /** What tells it from all others, also from one that says the same later. */
    fingerprint: string;
    /** Its choices, as far as they are known. Hostile, as all output. */
    options?: Array<string>;
  };
  /** As the agent names it. */
  model?: string;
  /** Such as plan. */
  mode?: string;
  /** How much of its context is left. */
  context_left_percent?: Count;
  /** How long the turn has lasted, as the agent shows it. */
  elapsed_ms?: Count;
  /** Tokens of the turn, as the agent shows them. */
  tokens?: Count;
  /** When a limit ends, in the agent's own words. */
  resets_at?: string;
  /** What runs behind it, whatever its status. */
  background?: {
    shells?: Count;
    agents?: Count;
  };
  usage?: Usage;
  /** Whether there is nothing new to be seen: the client, by any connection with its token, has marked the agent as seen since it is as it is, or the agent has done nothing since it was found ready. */
  seen?: boolean;
  /** In agent.status: its status before. */
  previous?: AgentStatus;
};

/** What the session of an agent has used, by its own transcript. Names in it are hostile, as all output. */
export type Usage = {
  /** Answers of models. */
  requests: Count;
  /** Read by the model, and found in no cache. */
  input_tokens: Count;
  /** Read from a cache. */
  cache_read_tokens: Count;
  /** Written to a cache. */
  cache_write_tokens: Count;
  /** Written by the model. */
  output_tokens: Count;
  /** Of output_tokens, what the model thought. */
  reasoning_tokens: Count;
  /** What all of it costs in US dollars. Absent if the price of a model is not known. */
  cost_usd?: number;
  /** The date of the prices. */
  prices_of?: string;
  models: Array<ModelUsage>;
  tools: {
    total_calls: Count;
    /** Calls of each tool, by its name. */
    by_type: {
      [key: string]: Count;
    };
  };
};

/** What was asked of one model. */
export type ModelUsage = {
  /** As the transcript names it. */
  model: string;
  /** Its answers. */
  requests: Count;
  /** Read by the model, and found in no cache. */
  input_tokens: Count;
  /** Read from a cache. */
  cache_read_tokens: Count;
  /** Written to a cache. */
  cache_write_tokens: Count;
  /** Written by the model. */
  output_tokens: Count;
  /** Of output_tokens, what the model thought. */
  reasoning_tokens: Count;
  /** In US dollars. Absent if its price is not known. */
  cost_usd?: number;
};

/** Something that somebody should look at. What is not known is absent. */
export type Alert = {
  /** Its name, which no other alert has. */
  id: string;
  /** The rule that raised it. */
  rule: string;
  /** How much it matters. */
  severity: "info" | "warning" | "error" | "critical";
  /** What it is about. Of one key there is one alert at a time. */
  key: string;
  /** What happened, in a line for people. */
  title: string;
  /** What the agent says about it. Hostile, as all output. */
  message?: string;
  /** The agent that it is about, such as claude. */
  agent_type?: string;
  /** What that agent does. */
  status?: AgentStatus;
  /** Why, in a word such as permission. */
  reason?: string;
  /** In alert.cleared: why it is over: over, gone or rules. There may be values that are new to you. */
  cause?: string;
  /** Since when what it is about holds: RFC 3339, UTC, milliseconds. */
  since: string;
};

/** What is used of processors and memory. What does not apply is absent. */
export type Resources = {
  /** By whom: pane, muxwire or host. There may be values that are new to you. */
  of: string;
  /** Of processors, in percent of one core; of the host, in percent of all its cores. */
  cpu_percent: number;
  /** Resident memory, counted for each process by itself; of the host, what is not available. */
  memory_bytes: Count;
  /** How many processes there are. */
  processes: Count;
  /** The time over which the use of processors was measured, in milliseconds. */
  over_ms: Count;
  /** Of muxwire: its own process alone. */
  own?: Amounts;
  /** Of the host: how many processors it has. */
  cores?: Count;
  /** Of the host: how many tasks ran or waited in the last minute, in the last 5 and in the last 15. */
  load?: Array<number>;
  /** Of the host: all of its memory. */
  memory_total_bytes?: Count;
  /** Of the host: how much swap is in use. */
  swap_bytes?: Count;
  /** Of the host: all of its swap. */
  swap_total_bytes?: Count;
};

/** How much is used. */
export type Amounts = {
  /** Of processors, in percent of one core. */
  cpu_percent: number;
  /** Resident memory. */
  memory_bytes: Count;
  /** How many processes there are. */
  processes: Count;
};

export type CursorPosition = {
  x: Count;
  y: Count;
  visible: boolean;
};

/** What a pane shows. Output from `offset` on follows it. */
export type Screen = {
  offset: Count;
  /** Nothing can be missing or doubled between the screen and the output from `offset` on. */
  exact: boolean;
  cols: Count;
  rows: Count;
  /** From the top, with SGR sequences. */
  lines: Array<string>;
  cursor: CursorPosition;
  /** Whether it is the alternate screen. */
  alternate: boolean;
};

export type TmuxClient = {
  name: string;
  pid: Count;
  session: string | null;
  session_id: null | SessionId;
  control: boolean;
  read_only: boolean;
  tty: string;
  /** In client.session_changed: the name of the session that it left. */
  previous?: string | null;
};

export type TmuxBuffer = {
  name: string;
  size: Count;
  created: Seconds;
};

/** What all events have. session, window, session_id, window_id and pane are there where they apply. */
export type Envelope = {
  /** RFC 3339, UTC, milliseconds. */
  timestamp: string;
  session?: string;
  /** The window's index in that session. */
  window?: number;
  session_id?: SessionId;
  window_id?: WindowId;
  pane?: PaneId;
  host: string;
  epoch: Epoch;
  seq: Seq;
  /** No notification announced it; the periodic comparison found it. */
  reconciled?: true;
};

/** A tmux server was found, or came back. */
export type ServerConnectedEvent = Envelope & {
  type: "server.connected";
  data: TmuxServer;
};

/** What there is to be known of the tmux server has changed: there are other warnings. */
export type ServerChangedEvent = Envelope & {
  type: "server.changed";
  data: TmuxServer;
};

/** The tmux server went. Removals of all it held came before. */
export type ServerLostEvent = Envelope & {
  type: "server.lost";
  data: {
    pid: Count;
    start_time: Seconds;
    version: string;
    reason: string;
  };
};

/** A tmux server runs, but its version and that of the tmux program don't fit. No server is connected. */
export type ServerUnfitEvent = Envelope & {
  type: "server.unfit";
  data: {
    /** What is wrong and what to do about it. */
    reason: string;
    program_version: string;
    /** Null where it can't be found out. */
    server_version: string | null;
  };
};

/** A session came; its windows follow as events of their own, or are in `contents`. */
export type SessionCreatedEvent = Envelope & {
  type: "session.created";
  data: {
    session: string;
    /** How many. */
    windows: number;
    path: string;
    created: Seconds;
    group: string | null;
    destroy_unattached: boolean;
    streamed: Streamed;
    active: number | null;
    /** The session is not new, but was renamed into what this client may see or asked for: all that is in it. */
    contents?: {
      windows: Array<TmuxWindow>;
      clients: Array<TmuxClient>;
    };
  };
  session: string;
  session_id: SessionId;
};

/** A session went; its windows went before. */
export type SessionRemovedEvent = Envelope & {
  type: "session.removed";
  data: { [key: string]: unknown };
  session: string;
  session_id: SessionId;
};

/** A session has a new name, which the envelope shows. */
export type SessionRenamedEvent = Envelope & {
  type: "session.renamed";
  data: {
    session: string;
    /** How many. */
    windows: number;
    path: string;
    created: Seconds;
    group: string | null;
    destroy_unattached: boolean;
    streamed: Streamed;
    active: number | null;
    previous: string;
  };
  session: string;
  session_id: SessionId;
};

/** Another attribute of a session changed: path, group, destroy_unattached or streamed. */
export type SessionChangedEvent = Envelope & {
  type: "session.changed";
  data: {
    session: string;
    /** How many. */
    windows: number;
    path: string;
    created: Seconds;
    group: string | null;
    destroy_unattached: boolean;
    streamed: Streamed;
    active: number | null;
  };
  session: string;
  session_id: SessionId;
};

/** A window came to a session: new, linked, or moved from another session. */
export type WindowCreatedEvent = Envelope & {
  type: "window.created";
  data: TmuxWindow;
  session: string;
  session_id: SessionId;
  window: number;
  window_id: WindowId;
};

/** A window went from a session. */
export type WindowRemovedEvent = Envelope & {
  type: "window.removed";
  data: { [key: string]: unknown };
  session: string;
  session_id: SessionId;
  window: number;
  window_id: WindowId;
};

/** A window has a new name. */
export type WindowRenamedEvent = Envelope & {
  type: "window.renamed";
  data: {
    name: string;
    previous: string;
  };
  session: string;
  session_id: SessionId;
  window: number;
  window_id: WindowId;
};

/** A window has a new index in its session. */
export type WindowMovedEvent = Envelope & {
  type: "window.moved";
  data: {
    index: Count;
    previous: Count;
  };
  session: string;
  session_id: SessionId;
  window: number;
  window_id: WindowId;
};

/** Size, layout, zoom or the panes' indexes changed. */
export type WindowLayoutChangedEvent = Envelope & {
  type: "window.layout_changed";
  data: {
    layout: string;
    width: Count;
    height: Count;
    zoomed: boolean;
    /** In their order. */
    panes: Array<{
      id: PaneId;
      index: Count;
    }>;
  };
  session: string;
  session_id: SessionId;
  window: number;
  window_id: WindowId;
};

/** A window came and went before anybody could look at it; nobody knows in which session. */
export type WindowMissedEvent = Envelope & {
  type: "window.missed";
  data: {
    id: WindowId;
  };
};

/** A session's current window is another, which the envelope shows. */
export type WindowActiveChangedEvent = Envelope & {
  type: "window.active_changed";
  data: {
    /** The index of the one before. */
    previous: number | null;
  };
  session: string;
  session_id: SessionId;
  window: number;
  window_id: WindowId;
};

/** tmux marks a window, or not any more. */
export type WindowAlertEvent = Envelope & {
  type: "window.alert";
  data: {
    alerts: Alerts;
  };
  session: string;
  session_id: SessionId;
  window: number;
  window_id: WindowId;
};

/** A pane came to a window. */
export type PaneCreatedEvent = Envelope & {
  type: "pane.created";
  data: TmuxPane & {
    moved: Exclude<TmuxPane["moved"], undefined>;
  };
  session: string;
  session_id: SessionId;
  window: number;
  window_id: WindowId;
  pane: PaneId;
};

/** A pane went from its window. */
export type PaneRemovedEvent = Envelope & {
  type: "pane.removed";
  data: {
    /** It goes to another window. */
    moved: boolean;
  };
  session: string;
  session_id: SessionId;
  window: number;
  window_id: WindowId;
  pane: PaneId;
};

/** The process of a pane ended, and the pane remains. */
export type PaneExitedEvent = Envelope & {
  type: "pane.exited";
  data: Exit;
  session: string;
  session_id: SessionId;
  window: number;
  window_id: WindowId;
  pane: PaneId;
};

/** A window's active pane is another, which the envelope shows. */
export type PaneActiveChangedEvent = Envelope & {
  type: "pane.active_changed";
  data: {
    previous: null | PaneId;
  };
  session: string;
  session_id: SessionId;
  window: number;
  window_id: WindowId;
  pane: PaneId;
};

/** A pane has a new title. */
export type PaneTitleChangedEvent = Envelope & {
  type: "pane.title_changed";
  data: {
    title: string;
    previous: string;
  };
  session: string;
  session_id: SessionId;
  window: number;
  window_id: WindowId;
  pane: PaneId;
};

/** Another command runs in the foreground, or the pane was respawned. */
export type PaneCommandChangedEvent = Envelope & {
  type: "pane.command_changed";
  data: {
    command: string;
    previous: string;
    pid: Count;
  };
  session: string;
  session_id: SessionId;
  window: number;
  window_id: WindowId;
  pane: PaneId;
};

/** The foreground process went to another directory. */
export type PanePathChangedEvent = Envelope & {
  type: "pane.path_changed";
  data: {
    path: string;
    previous: string;
  };
  session: string;
  session_id: SessionId;
  window: number;
  window_id: WindowId;
  pane: PaneId;
};

/** A pane entered or left a mode, such as copy-mode. */
export type PaneModeChangedEvent = Envelope & {
  type: "pane.mode_changed";
  data: {
    mode: string | null;
    previous: string | null;
  };
  session: string;
  session_id: SessionId;
  window: number;
  window_id: WindowId;
  pane: PaneId;
};

/** A pane has a new size. */
export type PaneResizedEvent = Envelope & {
  type: "pane.resized";
  data: {
    width: Count;
    height: Count;
    previous: {
      width: Count;
      height: Count;
    };
  };
  session: string;
  session_id: SessionId;
  window: number;
  window_id: WindowId;
  pane: PaneId;
};

/** A pane came and went before anybody could look at it; what it printed was published before this. */
export type PaneMissedEvent = Envelope & {
  type: "pane.missed";
  data: { [key: string]: unknown };
  session: string;
  session_id: SessionId;
  pane: PaneId;
};

/** The bell rang in a pane, once or several times at the same moment. */
export type PaneBellEvent = Envelope & {
  type: "pane.bell";
  data: { [key: string]: unknown };
  session: string;
  session_id: SessionId;
  pane: PaneId;
};

/** A program wrote to its pane. */
export type PaneOutputEvent = Envelope & {
  type: "pane.output";
  data: {
    /** As text; each run of invalid UTF-8 is U+FFFD. */
    content: string;
    severity: "info" | "warning" | "error";
    /** The place of the first byte in the pane's output. */
    offset: number;
    /** How many bytes it was before any decoding. */
    bytes: number;
    /** There was invalid UTF-8 in it. The bytes as they were come in binary. */
    lossy?: true;
  };
  session: string;
  session_id: SessionId;
  pane: PaneId;
};

/** Output of a pane was lost on the way from tmux; a snapshot with the screen shows what it led to. */
export type PaneGapEvent = Envelope & {
  type: "pane.gap";
  data: {
    /** Where output goes on. */
    offset: number;
    /** How many bytes are missing, if it is known. */
    bytes: number | null;
  };
  session: string;
  session_id: SessionId;
  pane: PaneId;
};

/** muxwire ended before all events were kept: what was published of these places is lost. */
export type LogGapEvent = Envelope & {
  type: "log.gap";
  data: {
    /** The place behind which they begin. */
    after: number;
    /** The last of them. */
    until: number;
  };
};

/** A client attached to a session, or to none. */
export type ClientAttachedEvent = Envelope & {
  type: "client.attached";
  data: TmuxClient;
};

/** A client detached. */
export type ClientDetachedEvent = Envelope & {
  type: "client.detached";
  data: {
    name: string;
  };
};

/** A client went to another session, or may no longer type, or may again. */
export type ClientSessionChangedEvent = Envelope & {
  type: "client.session_changed";
  data: TmuxClient & {
    previous: Exclude<TmuxClient["previous"], undefined>;
  };
};

/** A paste buffer was set. */
export type BufferChangedEvent = Envelope & {
  type: "buffer.changed";
  data: TmuxBuffer;
};

/** A paste buffer was deleted. */
export type BufferDeletedEvent = Envelope & {
  type: "buffer.deleted";
  data: {
    name: string;
  };
};

/** An agent was found in a pane. */
export type AgentStartedEvent = Envelope & {
  type: "agent.started";
  data: Agent;
  session: string;
  session_id: SessionId;
  window: number;
  window_id: WindowId;
  pane: PaneId;
};

/** An agent has another status, or something else of it changed, such as that this client has seen it. */
export type AgentStatusEvent = Envelope & {
  type: "agent.status";
  data: Agent & {
    previous: Exclude<Agent["previous"], undefined>;
  };
  session: string;
  session_id: SessionId;
  window: number;
  window_id: WindowId;
  pane: PaneId;
};

/** The session of an agent has used more. */
export type AgentUsageEvent = Envelope & {
  type: "agent.usage";
  data: {
    agent_type: string;
    usage: Usage;
  };
  session: string;
  session_id: SessionId;
  window: number;
  window_id: WindowId;
  pane: PaneId;
};

/** The agent in a pane is gone, or its pane goes. */
export type AgentEndedEvent = Envelope & {
  type: "agent.ended";
  data: {
    agent_type: string;
    status: "exited";
    /** Its last status. */
    previous: AgentStatus;
  };
  session: string;
  session_id: SessionId;
  window: number;
  window_id: WindowId;
  pane: PaneId;
};

/** A client with the permission emit says something of a task. */
export type TaskEvent = Envelope & {
  type: `task.${string}`;
  data: Task;
};

/** A client with the permission emit says what something has cost. */
export type CostEvent = Envelope & {
  type: `cost.${string}`;
  data: Cost;
};

/** A client with the permission emit says something of the use of a tool. */
export type ToolEvent = Envelope & {
  type: `tool.${string}`;
  data: Tool;
};

/** A client with the permission emit says something of its own. */
export type XEvent = Envelope & {
  type: `x.${string}`;
  data: { [key: string]: unknown };
};

/** Somebody should look at something. It names a pane, unless it is about the machine. */
export type AlertEvent = Envelope & {
  type: "alert";
  data: Alert;
};

/** An alert is over. */
export type AlertClearedEvent = Envelope & {
  type: "alert.cleared";
  data: Alert & {
    cause: Exclude<Alert["cause"], undefined>;
  };
};

/** What a pane, muxwire or the machine uses of processors and memory. Only those get it whose types name it. It names the pane, if it is about one. */
export type SystemResourcesEvent = Envelope & {
  type: "system.resources";
  data: Resources;
};

/** The first message of every connection. */
export type HelloMessage = {
  type: "hello";
  protocol: 1;
  server: string;
  host: string;
  epoch: Epoch;
  seq: Seq;
  auth_required: boolean;
  features: Array<string>;
};

/** Whether the token is accepted. If it is not, a connection that was not authenticated before is closed with 4500. */
export type AuthResponseMessage = {
  type: "auth.response";
  id?: Id;
  success: boolean;
  permissions: Array<"emit" | "read" | "write" | "admin">;
  client_id?: string;
  /** When the token ends by itself and the connection with it, if it does. */
  expires?: string;
  /** Secrets are masked in all that this client is shown. Absent if they are not. */
  redacted?: true;
  code?: "AUTH_FAILED";
  message?: string;
};

/** A subscription counts for the events after `seq`. */
export type SubscribedMessage = {
  type: "subscribed";
  id?: Id;
  /** With `since` alone. false: a snapshot follows. */
  recovered?: boolean;
  epoch: Epoch;
  seq: Seq;
  cursor: Cursor;
  /** What of the filters matches nothing now, in sentences for people. It counts all the same. */
  warnings?: Array<string>;
};

export type UnsubscribedMessage = {
  type: "unsubscribed";
  id?: Id;
};

/** The state of tmux as of `seq`: every event before it in the stream is in it, every event after it is not. */
export type SnapshotMessage = {
  type: "snapshot";
  id?: Id;
  host: string;
  epoch: Epoch;
  seq: Seq;
  cursor: Cursor;
  /** The part that it holds; without it, all that the client may see. */
  target?: {
    session_id: SessionId;
    window?: Count;
    pane?: PaneId;
  };
  /** null while no tmux server is connected. */
  server: null | TmuxServer;
  sessions: Array<SnapshotSession>;
  clients: Array<TmuxClient>;
  buffers: Array<TmuxBuffer>;
};

export type SnapshotSession = {
  id: SessionId;
  name: string;
  path: string;
  created: Seconds;
  group: string | null;
  destroy_unattached: boolean;
  streamed: Streamed;
  /** The index of the current window. */
  active: number | null;
  windows: Array<TmuxWindow>;
};

/** tmux has executed what was asked. */
export type CommandResponseMessage = {
  type: "command.response";
  id?: Id;
  success: true;
  pane: PaneId;
  /** It was executed for an earlier request with this key. */
  repeated?: true;
};

/** What has come of a prompt. */
export type PromptResponseMessage = {
  type: "prompt.response";
  id?: Id;
  /** It was carried out, whatever came of it. */
  success: true;
  pane: PaneId;
  /** Whether it is proven that the agent has taken it. */
  submitted: boolean;
  /** The proof, in a word. There may be others later. */
  evidence?: string;
  /** Why there is no proof, in a word. There may be others later. */
  reason?: string;
  /** The same for people. */
  message?: string;
  /** If anything was typed and not taken: what is left of it in the composer; empty if nothing is. */
  left?: string;
  /** Whether the composer shows that. Otherwise it can't be seen, and left is what was typed. */
  left_seen?: boolean;
  status?: AgentStatus;
  /** The fingerprint of the dialog that shows. */
  dialog?: string;
  /** It was executed for an earlier request with this key. */
  repeated?: true;
};

/** What has come of an answer to a dialog. */
export type AnswerResponseMessage = {
  type: "answer.response";
  id?: Id;
  /** It was carried out, whatever came of it. */
  success: true;
  pane: PaneId;
  /** Whether it is proven that the dialog is gone. */
  answered: boolean;
  /** The proof, in a word. There may be others later. */
  evidence?: string;
  /** Why there is no proof, in a word. There may be others later. */
  reason?: string;
  /** The same for people. */
  message?: string;
  status?: AgentStatus;
  /** The fingerprint of the dialog that shows. */
  dialog?: string;
  /** It was executed for an earlier request with this key. */
  repeated?: true;
};

/** The agents are marked as seen, by whoever shows this token. */
export type SeenMessage = {
  type: "seen";
  id?: Id;
  /** The panes that hold an agent, of those that were named. */
  panes: Array<PaneId>;
};

/** What the server holds for and against what it says of the agent in a pane, or why it holds nothing. There may be values of missing, source, standing and kind that are new to you. */
export type ExplanationMessage = {
  type: "explanation";
  id?: Id;
  /** The pane that the target was resolved to. */
  pane: PaneId;
  /** Why nothing is held: not_watched, no_agent. */
  missing?: string;
  /** The same for people. */
  message?: string;
  grounds?: Grounds;
};

export type Grounds = {
  status: AgentStatus;
  reason?: string;
  confidence: "low" | "medium" | "high";
  /** What the status rests on. */
  source?: string;
  /** For how long it has been said. */
  age_ms: Count;
  /** The agent's process. */
  pid: Count;
  /** All processes of its pane, as they were seen last. */
  pids: Array<Count>;
  /** Whether the server knows what the agent's screen shows. */
  screen_known: boolean;
  /** What sources say now, the strongest first. */
  evidence: Array<{
    /** Such as hook, report, registry, screen, title. */
    source: string;
    status: AgentStatus;
    reason?: string;
    confidence: "low" | "medium" | "high";
    /** Hostile, as all output. */
    message?: string;
    /** What it rests on, for people, such as a rule with its file and line. */
    basis: string;
    /** The stronger counts, unless it gives way. */
    strength: Count;
    /** counts: the status rests on it. gives_way: it is stronger, and older than it may be. weaker: there is stronger evidence. */
    standing: string;
    /** How long ago it began to say so. */
    age_ms: Count;
    /** How long ago it said so last. */
    said_ms: Count;
  }>;
  /** The newest of what the pane's bytes say besides what they show, the oldest first. */
  signals: Array<{
    /** report, title, progress, notification, prompt, bell. */
    kind: string;
    /** Hostile, as all output. */
    text?: string;
    age_ms: Count;
  }>;
};

export type PongMessage = {
  type: "pong";
  id?: Id;
};

/** The client has every event up to `seq` that passes its filters. */
export type BookmarkMessage = {
  type: "bookmark";
  epoch: Epoch;
  seq: Seq;
  cursor: Cursor;
};

/** A pane is open. With `recovered` its output from `offset` on follows, otherwise a `pane.snapshot` and then its output. */
export type OpenedMessage = {
  type: "opened";
  id?: Id;
  pane: PaneId;
  recovered: boolean;
  epoch: Epoch;
  offset: Count;
};

/** A pane is no longer open. */
export type ClosedMessage = {
  type: "closed";
  id?: Id;
  pane: PaneId;
};

/** An `ack` with an id was taken. */
export type AckedMessage = {
  type: "acked";
  id: Id;
};

/** From the top, with SGR sequences. */
export type Lines = Array<string>;

/** What brings a terminal there: the pages' and then the snapshot's, written into a fresh terminal of `cols` x `rows`. In binary it is the message behind this one. */
export type Replay = string;

/** A page of a pane's history. The pages come before the snapshot, the oldest lines first. */
export type PaneScrollbackMessage = {
  type: "pane.scrollback";
  pane: PaneId;
  page: Count;
  pages: Count;
  lines: Lines;
  replay?: Replay;
  replay_bytes?: Count;
};

/** A pane as it is at `offset`, which stands in the stream exactly at its place: the pane's output before it is in it, all that follows is behind it. */
export type PaneSnapshotMessage = {
  type: "pane.snapshot";
  session: string;
  window: number | null;
  session_id: SessionId;
  window_id: null | WindowId;
  pane: PaneId;
  host: string;
  epoch: Epoch;
  seq: Seq;
  cursor: Cursor;
  data: PaneScreen;
};

/** Output of a pane was left out, since the client is too slow or has not acknowledged enough: from one offset up to the other, where the `pane.snapshot` stands that follows. */
export type LaggedMessage = {
  type: "lagged";
  pane: PaneId;
  from: Count;
  to: Count;
};

/** How the client and the server fare. */
export type StatsMessage = {
  type: "stats";
  id?: Id;
  client: ClientStats;
  server: {
    /** Connected clients. */
    clients: number;
    /** From the read of tmux's bytes to the first write to a socket. */
    latency_us: Latency;
    /** From the read of tmux's bytes until the last client of a shard was written to. */
    fan_out_us: Latency;
  };
  /** All clients, the slowest first, at most 1,000. For admins only. */
  clients?: Array<ClientStats>;
};

/** How one client fares. */
export type ClientStats = {
  client_id: string;
  /** The name of its token, once that is accepted. */
  name?: string;
  /** Where it connects from, if that is known. */
  address?: string;
  /** How long it has been connected. */
  connected_ms: number;
  /** Bytes that wait to be written to it. */
  queue_bytes: number;
  /** Messages that wait to be written to it. */
  queue_messages: number;
  /** Events that wait for it in the history. */
  behind_events: number;
  /** Output that was left out for it since it connected. */
  shed: {
    /** Times that a pane's output began to be left out. */
    panes: number;
    /** Bytes of it: the sum over all `lagged`. */
    bytes: number;
  };
  /** From the read of tmux's bytes to the end of the write to its socket. */
  latency_us: Latency;
};

/** Who is connected, those first that came first. */
export type ClientsMessage = {
  type: "clients";
  id?: Id;
  clients: Array<ClientInfo>;
  /** How many there are; more than are listed if they are more than 1,000. */
  total: number;
};

/** A client that is connected. */
export type ClientInfo = {
  client_id: string;
  endpoint: "monitor" | "terminal" | "events";
  /** Where it connects from, if that is known. */
  address?: string;
  /** How long it has been connected. */
  connected_ms: number;
  /** Who it is, once that is proven: the id of its token or the like. */
  token?: string;
  /** The name of that. */
  name?: string;
  /** What it may do; empty as long as it is not known. */
  permissions: Array<"emit" | "read" | "write" | "admin">;
  /** The patterns of the sessions that it may see; empty while it may see all, or is not known. */
  sessions: Array<string>;
};

/** The connection that was named in `disconnect` ends. */
export type DisconnectedMessage = {
  type: "disconnected";
  id?: Id;
  client_id: string;
};

/** Microseconds, of the last 5 to 10 seconds; null if nothing was timed. */
export type Latency = {
  /** How many were timed. */
  count: number;
  p50: number;
  p99: number;
  max: number;
} | null;

export type PaneScreen = {
  /** The pane's output goes on from this byte. */
  offset: number;
  /** The fields below stand at this byte; what was printed between the two is at the end of the replay. */
  screen_offset: number;
  /** Nothing can be missing or doubled. */
  exact: boolean;
  /** What tmux does not report and was not seen since, and is taken to be as in a fresh terminal. */
  assumed: Array<string>;
  cols: Count;
  rows: Count;
  primary: {
    lines: Lines;
  };
  /** The alternate screen, while it shows; `saved` is the cursor that the primary screen comes back with. */
  alternate: {
    lines: Lines;
    saved: {
      x: Count;
      y: Count;
    } | null;
  } | null;
  /** `x` is `cols` when the next character goes to the next line. */
  cursor: {
    x: Count;
    y: Count;
    visible: boolean;
    shape?: string;
    blinking?: boolean;
    colour?: string;
  };
  /** The modes that are known, by name. */
  modes: {
    [key: string]: boolean | string;
  };
  /** The columns of the tab stops, from 0. */
  tabs: Array<Count>;
  scroll_region: {
    top: Count;
    bottom: Count;
  };
  /** What has begun and is not complete: an escape sequence, and how many bytes of a character. */
  unfinished: {
    sequence: string;
    character: Count;
  };
  /** Lines in the pane's history. */
  history: number;
  /** The lines of history that came before, and in how many `pane.scrollback` messages. */
  scrollback: {
    lines: Count;
    pages: Count;
  };
  replay?: Replay;
  replay_bytes?: Count;
};

/** Events that are kept, in the order that was asked for, as they were sent when they happened. All up to the position is in the answer. */
export type HistoryPageMessage = {
  type: "history.page";
  id?: Id;
  events: Array<AnyEvent>;
  /** What goes on from here, as `before` if the newest came first, else as `after`. Without it there is no more. */
  next?: string;
  epoch: Epoch;
  seq: Seq;
  cursor: Cursor;
};

/** Lines that were found, the newest first. All up to the position was looked at. */
export type SearchPageMessage = {
  type: "search.page";
  id?: Id;
  hits: Array<SearchHit>;
  /** What goes on from here, as `before`. Without it everything was looked at. */
  next?: string;
  /** The time was over before there were as many as were asked for. */
  out_of_time?: true;
  epoch: Epoch;
  seq: Seq;
  cursor: Cursor;
};

/** A line. Its place is that of its pane at the time. */
export type SearchHit = {
  /** When it stood as it is. */
  timestamp: string;
  session: string;
  window?: Count;
  session_id: SessionId;
  window_id?: WindowId;
  pane: PaneId;
  epoch: Epoch;
  /** The moment to jump to: the offset of the pane's output behind which it stood. */
  offset: Count;
  /** Its number, which no other line of this history has. */
  line: Count;
  severity: "info" | "warning" | "error";
  /** The line, cut so that every second piece is what was searched for. */
  snippet: Array<string>;
  /** The line goes on before or behind that. */
  cut?: true;
};

/** A pane as it was, in the shape of `pane.snapshot`. */
export type ScreenMessage = {
  type: "screen";
  id?: Id;
  /** When the last of it was printed. */
  timestamp: string;
  session: string;
  window: number | null;
  session_id: SessionId;
  window_id: null | WindowId;
  pane: PaneId;
  host: string;
  epoch: Epoch;
  seq: Seq;
  cursor: Cursor;
  data: PaneScreen;
};

/** A replay begins: its screen follows. */
export type ReplayStartedMessage = {
  type: "replay.started";
  id?: Id;
  /** Its number on this connection. */
  replay: Count;
  /** The pane that the target was resolved to. */
  pane: PaneId;
  from: string;
  to: string;
};

/** The screen that a replay goes on from: at its beginning, and wherever it was told to go. */
export type ReplaySnapshotMessage = {
  type: "replay.snapshot";
  replay: Count;
  /** When the last of it was printed. */
  timestamp: string;
  pane: PaneId;
  data: PaneScreen;
};

/** What a pane printed then. */
export type ReplayOutputMessage = {
  type: "replay.output";
  replay: Count;
  timestamp: string;
  /** The text, escape sequences and all. It is hostile. */
  content: string;
  /** The place of its first byte in the pane's output. */
  offset: Count;
  bytes: Count;
  /** These bytes are not kept, or not for this client. */
  missing?: true;
};

/** The pane got another size then. */
export type ReplayResizedMessage = {
  type: "replay.resized";
  replay: Count;
  timestamp: string;
  cols: Count;
  rows: Count;
};

/** How a replay goes on. */
export type ReplayStateMessage = {
  type: "replay.state";
  id?: Id;
  replay: Count;
  /** Where it is. */
  timestamp: string;
  paused: boolean;
  speed: number;
  skip_idle: boolean;
};

/** A replay is over. */
export type ReplayEndMessage = {
  type: "replay.end";
  replay: Count;
  /** Where it was. */
  timestamp: string;
  reason: "end" | "stopped" | "failed";
  /** Why it failed, for people. */
  message?: string;
};

/** What agents did, those first that want something. All up to the position is in the answer. */
export type DigestMessage = {
  type: "digest";
  id?: Id;
  since: string;
  to: string;
  agents: Array<AgentDigest>;
  /** Not everything was looked at: a shorter time has it all. */
  out_of_time?: true;
  epoch: Epoch;
  seq: Seq;
  cursor: Cursor;
};

export type AgentDigest = {
  /** The session that it was in last. */
  session: string;
  pane: PaneId;
  agent_type: string;
  /** When it began, if that lies within the time. */
  started?: string;
  /** When it ended, if it did. */
  ended?: string;
  /** Its last status. */
  status: string;
  spent_ms: SpentMs;
  /** Its statuses, one after the other; of many the last 200. */
  states: Array<StateSpan>;
  /** How often it began to work for a prompt. */
  prompts: Count;
  /** How often it waited for somebody. */
  waits: Count;
  longest_wait_ms: Count;
  /** What went wrong; of much the last 50. */
  errors: Array<ErrorSpan>;
  /** Files of tests, or tests, that its pane said failed. */
  failed_tests: Array<string>;
  /** What its session has used within the time, if it is known. */
  usage?: Usage;
};

/** For how long it had each status, in milliseconds. */
export type SpentMs = {
  busy: Count;
  ready: Count;
  waiting: Count;
  error: Count;
  unknown: Count;
};

export type StateSpan = {
  since: string;
  /** For how long. */
  ms: Count;
  status: string;
  reason?: string;
  /** What the agent said about it. It is hostile. */
  message?: string;
};

export type ErrorSpan = {
  at: string;
  reason?: string;
  message?: string;
};

/** The question is cancelled; it gets the error CANCELLED. Or there was none. */
export type CancelledMessage = {
  type: "cancelled";
  id?: Id;
  /** Whether such a question was under way. */
  found: boolean;
};

/** The server is about to close all connections with 4001. */
export type ShutdownMessage = {
  type: "shutdown";
  retry_after_ms: Count;
};

/** The events stand in the log. */
export type EmittedMessage = {
  type: "emitted";
  id?: Id;
  /** How many. */
  events: number;
  epoch: Epoch;
  /** The place of the last one. */
  seq: Seq;
  cursor: Cursor;
  /** This is the answer to an earlier request with the same key. */
  repeated?: true;
};

export type ErrorMessage = {
  type: "error";
  id?: Id;
  code: "INVALID_JSON" | "INVALID_MESSAGE" | "UNKNOWN_ACTION" | "INVALID_FILTER" | "AUTH_REQUIRED" | "AUTH_FAILED" | "PERMISSION_DENIED" | "NOT_FOUND" | "AMBIGUOUS_TARGET" | "RATE_LIMITED" | "LIMIT_REACHED" | "TOO_LARGE" | "PANE_DEAD" | "PANE_IN_MODE" | "INPUT_OFF" | "UNKNOWN_KEY" | "KEY_UNSUPPORTED" | "TMUX_ERROR" | "TMUX_UNAVAILABLE" | "OUTCOME_UNKNOWN" | "INTERRUPTED" | "RECORDING" | "CANCELLED" | "HISTORY_OFF" | "HISTORY_TIMEOUT" | "HISTORY_UNAVAILABLE" | "DISCONNECTED" | "AUDIT_UNAVAILABLE";
  /** For people. */
  message: string;
  /** Whether the same request may succeed later. */
  retryable: boolean;
  /** When to ask again, in milliseconds, if that is known. */
  retry_after_ms?: number;
};

/** Says who the client is, by a token or by a one-time ticket from /api/ticket. */
export type AuthRequest = {
  action: "auth";
  id?: Id;
  /** A token of muxwire, or a JWT. */
  token?: string;
  ticket?: string;
};

/** Asks for events that pass the filters, from `since` on or else from now on. */
export type SubscribeRequest = {
  action: "subscribe";
  id?: Id;
  filters?: Filters;
  since?: Since;
  prints_in?: PrintsIn;
  /** Leaves out what panes print in which clients print what they get. */
  without_watchers?: boolean;
};

/** Asks for no more events that pass the filters. */
export type UnsubscribeRequest = {
  action: "unsubscribe";
  id?: Id;
  filters?: Filters;
};

/** Asks for the state of tmux, or of one session, window or pane. */
export type SnapshotRequest = {
  action: "snapshot";
  id?: Id;
  target?: Target;
  screen?: boolean;
};

/** Types a line into a pane, or pastes text of one or more lines, and presses Enter. */
export type CommandRequest = {
  action: "command";
  id?: Id;
  target: Target;
  command: string;
  paste?: Paste;
  submit_delay_ms?: SubmitDelayMs;
  cancel_mode?: boolean;
  key?: Key;
};

/** Types or pastes text as it is, or presses keys by their names. */
export type SendKeysRequest = {
  action: "send-keys";
  id?: Id;
  target: Target;
  text?: string;
  keys?: Array<string>;
  paste?: Paste;
  submit_delay_ms?: SubmitDelayMs;
  cancel_mode?: boolean;
  key?: Key;
};

/** Types a prompt for the agent in a pane, submits it, and is answered by prompt.response when that is proven or has failed. */
export type PromptRequest = {
  action: "prompt";
  id?: Id;
  target: Target;
  /** One line or several, without control characters other than tabs and line feeds. */
  text: string;
  /** Type it for an agent that works as well, which keeps it for later. */
  queue?: boolean;
  timeout_ms?: TimeoutMs;
  key?: Key;
};

/** Answers the dialog of the agent in a pane, as long as it is this very dialog, and is answered by answer.response. */
export type AnswerRequest = {
  action: "answer";
  id?: Id;
  target: Target;
  /** The fingerprint of the dialog, from the agent. */
  dialog: string;
  /** The number of a choice, from 1 on, or its text or the beginning of that. */
  choice: number | string;
  timeout_ms?: TimeoutMs;
  key?: Key;
};

/** Marks the agents in a pane, a window or a session as seen, or without a target all that the client may see. The marks of one token are one, whatever it connects by, and are gone when the agent has another status. */
export type SeenRequest = {
  action: "seen";
  id?: Id;
  target?: Target;
};

/** Asks what the server holds for and against what it says of the agent in a pane. */
export type ExplainRequest = {
  action: "explain";
  id?: Id;
  target: Target;
};

/** Asks for events that are kept, a page at a time. Lists are as in filters: one that is not given allows all. */
export type HistoryRequest = {
  action: "history";
  id?: Id;
  types?: Patterns;
  sessions?: Patterns;
  panes?: PaneIds;
  agents?: Patterns;
  from?: Time;
  to?: Time;
  after?: HistoryCursor;
  before?: HistoryCursor;
  /** How many events, at most 500; 100 if it is not said. */
  limit?: number;
  /** Which come first; newest if it is not said. */
  order?: "newest" | "oldest";
};

/** Asks for lines that panes printed, the newest first: those with all these words and phrases, or those that a regular expression fits. */
export type SearchRequest = {
  action: "search";
  id?: Id;
  /** Words in any place; `word*` is the beginning of one, and words in quotation marks stand in a row. */
  words?: string;
  regex?: string;
  sessions?: Patterns;
  panes?: PaneIds;
  /** How bad a line looks, at least. */
  severity?: "info" | "warning" | "error";
  from?: Time;
  to?: Time;
  before?: HistoryCursor;
  /** How many lines, at most 200; 50 if it is not said. */
  limit?: number;
};

/** Asks for a pane as it was at a moment. */
export type ScreenRequest = {
  action: "screen";
  id?: Id;
  target: Target;
  at: Time;
  /** The exact moment, as an offset of the pane's output. Then `at` only says which pane had the id. */
  offset?: OffsetOfClient;
};

/** Asks for what a pane printed, once more, at a pace. */
export type ReplayRequest = {
  action: "replay";
  id?: Id;
  target: Target;
  from: Time;
  to?: Time;
  speed?: Speed;
  /** Pauses of more than half a second take half a second. */
  skip_idle?: boolean;
  /** How many bytes of output may be on their way without an `ack`. Beyond it, the replay stands still. */
  ack_window?: number;
};

/** Says how a replay is to go on. */
export type ReplayControlRequest = {
  action: "replay-control";
  id?: Id;
  /** The number that `replay.started` named. */
  replay: number;
  paused?: boolean;
  speed?: Speed;
  skip_idle?: boolean;
  /** Goes on from this time. */
  seek?: Time;
  /** Ends the replay. */
  stop?: true;
  /** The output up to this offset was taken in. */
  ack?: OffsetOfClient;
};

/** Asks what agents did in a time. */
export type DigestRequest = {
  action: "digest";
  id?: Id;
  since: Time;
  to?: Time;
  sessions?: Patterns;
  agents?: Patterns;
};

/** Says that no answer to a question is wanted any more. */
export type CancelRequest = {
  action: "cancel";
  id?: Id;
  /** The id of the question. */
  request: Id;
};

/** RFC 3339, or a span before now: a number and s, m, h or d. */
export type Time = string;

/** How many times as fast as it was. */
export type Speed = number;

/** The `next` of a page. */
export type HistoryCursor = string;

export type PaneIds = Array<string>;

/** Asks for a pane as it is, and for all that it prints from there on. */
export type OpenRequest = {
  action: "open";
  id?: Id;
  target: Target;
  /** How many lines of the pane's history come before its screen. */
  scrollback?: number;
  /** Up to where the client has the pane's output already. */
  since?: {
    epoch: string;
    offset: OffsetOfClient;
  };
  /** How many bytes of output may be on their way without an `ack`. Beyond it, output is left out until the client has caught up. */
  ack_window?: number;
};

/** Ends what `open` began. */
export type CloseRequest = {
  action: "close";
  id?: Id;
  target: Target;
};

/** Says that the client has taken in an open pane's output up to an offset. It is answered only if it has an id. */
export type AckRequest = {
  action: "ack";
  id?: Id;
  pane: string;
  offset: OffsetOfClient;
};

/** A place in a pane's output, in bytes. */
export type OffsetOfClient = number;

/** Asks how this client and the server fare. From then on, for a minute, the client's writes are timed; an admin's request has the writes of all clients timed. */
export type StatsRequest = {
  action: "stats";
  id?: Id;
};

/** Asks who is connected. It needs the permission admin. */
export type ClientsRequest = {
  action: "clients";
  id?: Id;
};

/** Ends somebody's connection. It needs the permission admin. */
export type DisconnectRequest = {
  action: "disconnect";
  id?: Id;
  client_id: string;
  /** The reason that the client gets. */
  reason?: string;
};

/** Adds events of the client's own to the log, all of them or none. It needs the permission emit. The body of POST /api/events is the same; there action may be left out. */
export type EmitRequest = {
  action: "emit";
  id?: Id;
  key?: Key;
  events: Array<Emitted>;
};

/** An event. Without a target it is about no session; only a client that may see all sessions may say that. */
export type Emitted = {
  type: EmittedType;
  target?: Target;
  /** At most 16 KiB, lists and objects at most 16 deep in each other. */
  data: { [key: string]: unknown };
};

/** task, cost, tool or x, a dot, and words with dots between them. */
export type EmittedType = string;

/** What is said of a task: its name for programs, and what of the rest is known. Other fields are kept as they are. */
export type Task = {
  task: EmittedName;
  /** The task that it is a part of. */
  parent?: EmittedName;
  title?: string;
  status?: "pending" | "running" | "completed" | "failed" | "cancelled";
  /** In percent. */
  progress?: number;
  message?: string;
};

/** What something has cost since the last such event. Other fields are kept as they are. */
export type Cost = {
  /** In the currency. */
  amount?: number;
  /** As ISO 4217 names it; USD without it. */
  currency?: string;
  model?: string;
  requests?: EmittedCount;
  input_tokens?: EmittedCount;
  output_tokens?: EmittedCount;
  cache_read_tokens?: EmittedCount;
  cache_write_tokens?: EmittedCount;
  task?: EmittedName;
};

/** What is said of the use of a tool. Other fields are kept as they are. */
export type Tool = {
  /** What kind of tool it is. */
  tool: EmittedName;
  /** Which use of it. */
  call?: EmittedName;
  status?: "started" | "completed" | "failed";
  duration_ms?: EmittedCount;
  message?: string;
  task?: EmittedName;
};

/** A name for programs. */
export type EmittedName = string;

export type EmittedCount = number;

/** Asks for a pong, where the WebSocket's own pings are out of reach, as in browsers. */
export type PingRequest = {
  action: "ping";
  id?: Id;
};

/** Comes back in the reply. */
export type Id = string | number;

/** How long it may take before it has failed: 10 seconds if it is not given. */
export type TimeoutMs = number;

/** A request with a key that was used within 60 seconds is not carried out again: it gets the first one's answer. */
export type Key = string;

/** Whether the text is pasted: it is bracketed if the program in the pane asked for that. Keys can't be pasted. Without it, `command` pastes a line of more than 256 bytes. */
export type Paste = boolean;

/** How long Enter waits after what was typed into the pane before it, in milliseconds. Without it, `input.submit_delay` of the server counts. */
export type SubmitDelayMs = number;

/** Each list that is given must match; a list that is not given allows all. `*` stands for any run of characters; an object means one id, index or name and nothing else. To ignore another key would give more than was asked for, so it is an error. */
export type Filters = {
  types?: Patterns;
  sessions?: Array<string | {
    session_id?: string;
    session_name?: string;
  }>;
  windows?: Array<number | string | {
    window_id?: string;
    window_index?: number;
    window_name?: string;
  }>;
  panes?: Patterns;
  /** Types of agents, such as claude. What is not about an agent does not match. */
  agents?: Patterns;
  /** What an agent does now. What is not about an agent does not match. */
  statuses?: Array<"busy" | "ready" | "waiting" | "error" | "unknown" | "exited">;
};

export type Patterns = Array<string>;

/** A position: a cursor as the server wrote it, or its epoch and seq. */
export type Since = string | {
  epoch: string;
  seq: number;
};

/** Where the client prints what it gets, as far as it knows: the process id of the tmux server and the pane from TMUX and TMUX_PANE, and the processes that it descends from. */
export type PrintsIn = {
  server?: number;
  pane?: string;
  processes?: Array<number>;
};

/** A pane by its id, or a session by name or id, its window by index, id or name (else its current one), and a pane by its index (else the active one). The forms with `_id`, `_name` and `_index` take a text for nothing else. To ignore another key would mean another pane, so it is an error. */
export type Target = {
  pane?: string;
  session?: string;
  session_id?: string;
  session_name?: string;
  window?: number | string;
  window_id?: string;
  window_index?: number;
  window_name?: string;
  pane_index?: number;
};

/** The terminal shows this pane from here on. Unless it is `recovered`, the next output begins with a reset. */
export type TerminalConnectMessage = {
  type: "connect";
  id?: string | number;
  sessionId: string;
  timestamp: TimestampOfTerminalServer;
  pane: PaneId;
  cols: Count;
  rows: Count;
  epoch: Epoch;
  /** Where the pane's output goes on. */
  offset: number;
  /** The output from `offset` on follows; otherwise the pane as it is does first. */
  recovered: boolean;
};

/** To be written to the client's terminal. */
export type TerminalOutputMessage = {
  type: "output";
  sessionId: string;
  timestamp: TimestampOfTerminalServer;
  data: string;
  /** Of its first byte; with `replay`, of the first byte that follows it. */
  offset: number;
  /** How many bytes it was before any decoding. */
  bytes?: number;
  /** There was invalid UTF-8 in it. The bytes as they were come in binary. */
  lossy?: true;
  /** It brings the terminal to the pane as it is, and is no output of its own. */
  replay?: true;
  /** With `replay`: nothing can be missing or doubled. */
  exact?: boolean;
};

/** The pane has another size; an output with `replay` follows. */
export type TerminalResizeMessage = {
  type: "resize";
  sessionId: string;
  timestamp: TimestampOfTerminalServer;
  cols: Count;
  rows: Count;
};

/** The pane or the session is gone, or the client asked for it. The connection is closed behind it. */
export type TerminalDisconnectMessage = {
  type: "disconnect";
  sessionId: string;
  timestamp: TimestampOfTerminalServer;
  reason: "requested" | "pane_gone" | "session_gone";
};

/** RFC 3339, UTC, milliseconds. */
export type TimestampOfTerminalServer = string;

/** Asks for the pane as it is, and for all that it prints from there on. */
export type TerminalConnectRequest = {
  type: "connect";
  id?: Id;
  /** The session of the address; nothing else is accepted. */
  sessionId?: string;
  timestamp?: TimestampOfTerminalClient;
  cols?: Size;
  rows?: Size;
  /** How many lines of the pane's history come before its screen. */
  scrollback?: number;
  /** How many bytes of output may be on their way without an `ack`. */
  ack_window?: number;
  /** The pane that the client has, and up to where. */
  since?: {
    epoch: string;
    pane: string;
    offset: OffsetOfTerminalClient;
  };
};

/** Types into the pane, byte for byte. It is answered only if it is refused. */
export type TerminalInputRequest = {
  type: "input";
  id?: Id;
  sessionId?: string;
  timestamp?: TimestampOfTerminalClient;
  data: string;
  /** It was pasted: it is bracketed if the program in the pane asked for that. */
  paste?: boolean;
};

/** Asks for another size, as far as `terminal.resize` allows it. */
export type TerminalResizeRequest = {
  type: "resize";
  id?: Id;
  sessionId?: string;
  timestamp?: TimestampOfTerminalClient;
  cols: Size;
  rows: Size;
};

/** The client has drawn the output up to an offset. */
export type TerminalAckRequest = {
  type: "ack";
  id?: Id;
  offset: OffsetOfTerminalClient;
};

/** Ends the connection. */
export type TerminalDisconnectRequest = {
  type: "disconnect";
  id?: Id;
  sessionId?: string;
  timestamp?: TimestampOfTerminalClient;
};

/** The client's own time; it is not looked at. */
export type TimestampOfTerminalClient = string | number;

export type Size = number;

/** A place in a pane's output, in bytes. */
export type OffsetOfTerminalClient = number;

/** An event of a type that this version knows. */

export type AnyEvent = ServerConnectedEvent | ServerChangedEvent | ServerLostEvent | ServerUnfitEvent | SessionCreatedEvent | SessionRemovedEvent | SessionRenamedEvent | SessionChangedEvent | WindowCreatedEvent | WindowRemovedEvent | WindowMissedEvent | WindowRenamedEvent | WindowMovedEvent | WindowLayoutChangedEvent | WindowActiveChangedEvent | WindowAlertEvent | PaneCreatedEvent | PaneRemovedEvent | PaneExitedEvent | PaneActiveChangedEvent | PaneTitleChangedEvent | PaneCommandChangedEvent | PanePathChangedEvent | PaneModeChangedEvent | PaneResizedEvent | PaneMissedEvent | PaneBellEvent | PaneOutputEvent | PaneGapEvent | LogGapEvent | ClientAttachedEvent | ClientDetachedEvent | ClientSessionChangedEvent | BufferChangedEvent | BufferDeletedEvent | AgentStartedEvent | AgentStatusEvent | AgentUsageEvent | AgentEndedEvent | AlertEvent | AlertClearedEvent | SystemResourcesEvent | TaskEvent | CostEvent | ToolEvent | XEvent;

/** What the server sends besides events. */

export type ServerMessage = HelloMessage | AuthResponseMessage | SubscribedMessage | UnsubscribedMessage | SnapshotMessage | CommandResponseMessage | PromptResponseMessage | AnswerResponseMessage | SeenMessage | ExplanationMessage | PongMessage | BookmarkMessage | OpenedMessage | ClosedMessage | AckedMessage | PaneScrollbackMessage | PaneSnapshotMessage | LaggedMessage | StatsMessage | ClientsMessage | DisconnectedMessage | EmittedMessage | HistoryPageMessage | SearchPageMessage | ScreenMessage | ReplayStartedMessage | ReplaySnapshotMessage | ReplayOutputMessage | ReplayResizedMessage | ReplayStateMessage | ReplayEndMessage | DigestMessage | CancelledMessage | ShutdownMessage | ErrorMessage;

/** What clients send. */

export type AnyRequest = AuthRequest | SubscribeRequest | UnsubscribeRequest | SnapshotRequest | CommandRequest | SendKeysRequest | PromptRequest | AnswerRequest | SeenRequest | ExplainRequest | OpenRequest | CloseRequest | AckRequest | StatsRequest | ClientsRequest | DisconnectRequest | EmitRequest | HistoryRequest | SearchRequest | ScreenRequest | ReplayRequest | ReplayControlRequest | DigestRequest | CancelRequest | PingRequest;

/** What a terminal sends. */

export type TerminalServerMessage = TerminalConnectMessage | TerminalOutputMessage | TerminalResizeMessage | TerminalDisconnectMessage;

/** The codes of errors that the server knows. */

export type ErrorCode = ErrorMessage["code"];

/** Requests that do something once: each has a key, under which it can be repeated. */

export const KEYED: ReadonlyArray<string> = [
  "command",
  "send-keys",
  "prompt",
  "answer",
  "emit"
];

/** Types of events that change what there is: all that a state takes in. */

export const STRUCTURAL: ReadonlyArray<string> = [
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
  "system.resources"
];

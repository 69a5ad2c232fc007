export { Client, type EventOptions, type Reports } from "./client.js";
export { type ClientErrorCode, type ErrorDetails, MuxwireError, printable, Unauthorized } from "./errors.js";
export type { Lagged, Lost, Position, StreamItem } from "./follower.js";
export type { Connected, Connecting, Message, Status } from "./link.js";
export type { ReplayItem, RequestOptions } from "./main.js";
export { type ClientOptions, LIMITS, type Limits, type Socket, type SocketConstructor } from "./options.js";
export type {
  OpenOptions,
  Pane,
  PaneEnd,
  PaneEvent,
  PaneGap,
  PaneItem,
  PaneLagged,
  PaneOutput,
  PaneSnapshot,
} from "./pane.js";
export type * from "./protocol.js";
export {
  type ClientState,
  type PaneState,
  type SessionState,
  type State,
  type StateChange,
  Tmux,
  type WindowState,
} from "./state.js";
export type { EventStream } from "./stream.js";
export type {
  Terminal,
  TerminalItem,
  TerminalOptions,
  TerminalOutput,
  TerminalRefusal,
  TerminalReplay,
} from "./terminal.js";
export type { Credential, TokenReason, TokenSource } from "./tokens.js";

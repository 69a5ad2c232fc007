import type { MuxwireError } from "./errors.js";
import { Follower, type StreamItem } from "./follower.js";
import type { Link, Shared } from "./link.js";
import {
  type AnyEvent,
  type SnapshotMessage,
  type SnapshotSession,
  STRUCTURAL,
  type TmuxBuffer,
  type TmuxClient,
  type TmuxPane,
  type TmuxServer,
  type TmuxWindow,
} from "./protocol.js";

/** A session. Its windows are named by their ids, since one may stand in several sessions. */
export interface SessionState extends Readonly<Omit<SnapshotSession, "windows">> {
  /** Index to the window's id. */
  readonly windows: Readonly<Record<number, string>>;
  /** The window's id to how tmux marks it in this session, for those that are marked. */
  readonly alerts: Readonly<Record<string, TmuxWindow["alerts"]>>;
}

/** A window. `active` is the id of its active pane. */
export interface WindowState extends Readonly<Omit<TmuxWindow, "index" | "active" | "alerts" | "panes">> {
  readonly active: string | null;
}

/** A pane, and the window in which it is. */
export interface PaneState extends Readonly<Omit<TmuxPane, "active" | "screen" | "screen_error" | "moved">> {
  readonly window: string;
}

/** A tmux client. The name of its session is that of the session. */
export type ClientState = Readonly<Omit<TmuxClient, "session" | "previous">>;

/** What there is in tmux. Values are replaced and never changed, so what is the same object is the same. */
export class Tmux {
  server: TmuxServer | null = null;
  readonly sessions = new Map<string, SessionState>();
  readonly windows = new Map<string, WindowState>();
  readonly panes = new Map<string, PaneState>();
  readonly clients = new Map<string, ClientState>();
  readonly buffers = new Map<string, TmuxBuffer>();
  /** A session to the id of its current window: while windows swap, one index stands for two of them. */
  readonly #current = new Map<string, string>();

  /** Takes in a snapshot of everything. */
  replace(snapshot: SnapshotMessage): void {
    this.clear();
    this.server = snapshot.server;
    for (const { windows, ...session } of snapshot.sessions) {
      this.sessions.set(session.id, { ...session, windows: {}, alerts: {} });
      this.#contents(session.id, windows, []);
    }
    for (const client of snapshot.clients) this.#client(client);
    for (const buffer of snapshot.buffers) this.buffers.set(buffer.name, buffer);
  }

  clear(): void {
    this.server = null;
    for (const map of [this.sessions, this.windows, this.panes, this.clients, this.buffers, this.#current]) map.clear();
  }

  /** Takes in an event that follows. One of what is not there, or of a type that is not known, changes nothing. */
  apply(event: AnyEvent): void {
    const [family] = event.type.split(".");
    if (family === "server") this.#onServer(event);
    else if (family === "session") this.#onSession(event);
    else if (family === "window") this.#onWindow(event);
    else if (family === "pane") this.#onPane(event);
    else if (family === "agent") this.#onAgent(event);
    else this.#onOther(event);
  }

  #onServer(event: AnyEvent): void {
    if (event.type === "server.connected" || event.type === "server.changed") this.server = event.data;
    else if (event.type === "server.lost") this.clear();
  }

  #onSession(event: AnyEvent): void {
    const id = event.session_id as string;
    switch (event.type) {
      case "session.removed":
        this.sessions.delete(id);
        this.#current.delete(id);
        // A client that shows it goes with it, or appears elsewhere in an event that follows.
        for (const client of this.clients.values()) if (client.session_id === id) this.clients.delete(client.name);
        this.#dropUnlinked();
        return;
      case "session.created":
      case "session.renamed":
      case "session.changed": {
        const { session: name, path, created, group, destroy_unattached, streamed } = event.data;
        const known = this.sessions.get(id) ?? { id, active: null, windows: {}, alerts: {} };
        this.sessions.set(id, { ...known, name, path, created, group, destroy_unattached, streamed });
        const contents = event.type === "session.created" ? event.data.contents : undefined;
        if (contents) this.#contents(id, contents.windows, contents.clients);
      }
    }
  }

  #contents(session: string, windows: TmuxWindow[], clients: TmuxClient[]): void {
    for (const window of windows) this.#window(session, window);
    for (const client of clients) this.#client(client);
  }

  #window(session: string, { index, active, alerts, panes, ...window }: TmuxWindow): void {
    if (active) this.#current.set(session, window.id);
    this.#session(session, (known) => ({
      windows: { ...known.windows, [index]: window.id },
      alerts: marked(known.alerts, window.id, alerts),
      active: active ? index : known.active,
    }));
    this.windows.set(window.id, { ...window, active: null });
    for (const pane of panes) this.#pane(window.id, pane);
  }

  #pane(window: string, { active, screen: _, screen_error: _error, moved: _moved, ...pane }: TmuxPane): void {
    if (active) this.#change(this.windows, window, { active: pane.id });
    this.panes.set(pane.id, { ...pane, window });
  }

  #onWindow(event: AnyEvent): void {
    const [id, index, session] = [event.window_id as string, event.window as number, event.session_id as string];
    switch (event.type) {
      case "window.created":
        return this.#window(session, event.data);
      case "window.removed":
        this.#session(session, (known) => ({
          windows: known.windows[index] === id ? without(known.windows, index) : known.windows,
          active: this.#isCurrent(session, known, index, id) ? null : known.active,
        }));
        this.#session(session, (known) =>
          Object.values(known.windows).includes(id) ? {} : { alerts: without(known.alerts, id) },
        );
        return this.#dropUnlinked();
      case "window.renamed":
        return this.#change(this.windows, id, { name: event.data.name });
      case "window.layout_changed": {
        const { panes, layout, width, height, zoomed } = event.data;
        this.#change(this.windows, id, { layout, width, height, zoomed });
        for (const pane of panes) this.#change(this.panes, pane.id, { index: pane.index });
        return;
      }
      case "window.moved": {
        const { previous } = event.data;
        return this.#session(session, (known) => ({
          windows: {
            ...(known.windows[previous] === id ? without(known.windows, previous) : known.windows),
            [index]: id,
          },
          active: this.#isCurrent(session, known, previous, id) ? index : known.active,
        }));
      }
      case "window.active_changed":
        this.#current.set(session, id);
        return this.#session(session, () => ({ active: index }));
      case "window.alert":
        return this.#session(session, (known) => ({ alerts: marked(known.alerts, id, event.data.alerts) }));
    }
  }

  #onPane(event: AnyEvent): void {
    const [id, window] = [event.pane as string, event.window_id as string];
    switch (event.type) {
      case "pane.created":
        return this.#pane(window, event.data);
      case "pane.removed":
        if (this.panes.get(id)?.window === window) this.panes.delete(id);
        if (this.windows.get(window)?.active === id) this.#change(this.windows, window, { active: null });
        return;
      case "pane.active_changed":
        return this.#change(this.windows, window, { active: id });
      case "pane.exited":
        return this.#change(this.panes, id, { exit: event.data, pid: 0 });
      case "pane.command_changed": {
        const { command, pid } = event.data;
        // A process runs: if the pane was dead, it was respawned.
        return this.#change(this.panes, id, { command, pid, ...(pid === 0 ? {} : { exit: null }) });
      }
      case "pane.title_changed":
        return this.#change(this.panes, id, { title: event.data.title });
      case "pane.path_changed":
        return this.#change(this.panes, id, { path: event.data.path });
      case "pane.mode_changed":
        return this.#change(this.panes, id, { mode: event.data.mode });
      case "pane.resized":
        return this.#change(this.panes, id, { width: event.data.width, height: event.data.height });
    }
  }

  #onAgent(event: AnyEvent): void {
    const known = this.panes.get(event.pane as string);
    if (!known) return;
    const { agent: _, ...pane } = known;
    if (event.type === "agent.ended") this.panes.set(pane.id, pane);
    else if (event.type === "agent.usage" && known.agent) {
      this.panes.set(pane.id, { ...pane, agent: { ...known.agent, usage: event.data.usage } });
    }
    if (event.type !== "agent.started" && event.type !== "agent.status") return;
    const { previous: _previous, ...agent } = event.data as typeof event.data & { previous?: unknown };
    this.panes.set(pane.id, { ...pane, agent });
  }

  #onOther(event: AnyEvent): void {
    if (event.type === "client.attached" || event.type === "client.session_changed") this.#client(event.data);
    else if (event.type === "client.detached") this.clients.delete(event.data.name);
    else if (event.type === "buffer.changed") this.buffers.set(event.data.name, event.data);
    else if (event.type === "buffer.deleted") this.buffers.delete(event.data.name);
  }

  #client({ session: _, previous: _previous, ...client }: TmuxClient): void {
    this.clients.set(client.name, client);
  }

  #isCurrent(session: string, { active }: SessionState, index: number, window: string): boolean {
    return active === index && this.#current.get(session) === window;
  }

  #session(id: string, change: (known: SessionState) => Partial<SessionState>): void {
    const known = this.sessions.get(id);
    if (known) this.sessions.set(id, { ...known, ...change(known) });
  }

  #change<V extends object>(map: Map<string, V>, key: string, fields: Partial<V>): void {
    const known = map.get(key);
    if (known) map.set(key, { ...known, ...fields });
  }

  /** A window that stands in no session any more is gone, and its panes with it. */
  #dropUnlinked(): void {
    const linked = new Set([...this.sessions.values()].flatMap(({ windows }) => Object.values(windows)));
    for (const id of this.windows.keys()) if (!linked.has(id)) this.windows.delete(id);
    for (const pane of this.panes.values()) if (!this.windows.has(pane.window)) this.panes.delete(pane.id);
  }
}

function without<T extends object>(object: T, key: keyof T): T {
  const { [key]: _, ...rest } = object;
  return rest as T;
}

function marked(known: SessionState["alerts"], window: string, alerts: TmuxWindow["alerts"]): SessionState["alerts"] {
  return alerts.length > 0 ? { ...known, [window]: alerts } : without(known, window);
}

/** What happened to a state: an event that it has taken in, or a snapshot that replaced it. */
export type StateChange = AnyEvent | SnapshotMessage;

/** What there is in tmux, kept up to date. */
export class State extends Tmux {
  /** There is a first snapshot. */
  readonly ready: Promise<void>;
  readonly #follower: Follower;
  readonly #done: (link: Link) => void;
  readonly #listeners = new Set<(change: StateChange) => void>();
  #isReady: { resolve(): void; reject(error: MuxwireError): void } | undefined;
  #error: MuxwireError | undefined;

  /** @internal States come from `Client.state`. */
  constructor(shared: Shared, url: URL, done: (link: Link) => void) {
    super();
    this.#done = done;
    this.ready = new Promise((resolve, reject) => {
      this.#isReady = { resolve, reject };
    });
    // Who waits for it gets the error; who does not is not to be ended by it.
    this.ready.catch(() => undefined);
    const sink = {
      item: (item: StreamItem | SnapshotMessage) => this.#take(item),
      moved: () => undefined,
      // A server that is older does not know all types.
      warnings: () => undefined,
      end: (error: MuxwireError) => this.fail(error),
    };
    this.#follower = new Follower(shared, url, { filters: { types: [...STRUCTURAL] } }, sink, true);
  }

  /** @internal */
  get link(): Link {
    return this.#follower.link;
  }

  /** Why it is no longer kept up to date, if it is not. */
  get error(): MuxwireError | undefined {
    return this.#error;
  }

  /** Calls back behind each change. Returns what ends that. */
  onChange(listener: (change: StateChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** It is no longer kept up to date. */
  close(): void {
    this.#follower.link.close();
    this.#done(this.link);
    this.#isReady?.resolve();
  }

  /** @internal */
  fail(error: MuxwireError): void {
    this.#error = error;
    this.#follower.link.close();
    this.#done(this.link);
    this.#isReady?.reject(error);
  }

  #take(item: StreamItem | SnapshotMessage): void {
    if (item.type === "lost") return this.#take(item.snapshot);
    if (item.type === "snapshot") {
      this.replace(item);
      this.#isReady?.resolve();
    } else {
      this.apply(item as AnyEvent);
    }
    tell(this.#listeners, item as StateChange);
  }
}

/** Calls them all. What one throws is an uncaught error of its own, and disturbs neither the others nor the connection. */
export function tell<T>(listeners: Iterable<(what: T) => void> | undefined, what: T): void {
  for (const listener of [...(listeners ?? [])]) {
    try {
      listener(what);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

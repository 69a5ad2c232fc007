import { MuxwireError } from "./errors.js";
import type { StreamItem, Wish } from "./follower.js";
import type { Connected, Connecting, Link, Message, Shared, Status } from "./link.js";
import { Main, type ReplayItem, type RequestOptions } from "./main.js";
import { type ClientOptions, LIMITS } from "./options.js";
import type { OpenOptions, Pane } from "./pane.js";
import type {
  AnswerRequest,
  AnswerResponseMessage,
  AnyRequest,
  CancelledMessage,
  ClientsMessage,
  CommandRequest,
  CommandResponseMessage,
  DigestMessage,
  DigestRequest,
  DisconnectedMessage,
  EmitRequest,
  Emitted,
  EmittedMessage,
  ExplanationMessage,
  Filters,
  HistoryPageMessage,
  HistoryRequest,
  PromptRequest,
  PromptResponseMessage,
  ReplayControlRequest,
  ReplayRequest,
  ReplayStartedMessage,
  ReplayStateMessage,
  ScreenMessage,
  ScreenRequest,
  SearchPageMessage,
  SearchRequest,
  SeenMessage,
  SendKeysRequest,
  SnapshotMessage,
  SnapshotRequest,
  StatsMessage,
  Target,
} from "./protocol.js";
import { endpoint, terminalEndpoint } from "./socket.js";
import { State, tell } from "./state.js";
import { EventStream } from "./stream.js";
import { Terminal, type TerminalOptions } from "./terminal.js";
import { Tokens } from "./tokens.js";

/** What a client reports of its connections, by name. */
export interface Reports {
  /** A connection ended or could not be made, and another attempt follows. */
  connecting: Connecting;
  /** All connections stand. */
  connected: Connected;
  /** No connection comes back by itself. */
  disconnected: MuxwireError;
}

/** How a stream of events begins, besides its filters. */
export type EventOptions = Omit<Wish, "filters">;

type Fields<R extends { action: string }, K extends keyof R> = Omit<R, "action" | "id" | K>;
type Part = EventStream | State | Terminal;

/** A client of one server. Making it connects nothing. */
export class Client {
  readonly #url: URL;
  readonly #shared: Shared;
  readonly #main: Main;
  readonly #parts = new Map<Link, Part>();
  readonly #listeners = new Map<keyof Reports, Set<(report: never) => void>>();
  #isClosed = false;
  #welcome: Connected | undefined;

  /**
   * @param url such as `ws://127.0.0.1:8765/monitor`
   */
  constructor(url: string | URL, options: ClientOptions = {}) {
    this.#url = endpoint(String(url));
    if (options.token !== undefined && options.getToken !== undefined) {
      throw new MuxwireError("INVALID_ARGUMENT", "give token or getToken, not both");
    }
    this.#shared = {
      options,
      limits: { ...LIMITS, ...options.limits },
      tokens: new Tokens(options.token, options.getToken),
      changed: (link, what) => this.#changed(link, what),
    };
    this.#main = new Main(this.#shared, this.#url);
  }

  /** `connected` if all connections stand, `disconnected` if there are none, otherwise `connecting`. */
  get status(): Status {
    const links = this.#links().map(({ status }) => status);
    if (links.includes("connecting")) return "connecting";
    return links.includes("connected") ? "connected" : "disconnected";
  }

  /** Calls back when this happens. Returns what ends that. */
  on<K extends keyof Reports>(report: K, listener: (report: Reports[K]) => void): () => void {
    const listeners = this.#listeners.get(report) ?? new Set();
    this.#listeners.set(report, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** Waits until requests can be sent: the address is right, and the token is good. */
  connect(): Promise<Connected> {
    this.#check();
    const { link } = this.#main;
    if (link.status === "connected" && this.#welcome) return Promise.resolve(this.#welcome);
    this.#shared.tokens.forget();
    return new Promise((resolve, reject) => {
      this.#connecting.push({ resolve, reject });
      link.start();
    });
  }

  /** Ends all connections, and all that waits for something. */
  close(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    this.#isClosed = true;
    const error = new MuxwireError("CLOSED", "the client was closed");
    for (const part of [...this.#parts.values()]) part.fail(error);
    this.#main.link.close();
    this.#main.onEnd(error);
    this.#settle(error);
    return Promise.resolve();
  }

  /** What happens, as an iterator, on a connection of its own. */
  events(filters?: Filters, options: EventOptions = {}): EventStream {
    return this.#add(
      new EventStream(this.#shared, this.#url, { filters, ...options }, (link) => this.#parts.delete(link)),
    );
  }

  /** What happens, one item after the other, to a callback that is waited for. Returns the stream, which can be closed. */
  listen(
    filters: Filters | undefined,
    listener: (item: StreamItem) => unknown,
    options: EventOptions & { onError?: (error: unknown) => void } = {},
  ): EventStream {
    const { onError, ...wish } = options;
    const stream = this.events(filters, wish);
    const run = async () => {
      for await (const item of stream) await listener(item);
    };
    run().catch((error: unknown) => {
      if (!onError) throw error;
      onError(error);
    });
    return stream;
  }

  /** What there is in tmux, kept up to date, on a connection of its own. */
  state(): State {
    return this.#add(new State(this.#shared, this.#url, (link) => this.#parts.delete(link)));
  }

  /** The bytes of a pane. */
  open(target: Target | string, options: OpenOptions = {}): Pane {
    this.#check();
    return this.#main.open(toTarget(target), options);
  }

  /** The pane that a session shows, as web terminals have it, on a connection of its own. */
  terminal(session: string | { id: string } | { name: string }, options: TerminalOptions = {}): Terminal {
    const [name, by] =
      typeof session === "string"
        ? [session, undefined]
        : "id" in session
          ? [session.id, "id"]
          : [session.name, "name"];
    const path = `/ws/terminal/${encodeURIComponent(name)}`;
    const url = terminalEndpoint(this.#url, path, { pane: options.pane, by });
    return this.#add(new Terminal(this.#shared, url, options, (link) => this.#parts.delete(link)));
  }

  /** Sends any request, and gives its reply. */
  request<M extends { type: string } = Message>(
    message: AnyRequest | { action: string },
    options: RequestOptions = {},
  ): Promise<M> {
    if (this.#isClosed) return Promise.reject(closed());
    return this.#main.request(message, options) as Promise<unknown> as Promise<M>;
  }

  /** What there is in tmux now. */
  snapshot(fields: Fields<SnapshotRequest, never> = {}, options?: RequestOptions): Promise<SnapshotMessage> {
    return this.request({ action: "snapshot", ...fields }, options);
  }

  /** Types a line and presses Enter. It is typed once, whatever the network does. */
  command(
    target: Target | string,
    command: string,
    fields: Fields<CommandRequest, "target" | "command"> = {},
    options?: RequestOptions,
  ): Promise<CommandResponseMessage> {
    return this.request({ action: "command", target: toTarget(target), command, ...fields }, options);
  }

  /** Types `text`, or presses `keys`. They are typed once, whatever the network does. */
  sendKeys(
    target: Target | string,
    fields: Fields<SendKeysRequest, "target">,
    options?: RequestOptions,
  ): Promise<CommandResponseMessage> {
    return this.request({ action: "send-keys", target: toTarget(target), ...fields }, options);
  }

  /** Gives the agent in a pane a prompt, once. `submitted` says whether there is proof that it has it, `reason` why not. */
  prompt(
    target: Target | string,
    text: string,
    fields: Fields<PromptRequest, "target" | "text"> = {},
    options?: RequestOptions,
  ): Promise<PromptResponseMessage> {
    return this.request({ action: "prompt", target: toTarget(target), text, ...fields }, options);
  }

  /** Makes a choice in this dialog of the agent in a pane, once, and in no other one. `dialog` is its fingerprint. */
  answer(
    target: Target | string,
    dialog: string,
    choice: number | string,
    fields: Fields<AnswerRequest, "target" | "dialog" | "choice"> = {},
    options?: RequestOptions,
  ): Promise<AnswerResponseMessage> {
    return this.request({ action: "answer", target: toTarget(target), dialog, choice, ...fields }, options);
  }

  /** Marks the agents there as seen, or without a target all, for whoever shows this token. */
  seen(target?: Target | string, options?: RequestOptions): Promise<SeenMessage> {
    return this.request({ action: "seen", ...(target === undefined ? {} : { target: toTarget(target) }) }, options);
  }

  /** What the server holds for and against what it says of the agent in a pane. */
  explain(target: Target | string, options?: RequestOptions): Promise<ExplanationMessage> {
    return this.request({ action: "explain", target: toTarget(target) }, options);
  }

  /** Events of the past, a page at a time: `next` of the page goes on as `before`, or with the oldest first as `after`. */
  history(fields: Fields<HistoryRequest, never> = {}, options?: RequestOptions): Promise<HistoryPageMessage> {
    return this.request({ action: "history", ...fields }, options);
  }

  /** Lines that panes printed, the newest first: with `words`, or those that a `regex` fits. */
  search(fields: Fields<SearchRequest, never>, options?: RequestOptions): Promise<SearchPageMessage> {
    return this.request({ action: "search", ...fields }, options);
  }

  /** A pane as it was at a time, or behind the `offset` of a hit. */
  screenAt(
    target: Target | string,
    at: string,
    fields: Fields<ScreenRequest, "target" | "at"> = {},
    options?: RequestOptions,
  ): Promise<ScreenMessage> {
    return this.request({ action: "screen", target: toTarget(target), at, ...fields }, options);
  }

  /** What a pane printed from a time on, once more, at a pace. What comes of it is given to `take`, at last its end. */
  replay(
    target: Target | string,
    from: string,
    take: (item: ReplayItem) => void,
    fields: Fields<ReplayRequest, "target" | "from"> = {},
    options: RequestOptions = {},
  ): Promise<ReplayStartedMessage> {
    if (this.#isClosed) return Promise.reject(closed());
    const message = { action: "replay", target: toTarget(target), from, ...fields };
    return this.#main.replay(message, take, options) as Promise<unknown> as Promise<ReplayStartedMessage>;
  }

  /** Lets a replay stand still, go on, go elsewhere or stop. */
  controlReplay(
    replay: number,
    fields: Fields<ReplayControlRequest, "replay">,
    options?: RequestOptions,
  ): Promise<ReplayStateMessage> {
    return this.request({ action: "replay-control", replay, ...fields }, options);
  }

  /** What agents did since a time, or a span before now such as `8h`. */
  digest(since: string, fields: Fields<DigestRequest, "since"> = {}, options?: RequestOptions): Promise<DigestMessage> {
    return this.request({ action: "digest", since, ...fields }, options);
  }

  /** Ends a question about the past, by the `id` that the program gave it with `request`. */
  cancel(request: number | string, options?: RequestOptions): Promise<CancelledMessage> {
    return this.request({ action: "cancel", request }, options);
  }

  /** Adds events of the program's own to the log, all of them or none, and once. */
  emit(
    events: Emitted[],
    fields: Fields<EmitRequest, "events"> = {},
    options?: RequestOptions,
  ): Promise<EmittedMessage> {
    return this.request({ action: "emit", events, ...fields }, options);
  }

  /** How this client and the server fare. */
  stats(options?: RequestOptions): Promise<StatsMessage> {
    return this.request({ action: "stats" }, options);
  }

  /** Who is connected. */
  clients(options?: RequestOptions): Promise<ClientsMessage> {
    return this.request({ action: "clients" }, options);
  }

  /** Ends somebody's connection. */
  disconnect(client_id: string, reason?: string, options?: RequestOptions): Promise<DisconnectedMessage> {
    return this.request({ action: "disconnect", client_id, ...(reason === undefined ? {} : { reason }) }, options);
  }

  /** The network is back, or the page is looked at again: what waits connects now, what is connected is tried. */
  wake(): void {
    for (const link of this.#links()) link.wake();
  }

  readonly #connecting: { resolve(welcome: Connected): void; reject(error: MuxwireError): void }[] = [];
  #unwatch: (() => void) | undefined;

  #links(): Link[] {
    return [this.#main.link, ...this.#parts.keys()];
  }

  #add<P extends Part>(part: P): P {
    this.#check();
    this.#parts.set(part.link, part);
    part.link.start();
    return part;
  }

  #check(): void {
    if (this.#isClosed) throw closed();
  }

  #changed(link: Link, what: Connecting | Connected | MuxwireError | undefined): void {
    this.#watchPage();
    if (what === undefined) return;
    const isMain = link === this.#main.link;
    if (what instanceof MuxwireError) {
      if (isMain) this.#settle(what);
      if (this.status === "disconnected") this.#report("disconnected", what);
    } else if ("retryIn" in what) {
      this.#report("connecting", what);
    } else {
      if (isMain) this.#settle(what);
      if (this.status === "connected") this.#report("connected", what);
    }
  }

  #settle(what: Connected | MuxwireError): void {
    this.#welcome = what instanceof MuxwireError ? undefined : what;
    for (const { resolve, reject } of this.#connecting.splice(0)) {
      if (what instanceof MuxwireError) reject(what);
      else resolve(what);
    }
  }

  #report<K extends keyof Reports>(report: K, what: Reports[K]): void {
    tell(this.#listeners.get(report), what as never);
  }

  /** Pages that were hidden and networks that were gone are noticed while there is a connection to look after. */
  #watchPage(): void {
    const isNeeded = this.status !== "disconnected";
    if (isNeeded === (this.#unwatch !== undefined)) return;
    this.#unwatch?.();
    this.#unwatch = isNeeded ? watchPage(() => this.wake()) : undefined;
  }
}

function watchPage(wake: () => void): () => void {
  const page = globalThis as unknown as Partial<Window>;
  const { document } = page;
  if (!document || !page.addEventListener) return () => undefined;
  const shown = () => {
    if (document.visibilityState === "visible") wake();
  };
  page.addEventListener("online", wake);
  document.addEventListener("visibilitychange", shown);
  return () => {
    page.removeEventListener?.("online", wake);
    document.removeEventListener("visibilitychange", shown);
  };
}

/** An id of a pane stands for the pane. */
function toTarget(target: Target | string): Target {
  return typeof target === "string" ? { pane: target } : target;
}

function closed(): MuxwireError {
  return new MuxwireError("CLOSED", "the client was closed");
}

import { MuxwireError } from "./errors.js";
import { Link, type Message, type Owner, type Shared } from "./link.js";
import type {
  AnyEvent,
  Filters,
  LaggedMessage,
  PaneScrollbackMessage,
  PaneSnapshotMessage,
  PrintsIn,
  SnapshotMessage,
} from "./protocol.js";

/** A place in a server's event log. */
export interface Position {
  epoch: string;
  seq: number;
}

/** Events are missing here: the server no longer has them. The snapshot makes up for them. */
export interface Lost {
  type: "lost";
  /** Where the stream was: a position, or the text that the program gave. */
  from: Position | string;
  to: Position;
  snapshot: SnapshotMessage;
}

/** Output of a pane is missing here, as the server says, or as it must be `assumed` after a connection that ended. */
export type Lagged = LaggedMessage & { assumed?: true };

/** What a stream of events yields. Types that are newer than this library come too, as `{ type, data, ... }`. */
export type StreamItem = AnyEvent | Lost | Lagged | PaneSnapshotMessage | PaneScrollbackMessage;

/** What a stream is to bring. */
export interface Wish {
  filters?: Filters | undefined;
  /** A position to begin behind; without it the stream begins now. */
  since?: Position | string | undefined;
  prints_in?: PrintsIn | undefined;
  without_watchers?: boolean | undefined;
}

/** Who takes what a follower gets. */
export interface Sink {
  item(item: StreamItem | SnapshotMessage, position: Position, length: number): void;
  /** The position has moved, and nothing came. */
  moved(position: Position): void;
  warnings(warnings: string[]): void;
  end(error: MuxwireError): void;
}

/** One subscription over any number of connections. */
export class Follower implements Owner {
  readonly url: URL;
  readonly protocols = ["muxwire.v1"];
  readonly link: Link;
  readonly #wish: Wish;
  readonly #sink: Sink;
  /** Whether a snapshot is wanted to begin with. */
  readonly #whole: boolean;
  #position: Position | undefined;
  /** Events were lost from here on, and the snapshot that makes up for them has not come. */
  #owed: Position | string | undefined;
  /** The current connection's subscription has been answered. */
  #subscribed = false;
  /** Where the output of panes ended. */
  readonly #ends = new Map<string, number>();
  /** Panes of which nothing has come since the connection was made. */
  #unseen = new Set<string>();

  constructor(shared: Shared, url: URL, wish: Wish, sink: Sink, whole: boolean) {
    this.url = url;
    this.#wish = wish;
    this.#sink = sink;
    this.#whole = whole;
    this.link = new Link(shared, this);
  }

  onOpen(): void {
    const { since: first, ...wish } = this.#wish;
    const since = this.#position ?? first;
    this.#subscribed = false;
    this.#owed = undefined;
    this.link.send({ action: "subscribe", id: 1, ...given(wish), ...given({ since }) });
    if (this.#whole && since === undefined) this.link.send({ action: "snapshot", id: 2 });
  }

  onDown(): void {
    this.#unseen = new Set(this.#ends.keys());
  }

  onEnd(error: MuxwireError): void {
    this.#sink.end(error);
  }

  onBytes(): void {
    // Nothing comes in binary here.
  }

  onMessage(message: Message, length: number): void {
    switch (message.type) {
      case "subscribed":
        if (!this.#subscribed) this.#onSubscribed(message);
        return;
      case "error":
        if (message.id === 1 || message.id === 2) this.#onRefused(MuxwireError.of(message));
        return;
      case "snapshot":
        this.#onSnapshot(message as unknown as SnapshotMessage, length);
        return;
      case "bookmark":
        this.#onBookmark(message as unknown as Position);
        return;
      case "lagged":
      case "pane.snapshot":
      case "pane.scrollback":
        this.#onPane(message, length);
        return;
      default:
        if (typeof message.seq === "number" && "data" in message) this.#onEvent(message as unknown as AnyEvent, length);
    }
  }

  #onSubscribed(message: Message): void {
    this.#subscribed = true;
    if (Array.isArray(message.warnings)) this.#sink.warnings(message.warnings as string[]);
    const here = position(message);
    if (message.recovered === false) {
      this.#owed = this.#position ?? this.#wish.since;
      return;
    }
    if (this.#position || this.#whole) return;
    this.#position = here;
    this.#sink.moved(here);
  }

  #onRefused(error: MuxwireError): void {
    if (error.retryable) return this.link.drop(`the server refused: ${error.message}`, error.retryAfterMs);
    this.link.close();
    this.#sink.end(error);
  }

  /** Whether what comes is in a snapshot that is still to come. */
  get #isWaiting(): boolean {
    return this.#owed !== undefined || this.#position === undefined;
  }

  #onSnapshot(snapshot: SnapshotMessage, length: number): void {
    const to = position(snapshot);
    const from = this.#owed;
    if (snapshot.target !== undefined || !this.#isWaiting) return;
    this.#position = to;
    this.#owed = undefined;
    this.#ends.clear();
    this.#unseen.clear();
    this.link.progress();
    this.#sink.item(from === undefined ? snapshot : { type: "lost", from, to, snapshot }, to, length);
  }

  #onBookmark(message: Position): void {
    if (this.#isWaiting) return;
    this.link.progress();
    if (this.#had(message)) return;
    this.#position = position(message);
    this.#sink.moved(this.#position);
  }

  #onPane(message: Message, length: number): void {
    const here = this.#position;
    if (this.#isWaiting || !here) return;
    const pane = String(message.pane);
    const data = message.data as { offset: number } | undefined;
    if (message.type === "lagged") this.#reached(pane, Number(message.to));
    else if (data) this.#reached(pane, data.offset);
    this.#sink.item(message as unknown as StreamItem, here, length);
  }

  #onEvent(event: AnyEvent, length: number): void {
    if (this.#isWaiting || this.#had(event)) return;
    const before = this.#position as Position;
    this.#position = position(event);
    this.link.progress();
    if (event.type === "pane.output") this.#onOutput(event, before);
    else if (event.type === "pane.gap") this.#reached(event.pane, event.data.offset);
    else if (event.type === "pane.removed") this.#forget(event.pane);
    else if (event.type === "server.lost") this.#ends.clear();
    this.#sink.item(event, this.#position, length);
  }

  #onOutput({ pane, data: { offset, bytes } }: Extract<AnyEvent, { type: "pane.output" }>, before: Position): void {
    const end = this.#ends.get(pane);
    const isFirst = this.#unseen.has(pane);
    if (isFirst && end !== undefined && offset > end) {
      this.#sink.item({ type: "lagged", pane, from: end, to: offset, assumed: true }, before, 0);
    }
    this.#reached(pane, offset + bytes);
  }

  #reached(pane: string, offset: number): void {
    this.#ends.set(pane, offset);
    this.#unseen.delete(pane);
  }

  #forget(pane: string): void {
    this.#ends.delete(pane);
    this.#unseen.delete(pane);
  }

  #had(other: Position): boolean {
    const here = this.#position;
    return here !== undefined && here.epoch === other.epoch && other.seq <= here.seq;
  }
}

function position(message: object): Position {
  const { epoch, seq } = message as { epoch?: unknown; seq?: unknown };
  return { epoch: String(epoch), seq: Number(seq) };
}

/** Those fields that have a value. */
export function given<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}

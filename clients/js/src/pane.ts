import { encode, epochCheck, join, type PaneBytes } from "./bytes.js";
import type { MuxwireError } from "./errors.js";
import { given } from "./follower.js";
import type { Message } from "./link.js";
import { Pace } from "./pace.js";
import type { AnyEvent, OpenedMessage, PaneScrollbackMessage, PaneSnapshotMessage, Target } from "./protocol.js";
import { Queue } from "./queue.js";
import { tell } from "./state.js";

/** The pane as it is: a terminal of this size shows it once it has read the bytes, which begin with a reset. */
export interface PaneSnapshot {
  type: "snapshot";
  bytes: Uint8Array;
  cols: number;
  rows: number;
  offset: number;
  /** Nothing can be missing or doubled. */
  exact: boolean;
  message: PaneSnapshotMessage;
}

/** What the pane printed. */
export interface PaneOutput {
  type: "output";
  bytes: Uint8Array;
  offset: number;
}

/** Output is missing: it goes on at `offset`. A snapshot follows. */
export interface PaneGap {
  type: "gap";
  offset: number;
  /** How many bytes, if anybody knows. */
  missing: number | null;
}

/** Output was left out, since this client was too slow for it. A snapshot follows. */
export interface PaneLagged {
  type: "lagged";
  from: number;
  to: number;
}

/** Something else happened to the pane. */
export interface PaneEvent {
  type: "event";
  event: AnyEvent;
}

/** What a pane yields. */
export type PaneItem = PaneSnapshot | PaneOutput | PaneGap | PaneLagged | PaneEvent;

/** Why a pane yields no more. */
export type PaneEnd = "removed" | "closed" | "replaced";

/** How a pane is opened. */
export interface OpenOptions {
  /** So many lines of history come with snapshots. */
  scrollback?: number | undefined;
  /** So many bytes may be on their way untaken; `null` for any number. */
  ackWindow?: number | null | undefined;
  /** Up to where the pane is known from before. */
  since?: { epoch: string; offset: number } | undefined;
}

/** What a pane needs of its client. */
export interface PaneHome {
  ack(pane: string, offset: number): boolean;
  /** The program has closed it. */
  closed(pane: Pane): void;
}

/** The bytes of an open pane, over any number of connections. */
export class Pane implements AsyncIterableIterator<PaneItem> {
  /** tmux's id, once the pane has been found. */
  id = "";
  epoch: string | undefined;
  /** Behind the last byte that was taken. */
  offset: number | undefined;
  ended: PaneEnd | undefined;
  readonly #target: Target;
  readonly #scrollback: number | undefined;
  readonly #home: PaneHome;
  readonly #queue = new Queue<PaneItem>();
  readonly #pace: Pace;
  /** Up to where the output was received. */
  #received: number | undefined;
  /** What was given last, and counts as taken when more is asked for. */
  #given: PaneItem | undefined;
  #isOpen = false;
  readonly #listeners = new Set<() => void>();
  #pages: Uint8Array[] = [];
  /** The message whose replay comes next in binary. */
  #announced: PaneScrollbackMessage | PaneSnapshotMessage | undefined;

  /** @internal Panes come from `Client.open`. */
  constructor(target: Target, options: OpenOptions, window: number, home: PaneHome) {
    this.#target = target;
    this.#scrollback = options.scrollback;
    this.#home = home;
    this.epoch = options.since?.epoch;
    this.#received = options.since?.offset;
    this.offset = this.#received;
    const ackWindow = options.ackWindow === null ? undefined : (options.ackWindow ?? window);
    this.#pace = new Pace(ackWindow, (offset) => this.#isOpen && this.#home.ack(this.id, offset));
  }

  /** There is a connection that has it open: what it prints comes. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Calls back when `isOpen` has changed. Returns what ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @internal What opens it, or opens it again. */
  get request(): object {
    const { epoch } = this;
    const offset = this.#received;
    const since = epoch !== undefined && offset !== undefined ? { epoch, offset } : undefined;
    const target = this.id ? { pane: this.id } : this.#target;
    return { action: "open", target, ...given({ scrollback: this.#scrollback, ack_window: this.#pace.window, since }) };
  }

  /** @internal */
  onOpened({ pane, epoch, recovered, offset }: OpenedMessage): void {
    this.id = pane;
    this.epoch = epoch;
    this.#pace.reset();
    this.#pages = [];
    this.#announced = undefined;
    if (!recovered) this.#received = undefined;
    else if (this.#received === undefined) this.#received = offset;
    this.#setOpen(true);
  }

  /** @internal */
  onDown(): void {
    this.#pages = [];
    this.#announced = undefined;
    this.#setOpen(false);
  }

  /** @internal */
  onBytes({ isReplay, bytes, offset, check }: PaneBytes): void {
    if (check !== epochCheck(this.epoch ?? "")) return;
    if (isReplay) this.#onReplay(bytes);
    else this.#onOutput(bytes, offset, bytes.length);
  }

  /** @internal */
  onMessage(message: Message): void {
    switch (message.type) {
      case "pane.scrollback":
        return this.#onPage(message as unknown as PaneScrollbackMessage);
      case "pane.snapshot":
        return this.#onSnapshot(message as unknown as PaneSnapshotMessage);
      case "lagged":
        return this.#queue.push({ type: "lagged", from: Number(message.from), to: Number(message.to) });
      default:
        this.#onEvent(message as unknown as AnyEvent);
    }
  }

  /** Closes the pane. What waits in it is dropped. */
  close(): void {
    if (this.ended === undefined) this.#home.closed(this);
    this.end("closed");
  }

  /** @internal */
  end(reason: PaneEnd, error?: MuxwireError): void {
    if (this.#queue.isEnded) return;
    this.ended = reason;
    this.#queue.end(error, reason === "closed" && !error);
    this.#setOpen(false);
  }

  async next(): Promise<IteratorResult<PaneItem, undefined>> {
    this.#took();
    const result = await this.#queue.next();
    this.#given = result.value;
    return result;
  }

  return(): Promise<IteratorResult<PaneItem, undefined>> {
    this.close();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #setOpen(isOpen: boolean): void {
    if (isOpen === this.#isOpen) return;
    this.#isOpen = isOpen;
    tell(this.#listeners, undefined);
  }

  #took(): void {
    const item = this.#given;
    this.#given = undefined;
    if (item?.type === "snapshot") this.offset = item.offset;
    else if (item?.type === "output") this.offset = item.offset + item.bytes.length;
    else if (item?.type === "gap") this.offset = item.offset;
    if (item?.type === "snapshot") this.#pace.reset();
    if (item && this.offset !== undefined) {
      this.#pace.took(this.offset, item.type === "snapshot" || this.#queue.length === 0);
    }
  }

  #onPage(message: PaneScrollbackMessage): void {
    if (message.page === 0) this.#pages = [];
    if (message.replay === undefined) this.#announced = message;
    else this.#pages.push(encode(message.replay));
  }

  #onSnapshot(message: PaneSnapshotMessage): void {
    if (message.data.replay === undefined) this.#announced = message;
    else this.#whole(message, encode(message.data.replay));
  }

  #onReplay(bytes: Uint8Array): void {
    const message = this.#announced;
    this.#announced = undefined;
    if (message?.type === "pane.scrollback") this.#pages.push(bytes);
    else if (message) this.#whole(message, bytes);
  }

  #whole(message: PaneSnapshotMessage, replay: Uint8Array): void {
    const { offset, cols, rows, exact } = message.data;
    const bytes = join([...this.#pages, replay]);
    this.#pages = [];
    this.#received = offset;
    this.epoch = message.epoch;
    this.#queue.push({ type: "snapshot", bytes, cols, rows, offset, exact, message });
  }

  #onOutput(bytes: Uint8Array, offset: number, length: number): void {
    const known = this.#received;
    // What comes before the snapshot is in it.
    if (known === undefined || offset + length <= known) return;
    if (offset > known) this.#queue.push({ type: "gap", offset, missing: offset - known });
    this.#received = offset + length;
    const rest = offset < known ? bytes.subarray(known - offset) : bytes;
    this.#queue.push({ type: "output", bytes: rest, offset: Math.max(offset, known) });
  }

  #onEvent(event: AnyEvent): void {
    if (event.type === "pane.output") {
      const { content, offset, bytes } = event.data;
      return this.#onOutput(encode(content), offset, bytes);
    }
    if (event.type === "pane.gap") {
      const { offset, bytes } = event.data;
      // Up to where it was received stays: who comes back from there gets the snapshot that follows.
      return this.#queue.push({ type: "gap", offset, missing: bytes });
    }
    this.#queue.push({ type: "event", event });
    if (event.type === "pane.removed" && !event.data.moved) this.end("removed");
  }
}

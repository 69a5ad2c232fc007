import { encode, readBytes } from "./bytes.js";
import { MuxwireError } from "./errors.js";
import { given } from "./follower.js";
import { Link, type Message, type Owner, type Shared } from "./link.js";
import { Pace } from "./pace.js";
import type { TerminalConnectMessage, TerminalOutputMessage, TerminalResizeMessage } from "./protocol.js";
import { Queue } from "./queue.js";

/** Bytes that bring a terminal to the pane as it is. The first of them begin with a reset. */
export interface TerminalReplay {
  type: "replay";
  bytes: Uint8Array;
  offset: number;
  cols: number;
  rows: number;
}

/** What the pane printed. */
export interface TerminalOutput {
  type: "output";
  bytes: Uint8Array;
  offset: number;
}

/** The server did not do what was asked for, such as typing. */
export interface TerminalRefusal {
  type: "error";
  error: MuxwireError;
}

/** What a terminal yields. */
export type TerminalItem =
  | TerminalConnectMessage
  | TerminalReplay
  | TerminalOutput
  | TerminalResizeMessage
  | TerminalRefusal;

/** How a terminal is opened. */
export interface TerminalOptions {
  /** The pane that it stays with; otherwise it follows the active one. */
  pane?: string | undefined;
  scrollback?: number | undefined;
  /** So many bytes may be on their way untaken; `null` for any number. */
  ackWindow?: number | null | undefined;
}

/** A text that is cut has pieces of at most so many characters: a message has at most 64 KiB. */
const PIECE = 16_384;

/** The pane that a session shows, over any number of connections. */
export class Terminal implements AsyncIterableIterator<TerminalItem> {
  /** The pane that it shows. */
  pane: string | undefined;
  cols = 0;
  rows = 0;
  /** Why it ended: `requested`, `pane_gone` or `session_gone`; `closed` by the program. */
  ended: string | undefined;
  readonly #link: Link;
  readonly #options: TerminalOptions;
  readonly #queue = new Queue<TerminalItem>();
  readonly #pace: Pace;
  readonly #done: (link: Link) => void;
  #epoch: string | undefined;
  #received: number | undefined;
  /** All of the replay has come, and output behind it. */
  #isWhole = false;
  /** The server has said which pane it shows. */
  #isConnected = false;
  #given: TerminalItem | undefined;

  /** @internal Terminals come from `Client.terminal`. */
  constructor(shared: Shared, url: URL, options: TerminalOptions, done: (link: Link) => void) {
    this.#options = options;
    this.#done = done;
    const window = options.ackWindow === null ? undefined : (options.ackWindow ?? shared.limits.ackWindow);
    this.#pace = new Pace(window, (offset) => this.#isConnected && this.#link.send({ type: "ack", offset }));
    const owner: Owner = {
      url,
      protocols: shared.options.binary === false ? ["muxwire.v1"] : ["muxwire.v1.bin", "muxwire.v1"],
      onOpen: () => this.#onOpen(),
      onMessage: (message) => this.#onMessage(message),
      onBytes: (message) => this.#onBytes(message),
      onDown: () => {
        this.#isConnected = false;
      },
      onEnd: (error) => this.#end("closed", error),
    };
    this.#link = new Link(shared, owner);
  }

  /** @internal */
  get link(): Link {
    return this.#link;
  }

  /** Types into the pane. Fails while there is no connection: what was typed then is not kept. */
  write(data: string, options: { paste?: boolean } = {}): void {
    if (!this.#isConnected) throw notConnected();
    for (let at = 0; at < data.length; ) {
      let end = Math.min(at + PIECE, data.length);
      // Not between the two halves of one character.
      if (end < data.length && /[\ud800-\udbff]/.test(data.charAt(end - 1))) end -= 1;
      const sent = this.#link.send({ type: "input", data: data.slice(at, end), ...given({ paste: options.paste }) });
      if (!sent) throw notConnected();
      at = end;
    }
  }

  /** Asks for another size, which the server grants as it is configured. */
  resize(cols: number, rows: number): void {
    if (!this.#isConnected || !this.#link.send({ type: "resize", cols, rows })) throw notConnected();
  }

  /** Ends the terminal. What waits in it is dropped. */
  close(): void {
    if (this.#isConnected) this.#link.send({ type: "disconnect" });
    this.#link.close();
    this.#end("closed", undefined, true);
  }

  /** @internal */
  fail(error: MuxwireError): void {
    this.#link.close();
    this.#end("closed", error);
  }

  async next(): Promise<IteratorResult<TerminalItem, undefined>> {
    this.#took();
    const result = await this.#queue.next();
    this.#given = result.value;
    return result;
  }

  return(): Promise<IteratorResult<TerminalItem, undefined>> {
    this.close();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #onOpen(): void {
    const known = this.#isWhole && this.#epoch !== undefined && this.pane !== undefined;
    const since = known ? { epoch: this.#epoch, pane: this.pane, offset: this.#received } : undefined;
    const { scrollback } = this.#options;
    this.#link.send({ type: "connect", ...given({ scrollback, ack_window: this.#pace.window, since }) });
  }

  #onBytes(message: Uint8Array): void {
    const read = readBytes(message);
    if (!read) return;
    if (read.isReplay) this.#replay(read.bytes, read.offset);
    else this.#output(read.bytes, read.offset, read.bytes.length);
  }

  #onMessage(message: Message): void {
    switch (message.type) {
      case "connect":
        return this.#onConnect(message as unknown as TerminalConnectMessage);
      case "resize": {
        const resize = message as unknown as TerminalResizeMessage;
        this.cols = resize.cols;
        this.rows = resize.rows;
        this.#isWhole = false;
        return this.#queue.push(resize);
      }
      case "output": {
        const { data, offset, bytes, replay } = message as unknown as TerminalOutputMessage;
        if (replay) return this.#replay(encode(data), offset);
        return this.#output(encode(data), offset, bytes ?? encode(data).length);
      }
      case "disconnect":
        this.#link.close();
        return this.#end(String(message.reason));
      case "error":
        return this.#onError(MuxwireError.of(message));
    }
  }

  #onConnect(message: TerminalConnectMessage): void {
    this.#isConnected = true;
    this.#pace.reset();
    this.pane = message.pane;
    this.cols = message.cols;
    this.rows = message.rows;
    this.#epoch = message.epoch;
    if (!message.recovered) {
      this.#isWhole = false;
      this.#received = undefined;
    }
    this.#queue.push(message);
  }

  #onError(error: MuxwireError): void {
    if (this.#isConnected) return this.#queue.push({ type: "error", error });
    // There is no such session, or it can't be shown now.
    if (error.retryable) return this.#link.drop(`the server refused: ${error.message}`, error.retryAfterMs);
    this.fail(error);
  }

  #replay(bytes: Uint8Array, offset: number): void {
    this.#link.progress();
    this.#isWhole = false;
    this.#received = offset;
    this.#queue.push({ type: "replay", bytes, offset, cols: this.cols, rows: this.rows });
  }

  #output(bytes: Uint8Array, offset: number, length: number): void {
    const known = this.#received ?? offset;
    this.#link.progress();
    if (offset + length <= known) return;
    this.#isWhole = true;
    this.#received = offset + length;
    const rest = offset < known ? bytes.subarray(known - offset) : bytes;
    this.#queue.push({ type: "output", bytes: rest, offset: Math.max(offset, known) });
  }

  #took(): void {
    const item = this.#given;
    this.#given = undefined;
    if (item?.type !== "replay" && item?.type !== "output") return;
    const isReplay = item.type === "replay";
    if (isReplay) this.#pace.reset();
    this.#pace.took(item.offset + (isReplay ? 0 : item.bytes.length), isReplay || this.#queue.length === 0);
  }

  #end(reason: string, error?: MuxwireError, drop = false): void {
    if (this.#queue.isEnded) return;
    this.ended = reason;
    this.#isConnected = false;
    this.#queue.end(error, drop);
    this.#done(this.#link);
  }
}

function notConnected(): MuxwireError {
  return new MuxwireError("NOT_CONNECTED", "there is no connection now, so nothing was typed", { retryable: true });
}

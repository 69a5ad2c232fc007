import { readBytes } from "./bytes.js";
import { MuxwireError } from "./errors.js";
import { Link, type Message, type Owner, type Shared } from "./link.js";
import { type OpenOptions, Pane } from "./pane.js";
import {
  KEYED,
  type OpenedMessage,
  type ReplayEndMessage,
  type ReplayOutputMessage,
  type ReplayResizedMessage,
  type ReplaySnapshotMessage,
  type ReplayStartedMessage,
  type Target,
} from "./protocol.js";

/** What comes of a replay. */
export type ReplayItem = ReplaySnapshotMessage | ReplayOutputMessage | ReplayResizedMessage | ReplayEndMessage;

/** What a request may say besides its message. */
export interface RequestOptions {
  /** How long it may take in milliseconds, connecting included. */
  timeout?: number;
  /** Ends the wait. What was sent is not taken back, but for questions about the past, which end. */
  signal?: AbortSignal;
}

interface Ask {
  readonly id: number;
  readonly message: object & { action: string };
  /** What becomes of it when the connection goes: it is sent again, sent again with its key, or fails. */
  readonly kind: "asking" | "keyed" | "once" | "own";
  sentAt: number | undefined;
  resolve(reply: Message): void;
  reject(error: MuxwireError): void;
}

/** Requests that change nothing, so that they can be sent twice. */
const ASKING = ["snapshot", "explain", "history", "search", "screen", "digest", "stats", "clients", "ping"];
/** Those of them that can be cancelled. */
const QUESTIONS = ["history", "search", "screen", "digest"];
/** How long to wait before a pane is opened again that could not be. */
const OPEN_AGAIN = 1000;

/** The link for requests and panes. */
export class Main implements Owner {
  readonly url: URL;
  readonly protocols: string[];
  readonly link: Link;
  readonly #shared: Shared;
  #lastId = 0;
  /** In the order of their ids. */
  #waiting: Ask[] = [];
  readonly #underWay = new Map<number, Ask>();
  /** Nothing is sent before this is over: the server has had too much. */
  #pause: ReturnType<typeof setTimeout> | undefined;
  readonly #panes = new Set<Pane>();
  /** Panes of this connection that nobody has open any more, as far as is known. */
  readonly #unheard = new Set<string>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  /** Who takes what comes of the replays of this connection, by their numbers. */
  readonly #replays = new Map<number, (item: ReplayItem) => void>();

  constructor(shared: Shared, url: URL) {
    this.url = url;
    this.#shared = shared;
    this.protocols = shared.options.binary === false ? ["muxwire.v1"] : ["muxwire.v1.bin", "muxwire.v1"];
    this.link = new Link(shared, this);
  }

  /** `answered` is told before anything that comes behind the answer is looked at. */
  request(
    message: object & { action: string },
    options: RequestOptions,
    answered?: (reply: Message) => void,
  ): Promise<Message> {
    const keyed = KEYED.includes(message.action);
    const key = keyed && !("key" in message) ? { key: randomKey() } : {};
    const kind = keyed ? "keyed" : ASKING.includes(message.action) ? "asking" : "once";
    this.link.start();
    return new Promise((resolve, reject) => {
      const ask = this.#ask({ ...message, ...key }, kind, resolve, reject);
      // What is asked to wait for proof is given that time besides.
      const { timeout_ms = 0 } = message as { timeout_ms?: number };
      const limit = options.timeout ?? this.#shared.limits.request + timeout_ms;
      const late = () =>
        this.#giveUp(ask, new MuxwireError("TIMEOUT", `no answer in ${limit} ms`, { retryable: true }));
      const timer = setTimeout(late, limit);
      const aborted = () => this.#giveUp(ask, new MuxwireError("CANCELLED", "the program no longer waits for it"));
      options.signal?.addEventListener("abort", aborted, { once: true });
      const over = () => {
        clearTimeout(timer);
        options.signal?.removeEventListener("abort", aborted);
      };
      ask.resolve = (reply) => {
        over();
        answered?.(reply);
        resolve(reply);
      };
      ask.reject = (error) => {
        over();
        reject(error);
      };
      if (options.signal?.aborted) return aborted();
      this.#flush();
    });
  }

  replay(
    message: object & { action: string },
    take: (item: ReplayItem) => void,
    options: RequestOptions,
  ): Promise<Message> {
    return this.request(message, options, (reply) => {
      this.#replays.set((reply as unknown as ReplayStartedMessage).replay, take);
    });
  }

  open(target: Target, options: OpenOptions): Pane {
    const pane = new Pane(target, options, this.#shared.limits.ackWindow, {
      ack: (id, offset) => this.link.send({ action: "ack", pane: id, offset }),
      closed: (closed) => this.#closePane(closed),
    });
    this.#panes.add(pane);
    this.link.start();
    if (this.link.isOpen) this.#openPane(pane);
    return pane;
  }

  onOpen(): void {
    this.#unheard.clear();
    for (const pane of this.#panes) this.#openPane(pane);
    this.#flush();
  }

  onMessage(message: Message): void {
    const id = typeof message.id === "number" ? message.id : undefined;
    const ask = id === undefined ? undefined : this.#underWay.get(id);
    if (ask) return this.#answered(ask, message);
    if (typeof message.replay === "number") return this.#replayed(message as unknown as ReplayItem);
    if (typeof message.pane !== "string" || id !== undefined) return;
    for (const pane of this.#panes) {
      if (!pane.isOpen || pane.id !== message.pane) continue;
      this.link.progress();
      pane.onMessage(message);
      if (pane.ended !== undefined) this.#panes.delete(pane);
    }
  }

  #replayed(item: ReplayItem): void {
    const take = this.#replays.get(item.replay);
    if (item.type === "replay.end") this.#replays.delete(item.replay);
    this.link.progress();
    take?.(item);
  }

  /** Replays are of one connection, and end with it. */
  #endReplays(): void {
    const replays = [...this.#replays];
    this.#replays.clear();
    const [timestamp, message] = [new Date().toISOString(), "the connection ended"];
    for (const [replay, take] of replays) take({ type: "replay.end", replay, timestamp, reason: "failed", message });
  }

  onBytes(message: Uint8Array): void {
    const read = readBytes(message);
    if (!read) return;
    for (const pane of this.#panes) {
      if (!pane.isOpen || pane.id !== read.pane) continue;
      this.link.progress();
      pane.onBytes(read);
    }
  }

  onDown(): void {
    this.#stopTimers();
    this.#endReplays();
    for (const pane of this.#panes) pane.onDown();
    const asks = [...this.#underWay.values()];
    this.#underWay.clear();
    const { repeat } = this.#shared.limits;
    const again = asks.filter((ask) => {
      if (ask.kind === "own") return false;
      if (ask.kind === "asking") return true;
      const age = Date.now() - (ask.sentAt ?? 0);
      if (ask.kind === "keyed" && age < repeat) return true;
      const [code, message] =
        ask.kind === "keyed"
          ? ["OUTCOME_UNKNOWN", "the connection was gone for too long: it may or may not have been typed"]
          : ["CONNECTION_LOST", "the connection ended before the answer came"];
      ask.reject(new MuxwireError(code as "TIMEOUT", message as string, { retryable: code === "CONNECTION_LOST" }));
      return false;
    });
    this.#waiting = [...again, ...this.#waiting.filter(({ kind }) => kind !== "own")];
  }

  onEnd(error: MuxwireError): void {
    this.#stopTimers();
    this.#endReplays();
    const asks = [...this.#underWay.values(), ...this.#waiting];
    this.#underWay.clear();
    this.#waiting = [];
    for (const ask of asks) ask.reject(error);
    for (const pane of this.#panes) pane.end("closed", error);
    this.#panes.clear();
  }

  #ask(message: Ask["message"], kind: Ask["kind"], resolve: Ask["resolve"], reject: Ask["reject"]): Ask {
    this.#lastId += 1;
    const ask: Ask = { id: this.#lastId, message, kind, sentAt: undefined, resolve, reject };
    this.#waiting.push(ask);
    return ask;
  }

  #flush(): void {
    const { underWay, repeat } = this.#shared.limits;
    while (this.link.isOpen && this.#pause === undefined && this.#underWay.size < underWay) {
      const ask = this.#waiting.shift();
      if (!ask) return;
      if (ask.kind === "keyed" && ask.sentAt !== undefined && Date.now() - ask.sentAt >= repeat) {
        ask.reject(new MuxwireError("OUTCOME_UNKNOWN", "it was sent too long ago: it may or may not have been typed"));
        continue;
      }
      ask.sentAt ??= Date.now();
      this.#underWay.set(ask.id, ask);
      this.link.send({ ...ask.message, id: ask.id });
    }
  }

  #answered(ask: Ask, message: Message): void {
    this.#underWay.delete(ask.id);
    if (message.type === "error") {
      const error = MuxwireError.of(message);
      if (error.code === "RATE_LIMITED" && error.retryAfterMs !== undefined) this.#putOff(ask, error.retryAfterMs);
      else ask.reject(error);
    } else {
      this.link.progress();
      ask.resolve(message);
    }
    this.#flush();
  }

  /** The server refused it and refuses what is behind it, until this time has passed. */
  #putOff(ask: Ask, wait: number): void {
    this.#waiting = [...this.#waiting, ask].sort((one, other) => one.id - other.id);
    // It was refused, so it was not typed: the time that a key counts has not begun.
    ask.sentAt = undefined;
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#flush();
    }, wait);
  }

  #giveUp(ask: Ask, error: MuxwireError): void {
    // A question that nobody waits for keeps others waiting.
    if (this.#underWay.delete(ask.id) && QUESTIONS.includes(ask.message.action) && this.link.isOpen)
      this.link.send({ action: "cancel", request: ask.id });
    this.#waiting = this.#waiting.filter((other) => other !== ask);
    ask.reject(error);
    this.#flush();
  }

  #openPane(pane: Pane): void {
    const opened = (reply: Message) => this.#opened(pane, reply as unknown as OpenedMessage);
    this.#ask(pane.request as Ask["message"], "own", opened, (error) => this.#notOpened(pane, error));
    this.#flush();
  }

  #opened(pane: Pane, message: OpenedMessage): void {
    if (!this.#panes.has(pane)) {
      // It was closed while it was being opened, and is not to stay open unheard.
      this.#unheard.add(message.pane);
      return this.#closeUnheard();
    }
    for (const other of this.#panes) {
      if (other === pane || other.id !== message.pane) continue;
      this.#panes.delete(other);
      other.end("replaced");
    }
    pane.onOpened(message);
    this.#closeUnheard();
  }

  #notOpened(pane: Pane, error: MuxwireError): void {
    if (!this.#panes.has(pane)) return;
    const isKnown = pane.id !== "";
    if (error.retryable && (isKnown || error.retryAfterMs !== undefined)) {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        if (this.link.isOpen && this.#panes.has(pane)) this.#openPane(pane);
      }, error.retryAfterMs ?? OPEN_AGAIN);
      this.#timers.add(timer);
      return;
    }
    this.#panes.delete(pane);
    if (isKnown && error.code === "NOT_FOUND") pane.end("removed");
    else pane.end("closed", error);
    this.#closeUnheard();
  }

  #closePane(pane: Pane): void {
    this.#panes.delete(pane);
    if (pane.isOpen) this.#unheard.add(pane.id);
    this.#closeUnheard();
  }

  /** One that is being opened may be one of them, and would be closed again. */
  #closeUnheard(): void {
    const panes = [...this.#panes];
    if (panes.some((pane) => !pane.isOpen)) return;
    for (const id of this.#unheard) if (!panes.some((pane) => pane.id === id)) this.#sendClose(id);
    this.#unheard.clear();
  }

  #sendClose(pane: string): void {
    const ignored = () => undefined;
    this.#ask({ action: "close", target: { pane } } as Ask["message"], "own", ignored, ignored);
    this.#flush();
  }

  #stopTimers(): void {
    clearTimeout(this.#pause);
    this.#pause = undefined;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const bits = new Uint8Array(16);

/** 128 random bits. Each key that a person types needs one, so that it is made without delay. */
function randomKey(): string {
  globalThis.crypto.getRandomValues(bits);
  let key = "";
  for (const byte of bits) key += HEX[byte];
  return key;
}

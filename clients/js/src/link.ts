import { Backoff } from "./backoff.js";
import { MuxwireError, printable } from "./errors.js";
import type { ClientOptions, Limits, Socket } from "./options.js";
import type { AuthResponseMessage, HelloMessage } from "./protocol.js";
import { findSocket } from "./socket.js";
import type { Credential, Tokens } from "./tokens.js";

/** A message of the server, of which only the kind is known. */
export type Message = { type: string; [field: string]: unknown };

/** The states of a link, and of a client. */
export type Status = "connecting" | "connected" | "disconnected";

/** A connection ended or could not be made, and another attempt follows. */
export interface Connecting {
  /** The code with which it was closed, if it was. */
  code: number | undefined;
  reason: string;
  /** Milliseconds until the next attempt. */
  retryIn: number;
}

/** The server let the client in. */
export interface Connected {
  host: string;
  server: string;
  epoch: string;
  permissions: ReadonlyArray<string>;
  redacted: boolean;
  clientId: string | undefined;
  /** Whether it is not the first time. */
  again: boolean;
}

/** What a link is for. */
export interface Owner {
  readonly url: URL;
  readonly protocols: string[];
  /** The server let the client in: what is wanted is to be said now. */
  onOpen(): void;
  /** The server said something; `length` is that of its text. */
  onMessage(message: Message, length: number): void;
  onBytes(bytes: Uint8Array): void;
  /** The connection is gone. */
  onDown(): void;
  /** There will be no other connection. */
  onEnd(error: MuxwireError): void;
}

/** What links of one client share. */
export interface Shared {
  readonly options: ClientOptions;
  readonly limits: Limits;
  readonly tokens: Tokens;
  /** A link has changed its state. */
  changed(link: Link, what: Connecting | Connected | MuxwireError | undefined): void;
}

/** The handshake's answers that another attempt does not change. */
const LASTING = [400, 401, 403, 404, 421];
/** How long to wait at least after these: the server has too much of this client. */
const CROWDED = [4004, 4006];

/** One WebSocket to the server, and all that it takes to keep it. */
export class Link {
  status: Status = "disconnected";
  readonly #shared: Shared;
  readonly #owner: Owner;
  readonly #backoff: Backoff;
  #socket: Socket | undefined;
  /** Counts connections, so that what an old one still says is not heard. */
  #run = 0;
  #phase: "waiting" | "connecting" | "greeting" | "letting in" | "open" = "waiting";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #renewal: ReturnType<typeof setTimeout> | undefined;
  #heardAt = 0;
  #pinged = false;
  #again = false;
  #hello: HelloMessage | undefined;
  #credential: Credential | undefined;
  #httpStatus: number | undefined;
  #lastError: MuxwireError | undefined;

  constructor(shared: Shared, owner: Owner) {
    this.#shared = shared;
    this.#owner = owner;
    this.#backoff = new Backoff(shared.options.random ?? Math.random);
  }

  /** Begins to connect, if that is not under way. */
  start(): void {
    if (this.status !== "disconnected") return;
    this.status = "connecting";
    this.#shared.changed(this, undefined);
    void this.#connect();
  }

  /** Whether messages can be sent. */
  get isOpen(): boolean {
    return this.#phase === "open";
  }

  /** Sends, if there is a connection. Returns whether there was. */
  send(message: object): boolean {
    if (!this.isOpen) return false;
    this.#socket?.send(JSON.stringify(message));
    return true;
  }

  /** The connection has brought something: it is worth coming back to. */
  progress(): void {
    this.#backoff.reset();
  }

  /** Ends the connection and comes back, after what the server asked for if it did. */
  drop(reason: string, asked?: number | undefined): void {
    if (asked !== undefined) this.#backoff.ask(asked);
    this.#ended(undefined, reason);
  }

  /** Ends the connection in order until [`Link.start`]. */
  pause(): void {
    this.#detach(1000);
    this.status = "disconnected";
    this.#owner.onDown();
    this.#shared.changed(this, undefined);
  }

  /** Ends the connection in order, for good. */
  close(): void {
    if (this.status === "disconnected") return;
    this.#detach(1000);
    this.status = "disconnected";
    this.#shared.changed(this, undefined);
  }

  /** The network is back, or the page is looked at again. */
  wake(): void {
    if (this.#phase === "open") this.#ping(this.#shared.limits.woken);
    else if (this.status === "connecting" && this.#phase === "waiting") void this.#connect();
  }

  async #connect(): Promise<void> {
    this.#detach();
    const run = this.#run;
    const { options, limits, tokens } = this.#shared;
    this.#phase = "connecting";
    try {
      const Constructor = await findSocket(options.WebSocket);
      // The server waits 5 s for it, so it is had before.
      this.#credential = await tokens.get();
      if (run !== this.#run) return;
      this.#attach(new Constructor(this.#owner.url.href, this.#owner.protocols), run);
    } catch (error) {
      if (run === this.#run) this.#couldNot(error);
      return;
    }
    this.#arm(limits.connect, () => this.drop("no answer: it could not connect in time"));
  }

  /** There is no token, or no WebSocket. */
  #couldNot(error: unknown): void {
    if (error instanceof MuxwireError) return this.#fail(error);
    if (error instanceof Error && error.name === "Unauthorized") {
      return this.#fail(new MuxwireError("AUTH_FAILED", error.message));
    }
    this.#ended(undefined, `there is no token: ${error instanceof Error ? error.message : String(error)}`);
  }

  #attach(socket: Socket, run: number): void {
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    const on = <E>(type: string, listener: (event: E) => void) =>
      socket.addEventListener(type, (event: E) => {
        if (run === this.#run) listener(event);
      });
    on("open", () => {
      this.#phase = "greeting";
      this.#arm(this.#shared.limits.answer, () => this.drop("the server does not greet"));
    });
    on("message", (event: { data: unknown }) => this.#heard(event.data));
    on("error", (event: { message?: string }) => {
      const status = /Unexpected server response: (\d+)/.exec(event.message ?? "");
      if (status) this.#httpStatus = Number(status[1]);
    });
    on("close", (event: { code: number; reason: string }) => this.#closed(event.code, event.reason));
  }

  /** Forgets the connection. What it still says is not heard. */
  #detach(code?: number): void {
    this.#run += 1;
    clearTimeout(this.#timer);
    clearTimeout(this.#renewal);
    this.#phase = "waiting";
    this.#pinged = false;
    this.#httpStatus = undefined;
    this.#lastError = undefined;
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket || socket.readyState > 1) return;
    // `ws` reports the end of what was not open yet as an error, which nobody listens to but this.
    socket.addEventListener("error", () => undefined);
    if (code === undefined && socket.terminate) socket.terminate();
    else socket.close(code);
  }

  #heard(data: unknown): void {
    this.#heardAt = Date.now();
    this.#pinged = false;
    if (typeof data !== "string") {
      if (this.isOpen) this.#owner.onBytes(new Uint8Array(data as ArrayBuffer));
      return;
    }
    let message: unknown;
    try {
      message = JSON.parse(data);
    } catch {
      message = undefined;
    }
    if (typeof message !== "object" || message === null || Array.isArray(message)) {
      if (this.#phase === "greeting") return this.#unsupported("it says no JSON");
      return this.drop("the server said something that is no message");
    }
    this.#onMessage(message as Message, data.length);
  }

  #onMessage(message: Message, length: number): void {
    if (this.#phase === "greeting") return this.#greeted(message);
    if (message.type === "shutdown") this.#backoff.ask(Number(message.retry_after_ms) || 0);
    // Only the last message says why a connection ends.
    this.#lastError = message.type === "error" ? MuxwireError.of(message) : undefined;
    if (this.#lastError && !this.isOpen) return this.#refused(this.#lastError);
    if (message.type === "auth.response") {
      const response = message as unknown as AuthResponseMessage;
      if (!this.isOpen) this.#letIn(response);
      else if (response.success) this.#planRenewal(response);
      return;
    }
    if (this.isOpen) this.#owner.onMessage(message, length);
  }

  #greeted(message: Message): void {
    if (message.type !== "hello") return this.#unsupported(`it greets with ${JSON.stringify(message.type)}`);
    if (message.protocol !== 1) return this.#unsupported(`it speaks version ${message.protocol} of the protocol`);
    this.#hello = message as unknown as HelloMessage;
    this.#phase = "letting in";
    if (this.#hello.auth_required === false)
      return this.#open({ type: "auth.response", success: true, permissions: [] });
    if (this.#credential === undefined) {
      return this.#fail(new MuxwireError("AUTH_REQUIRED", "the server asks for a token, and none was given"));
    }
    this.#authenticate(this.#credential);
    this.#arm(this.#shared.limits.answer, () => this.drop("the server does not say whether it takes the token"));
  }

  #authenticate(credential: Credential): void {
    const proof = typeof credential === "string" ? { token: credential } : { ticket: credential.ticket };
    this.#socket?.send(JSON.stringify({ action: "auth", ...proof }));
  }

  #letIn(response: AuthResponseMessage): void {
    if (!response.success) return this.#notAccepted(response.message ?? "");
    this.#shared.tokens.accepted();
    this.#open(response);
  }

  #open(response: AuthResponseMessage): void {
    const hello = this.#hello as HelloMessage;
    this.#phase = "open";
    this.status = "connected";
    this.#watch();
    this.#planRenewal(response);
    const again = this.#again;
    this.#again = true;
    this.#owner.onOpen();
    this.#shared.changed(this, {
      host: hello.host,
      server: hello.server,
      epoch: hello.epoch,
      permissions: response.permissions,
      redacted: response.redacted === true,
      clientId: response.client_id,
      again,
    });
  }

  /** The server can't or won't look at the token. */
  #refused(error: MuxwireError): void {
    if (error.retryable) return this.drop(`the server refused: ${error.message}`, error.retryAfterMs);
    this.#fail(error);
  }

  /** The token is not good, or not any more. */
  #notAccepted(message: string, closeCode?: number): void {
    if (this.#shared.tokens.reject(this.#credential))
      return this.#ended(closeCode, `the token was not accepted: ${message}`);
    this.#fail(new MuxwireError("AUTH_FAILED", message || "the token was not accepted", { closeCode }));
  }

  #unsupported(why: string): void {
    this.#fail(new MuxwireError("UNSUPPORTED", `this is no server for this client: ${why}`));
  }

  #closed(code: number, reason: string): void {
    const { message = reason } = this.#lastError ?? {};
    const fail = (known: string, text: string) => this.#fail(new MuxwireError(known, text, { closeCode: code }));
    if (this.#httpStatus !== undefined && LASTING.includes(this.#httpStatus)) {
      return this.#fail(new MuxwireError("REFUSED", `the server answers ${this.#httpStatus}`));
    }
    if (code === 4500 || code === 4503) return this.#notAccepted(reason, code);
    if (code === 4501) return fail("AUTH_REQUIRED", reason || "no token came in time");
    if (code === 4504) return fail("DISCONNECTED", message || "an admin ended the connection");
    if (code > 4500) return fail("CLOSED", reason || `the server closed the connection with ${code}`);
    this.#backoff.ask(Math.max(this.#lastError?.retryAfterMs ?? 0, CROWDED.includes(code) ? 1000 : 0));
    // 1005 and 1006 stand for no code at all.
    this.#ended(code === 1005 || code === 1006 ? undefined : code, reason || "the connection ended");
  }

  /** The connection is gone, or could not be made: there will be another one. */
  #ended(code: number | undefined, reason: string): void {
    this.#detach();
    const retryIn = this.#backoff.next();
    this.status = "connecting";
    this.#timer = setTimeout(() => void this.#connect(), retryIn);
    this.#owner.onDown();
    this.#shared.changed(this, { code, reason: printable(reason), retryIn });
  }

  #fail(error: MuxwireError): void {
    this.#detach(1000);
    this.status = "disconnected";
    this.#owner.onEnd(error);
    this.#shared.changed(this, error);
  }

  #arm(wait: number, late: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(late, wait);
  }

  /** Looks after the connection while it stands: no timer is set anew for each message. */
  #watch(): void {
    const { quiet, pong } = this.#shared.limits;
    const rest = quiet - (Date.now() - this.#heardAt);
    this.#arm(Math.max(rest, 0), () => {
      if (Date.now() - this.#heardAt < quiet) this.#watch();
      else this.#ping(pong);
    });
  }

  #ping(patience: number): void {
    this.#pinged = true;
    this.#socket?.send(JSON.stringify({ action: "ping" }));
    this.#arm(patience, () => {
      if (this.#pinged) this.drop("nothing was heard of the server for too long");
      else this.#watch();
    });
  }

  /** Authenticates again before the token ends, if there can be another one. */
  #planRenewal(response: AuthResponseMessage): void {
    clearTimeout(this.#renewal);
    if (response.expires === undefined || !this.#shared.tokens.canRenew) return;
    const left = Date.parse(response.expires) - Date.now();
    const before = this.#shared.limits.renew;
    const wait = left < 2 * before ? left / 2 : left - before;
    // Longer waits than timers take end at the connection's next end.
    if (!(wait > 0) || wait > 0x7fffffff) return;
    const run = this.#run;
    this.#renewal = setTimeout(() => {
      this.#shared.tokens.renew().then(
        (credential) => {
          if (run !== this.#run) return;
          this.#credential = credential;
          this.#authenticate(credential);
        },
        // The connection stays until the server ends it, and then the token is asked for again.
        () => undefined,
      );
    }, wait);
  }
}

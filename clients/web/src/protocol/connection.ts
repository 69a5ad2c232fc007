import { readBytes } from "muxwire/bytes";
import { batch, signal } from "vendor";
import type { Log } from "./log.ts";
import { beside, type Endpoint, endpointUrl } from "./place.ts";
import { BAD_TOKEN, closed, NO_SERVER, NO_TOKEN, type Problem, refused } from "./remedies.ts";

/** How a connection shows who it is. */
export type Method = "token" | "ticket" | "hand";

/** What a connection is made with. */
export interface Wish {
  endpoint: Endpoint;
  /** Of a terminal. */
  session: string;
  binary: boolean;
  method: Method;
  token: string;
}

export type Status = "closed" | "connecting" | "greeted" | "open";

/** One WebSocket, all of which is shown: unlike the library's, it does nothing by itself but what was asked for. */
export class Connection {
  readonly status = signal<Status>("closed");
  readonly problem = signal<Problem | undefined>(undefined);
  /** What is known of the connection that stands: the server, and what this page may do. */
  readonly about = signal("");
  readonly #log: Log;
  readonly #opened: (wish: Wish) => void;
  #socket: WebSocket | undefined;
  #wish: Wish | undefined;
  #run = 0;
  #isRefused = false;

  constructor(log: Log, opened: (wish: Wish) => void) {
    this.#log = log;
    this.#opened = opened;
  }

  async connect(wish: Wish): Promise<void> {
    this.close();
    this.#run += 1;
    const run = this.#run;
    batch(() => {
      this.problem.value = undefined;
      this.status.value = "connecting";
    });
    this.#wish = wish;
    this.#isRefused = false;
    const url = endpointUrl(wish.endpoint, wish.session);
    let proof: object | undefined;
    if (wish.method === "ticket") {
      const ticket = await this.#ticket(wish.token);
      if (run !== this.#run) return;
      if (ticket === undefined) {
        this.status.value = "closed";
        return;
      }
      proof = { ticket };
    } else if (wish.method === "token" && wish.token) {
      proof = { token: wish.token };
    }
    const protocols = [wish.binary ? "muxwire.v1.bin" : "muxwire.v1"];
    this.#log.add("note", "connect", `${url} with the subprotocol ${protocols[0]}`);
    const socket = new WebSocket(url, protocols);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#attach(socket, run, proof);
  }

  /** Sends a text as it is. */
  send(text: string): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(text);
    this.#log.add("sent", nameOf(text), text);
    return true;
  }

  close(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#run += 1;
    if (socket) {
      socket.close(1000);
      this.#log.add("note", "closed", "closed by this page");
    }
    batch(() => {
      this.status.value = "closed";
      this.about.value = "";
    });
  }

  /** A ticket for the connection; `undefined` if there is none, and then the problem is said. */
  async #ticket(token: string): Promise<string | undefined> {
    try {
      const found = await fetchTicket(token, (status) =>
        this.#log.add("note", "POST /api/ticket", `answered with ${status}`),
      );
      if (typeof found === "string") return found;
      this.#fail(found);
    } catch {
      this.#fail(NO_SERVER(beside("").origin));
    }
    return undefined;
  }

  #attach(socket: WebSocket, run: number, proof: object | undefined): void {
    let isOpen = false;
    const on = <E extends Event>(type: string, listener: (event: E) => void) =>
      socket.addEventListener(type, (event) => {
        if (run === this.#run) listener(event as E);
      });
    on("open", () => {
      isOpen = true;
      this.#log.add(
        "note",
        "connected",
        `the server has taken the subprotocol ${socket.protocol || "that is the default"}`,
      );
    });
    on("message", ({ data }: MessageEvent) => {
      if (typeof data === "string") this.#heard(data, proof);
      else this.#heardBytes(new Uint8Array(data as ArrayBuffer));
    });
    on("close", ({ code, reason }: CloseEvent) => {
      this.#socket = undefined;
      this.status.value = "closed";
      this.about.value = "";
      if (!isOpen) void this.#diagnose(run);
      else this.#ended(code, reason);
    });
  }

  #heard(text: string, proof: object | undefined): void {
    const message = read(text);
    this.#log.add("received", nameOf(text), text);
    if (message?.type === "hello") this.#greeted(message, proof);
    else if (message?.type === "auth.response") this.#answered(message);
    else if (message?.type === "error" && this.status.value === "greeted" && message.code !== "AUTH_REQUIRED") {
      // An attempt to authenticate that the server could not judge.
      this.#fail({ what: String(message.message), remedy: "Wait a moment, then connect again." });
    }
  }

  #greeted(hello: Record<string, unknown>, proof: object | undefined): void {
    this.about.value = `${hello.server} on ${hello.host}`;
    if (hello.auth_required === false) return this.#open("no token is needed: everything is allowed");
    this.status.value = "greeted";
    if (proof) this.send(JSON.stringify({ action: "auth", id: "auth", ...proof }));
    else if (this.#wish?.method !== "hand") this.#fail(NO_TOKEN);
  }

  #answered(response: Record<string, unknown>): void {
    if (response.success === true) {
      const permissions = Array.isArray(response.permissions) ? response.permissions.join(", ") : "";
      return this.#open(
        `${response.client_id ?? ""} may ${permissions}${response.redacted ? ", secrets are masked" : ""}`,
      );
    }
    if (this.status.value === "open") return;
    this.#isRefused = true;
    this.#fail(BAD_TOKEN);
  }

  #open(rights: string): void {
    const isNew = this.status.value !== "open";
    batch(() => {
      this.problem.value = undefined;
      this.status.value = "open";
      this.about.value = `${this.about.value.split(" · ")[0]} · ${rights}`;
    });
    if (isNew && this.#wish) this.#opened(this.#wish);
  }

  #heardBytes(message: Uint8Array): void {
    const found = readBytes(message);
    if (!found) {
      this.#log.add("received", "binary", JSON.stringify({ binary: message.length, unknown: true }));
      return;
    }
    const { pane, offset, bytes, isReplay } = found;
    const content = new TextDecoder().decode(bytes);
    const what = { binary: isReplay ? "replay" : "output", pane, offset, bytes: bytes.length, content };
    this.#log.add("received", `binary ${what.binary}`, JSON.stringify(what));
  }

  #ended(code: number, reason: string): void {
    this.#log.add("note", "closed", `with ${code}${reason ? `: ${reason}` : ""}`);
    const problem = closed(code, reason);
    // The reason why a token is not accepted was said already, and better.
    if (problem && !(this.#isRefused && code === 4500)) this.#fail(problem);
  }

  #fail(problem: Problem): void {
    this.problem.value = problem;
    this.#log.add("problem", "problem", problem.what, problem.remedy);
  }

  /** Browsers don't say why a handshake fails. The same server may say it to a request that is none. */
  async #diagnose(run: number): Promise<void> {
    let problem: Problem;
    try {
      // A POST carries the Origin, as the handshake does; a GET of the same origin would not.
      const answer = await fetch(beside("api/ticket"), { method: "POST" });
      const isLetIn = answer.ok || answer.status === 401;
      problem = isLetIn
        ? {
            what: "The server does not take this connection.",
            remedy: "There may be too many, or a proxy in between may let no WebSocket pass.",
          }
        : refused(answer.status, await answer.text());
    } catch {
      problem = NO_SERVER(beside("").origin);
    }
    if (run === this.#run) this.#fail(problem);
  }
}

/** A ticket for one connection of this page, or why there is none. Throws if nobody answers. */
export async function fetchTicket(token: string, answered: (status: number) => void): Promise<string | Problem> {
  if (!token) return NO_TOKEN;
  const authorization = `Bearer ${token}`;
  const answer = await fetch(beside("api/ticket"), { method: "POST", headers: { authorization } });
  answered(answer.status);
  if (answer.ok) return ((await answer.json()) as { ticket: string }).ticket;
  return refused(answer.status, await answer.text());
}

/** A message's type or action, for people. */
export function nameOf(text: string): string {
  const message = read(text);
  const name = message?.type ?? message?.action;
  return typeof name === "string" ? name : "no message";
}

function read(text: string): Record<string, unknown> | undefined {
  try {
    const message: unknown = JSON.parse(text);
    return typeof message === "object" && message !== null ? (message as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

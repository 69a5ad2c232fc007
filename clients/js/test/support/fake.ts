import type { Socket } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";

/** What a client said, and how a connection ended. */
export type Said = { text: string } | { bytes: Buffer } | { closed: number };

/** A list of what came, for one who waits for the next of it. */
class Inbox<T> {
  readonly #items: T[] = [];
  readonly #waiting: Array<(item: T) => void> = [];

  push(item: T): void {
    const next = this.#waiting.shift();
    if (next) next(item);
    else this.#items.push(item);
  }

  next(): Promise<T> {
    const item = this.#items.shift();
    return item === undefined ? new Promise((done) => this.#waiting.push(done)) : Promise.resolve(item);
  }
}

/** A connection of a client, on the server's side. */
export class Connection {
  readonly said = new Inbox<Said>();
  readonly #socket: WebSocket;
  readonly #raw: Socket;
  readonly path: string;
  readonly offers: string[];

  constructor(socket: WebSocket, raw: Socket, path: string, offers: string[]) {
    this.#socket = socket;
    this.#raw = raw;
    this.path = path;
    this.offers = offers;
    socket.on("message", (data: Buffer, isBinary: boolean) =>
      this.said.push(isBinary ? { bytes: data } : { text: String(data) }),
    );
    socket.on("close", (code: number) => this.said.push({ closed: code }));
    socket.on("error", () => undefined);
  }

  send(data: string | Buffer): void {
    this.#socket.send(data);
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  cut(): void {
    this.#raw.resetAndDestroy();
  }
}

/** A server that says what a scenario says. */
export class Fake {
  readonly #server: WebSocketServer;
  readonly #connections = new Inbox<Connection>();

  private constructor(server: WebSocketServer) {
    this.#server = server;
    server.on("connection", (socket, request) => {
      const offers = String(request.headers["sec-websocket-protocol"] ?? "").split(/, */);
      this.#connections.push(new Connection(socket, request.socket, request.url ?? "", offers));
    });
  }

  static async start(): Promise<Fake> {
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
    await new Promise((done) => server.once("listening", done));
    return new Fake(server);
  }

  get url(): string {
    const address = this.#server.address();
    return `ws://127.0.0.1:${typeof address === "object" && address ? address.port : 0}/monitor`;
  }

  next(): Promise<Connection> {
    return this.#connections.next();
  }

  stop(): void {
    for (const socket of this.#server.clients) socket.terminate();
    this.#server.close();
  }
}

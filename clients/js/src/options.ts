import type { TokenSource } from "./tokens.js";

/** What this library needs of a WebSocket. Browsers', Node's own and that of `ws` have it. */
export interface Socket {
  binaryType: string;
  readonly readyState: number;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  // biome-ignore lint/suspicious/noExplicitAny: each kind of WebSocket has its own types of events
  addEventListener(type: any, listener: (event: any) => void): void;
  /** Only `ws` has it: it waits for nobody. */
  terminate?(): void;
}

/** What makes a WebSocket. */
export type SocketConstructor = new (url: string, protocols: string[]) => Socket;

/** What a client is made with. */
export interface ClientOptions {
  /** A token of muxwire, or a JWT. */
  token?: string;
  /** Gives the token, and another one when it was refused or is about to end. */
  getToken?: TokenSource;
  /** Another WebSocket than the global one, or that of `ws`. */
  WebSocket?: SocketConstructor;
  /** Whether the bytes of panes come as they are. `false` where a proxy lets only text pass. */
  binary?: boolean;
  /** The limits of docs/client.md; tests set them. */
  limits?: Partial<Limits>;
  /** A number from 0 to 1. */
  random?: () => number;
}

/** Times in milliseconds, and sizes. */
export interface Limits {
  connect: number;
  answer: number;
  quiet: number;
  pong: number;
  woken: number;
  renew: number;
  waitingItems: number;
  waitingText: number;
  ackWindow: number;
  underWay: number;
  request: number;
  repeat: number;
}

/** The limits that docs/client.md names. */
export const LIMITS: Limits = {
  connect: 10_000,
  answer: 10_000,
  quiet: 25_000,
  pong: 10_000,
  woken: 5_000,
  renew: 30_000,
  waitingItems: 10_000,
  waitingText: 16 << 20,
  ackWindow: 1 << 20,
  underWay: 32,
  request: 30_000,
  repeat: 50_000,
};

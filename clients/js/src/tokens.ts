import { MuxwireError, Unauthorized } from "./errors.js";

/** Why a token is asked for. */
export type TokenReason = "first" | "refused" | "expiring";
/** A token, or a ticket for one connection. */
export type Credential = string | { ticket: string };
/** Gives tokens. */
export type TokenSource = (reason: TokenReason) => Credential | Promise<Credential>;

/** So many tokens in a row may be refused. */
const REFUSALS = 3;

/** The token of all links of a client, and where it comes from. */
export class Tokens {
  readonly #source: TokenSource | undefined;
  #current: string | undefined;
  #refused: string | undefined;
  #refusals = 0;
  #asking: Promise<Credential> | undefined;

  constructor(token: string | undefined, source: TokenSource | undefined) {
    this.#source = source;
    this.#current = token;
  }

  get canRenew(): boolean {
    return this.#source !== undefined;
  }

  /** What a connection is to be made with, if there is anything. Several that ask at the same time get the same token. */
  async get(): Promise<Credential | undefined> {
    while (this.#current === undefined) {
      if (!this.#source) return this.#lasting();
      if (!this.#asking) return this.#ask(this.#refusals > 0 ? "refused" : "first");
      await this.#asking.catch(() => undefined);
    }
    return this.#current;
  }

  /** Another token before the current one ends. */
  async renew(): Promise<Credential> {
    return this.#asking ?? this.#ask("expiring");
  }

  /** The server let this one in. */
  accepted(): void {
    this.#refusals = 0;
    this.#refused = undefined;
  }

  /** The server does not take it, or not any more. Returns whether there may be another one. */
  reject(credential: Credential | undefined): boolean {
    // Another link has had it refused already, and there is a newer one.
    if (typeof credential === "string" && this.#current !== undefined && credential !== this.#current) return true;
    this.#current = undefined;
    if (typeof credential === "string") this.#refused = credential;
    this.#refusals += 1;
    return this.#source !== undefined && this.#refusals < REFUSALS;
  }

  /** Begins anew, as after a login. */
  forget(): void {
    this.#refusals = 0;
  }

  #lasting(): undefined {
    if (this.#refused !== undefined) throw new MuxwireError("AUTH_FAILED", "the token was not accepted");
    return undefined;
  }

  async #ask(reason: TokenReason): Promise<Credential> {
    const source = this.#source as TokenSource;
    // A source that throws at once is no different from one whose promise fails.
    this.#asking = (async () => source(reason))();
    try {
      const found = await this.#asking;
      if (typeof found === "string") {
        if (found === this.#refused) throw new Unauthorized("the token was not accepted, and there is no other one");
        this.#current = found;
      }
      return found;
    } finally {
      this.#asking = undefined;
    }
  }
}

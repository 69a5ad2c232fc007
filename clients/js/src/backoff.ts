const SHORTEST = 100;
const LONGEST = 5_000;
/** The longest wait that a server may ask for. It bounds what a server can do to its clients. */
const LONGEST_ASKED = 60_000;

/** Waits that grow with each attempt that came to nothing, spread at random so that clients don't come back all at once. */
export class Backoff {
  #attempts = 0;
  #asked = 0;
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** The connection was of use: the next wait is a short one again. */
  reset(): void {
    this.#attempts = 0;
  }

  /** The server asks to be left alone this long, once. */
  ask(wait: number): void {
    this.#asked = Math.max(this.#asked, Math.min(wait, LONGEST_ASKED));
  }

  next(): number {
    const most = Math.min(SHORTEST * 2 ** (Math.min(this.#attempts, 15) + 1), LONGEST);
    this.#attempts += 1;
    const asked = Math.max(this.#asked, SHORTEST);
    this.#asked = 0;
    return Math.round(asked + this.#random() * (most - SHORTEST));
  }
}

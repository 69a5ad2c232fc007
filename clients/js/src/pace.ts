/** What was taken, and when to say so. */
export class Pace {
  readonly #window: number | undefined;
  readonly #say: (offset: number) => boolean;
  #acked = -1;

  constructor(window: number | undefined, say: (offset: number) => boolean) {
    this.#window = window;
    this.#say = say;
  }

  get window(): number | undefined {
    return this.#window;
  }

  /** Counting begins anew, as with another connection or a snapshot: it is acknowledged where its offset was before, too. */
  reset(): void {
    this.#acked = -1;
  }

  /** Everything up to here was taken. `now` says that it is not to wait for more. */
  took(offset: number, now: boolean): void {
    if (this.#window === undefined || offset === this.#acked) return;
    if (!now && Math.abs(offset - this.#acked) < this.#window / 8) return;
    if (this.#say(offset)) this.#acked = offset;
  }
}

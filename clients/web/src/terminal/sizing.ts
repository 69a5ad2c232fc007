import { type Client, MuxwireError, printable, type Terminal } from "muxwire";
import { signal } from "vendor";
import type { Problem, Size, SizeOwner } from "./types.ts";

/**
 * Takes the size of a pane's window, and gives it back. The protocol has it as a wish of a connection to `/ws/terminal/`, which
 * ends with it. What the pane prints comes there too, and is dropped.
 */
export class Sizing {
  readonly owner = signal<SizeOwner>({ by: "tmux" });
  readonly #client: Client;
  readonly #onProblem: (problem: Problem) => void;
  #holder: Terminal | undefined;
  #wish: Size | undefined;
  #shown: Size | undefined;

  constructor(client: Client, onProblem: (problem: Problem) => void) {
    this.#client = client;
    this.#onProblem = onProblem;
  }

  take(session: string, pane: string, wish: Size): void {
    this.#wish = wish;
    this.#tell();
    if (this.#holder) return this.#ask(this.#holder);
    const holder = this.#client.terminal({ id: session }, { pane, scrollback: 0 });
    this.#holder = holder;
    void this.#hold(holder);
  }

  release(): void {
    const holder = this.#holder;
    this.#holder = undefined;
    this.#wish = undefined;
    holder?.close();
    this.#tell();
  }

  /** The pane has this size now. */
  onSize(size: Size): void {
    this.#shown = size;
    this.#tell();
  }

  async #hold(holder: Terminal): Promise<void> {
    try {
      for await (const item of holder) {
        // The wish ends with each connection.
        if (item.type === "connect") this.#ask(holder);
        if (item.type === "error") this.#refused(item.error);
      }
    } catch (error) {
      if (!(error instanceof MuxwireError)) throw error;
      if (this.#holder === holder) this.#refused(error);
    } finally {
      if (this.#holder === holder) this.release();
    }
  }

  #ask(holder: Terminal): void {
    const wish = this.#wish;
    if (!wish) return;
    try {
      holder.resize(wish.cols, wish.rows);
    } catch (error) {
      // It has no connection yet: it asks when it has one.
      if (!(error instanceof MuxwireError && error.code === "NOT_CONNECTED")) throw error;
    }
  }

  #refused(error: MuxwireError): void {
    this.#onProblem({ kind: "size", message: `the size was not taken: ${printable(error.message)}`, error });
    this.release();
  }

  #tell(): void {
    const [wish, shown] = [this.#wish, this.#shown];
    const isGranted = wish !== undefined && wish.cols === shown?.cols && wish.rows === shown.rows;
    const by = !wish ? "tmux" : isGranted ? "page" : "asked";
    if (by !== this.owner.value.by) this.owner.value = { by };
  }
}

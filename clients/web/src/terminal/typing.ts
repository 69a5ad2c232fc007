import { type Client, MuxwireError, printable, type SendKeysRequest } from "muxwire";
import type { Paste, Problem } from "./types.ts";

/** A text that is cut has pieces of at most so many characters: a message is bounded. */
const PIECE = 16_384;
/** A paste of more lines or characters is asked for. */
const MOST_LINES = 1;
const MOST_CHARACTERS = 2_000;

/** What typing needs of its terminal. */
export interface Typist {
  /** The pane that takes what is typed, if a connection has it open. */
  target(): string | undefined;
  isAllowed(): boolean;
  confirmPaste: ((paste: Paste) => Promise<boolean>) | undefined;
  onTyped: (() => void) | undefined;
  onProblem(problem: Problem): void;
}

/** Sends what a person typed, in order, and says what did not arrive. */
export class Typing {
  readonly #client: Client;
  readonly #typist: Typist;

  constructor(client: Client, typist: Typist) {
    this.#client = client;
    this.#typist = typist;
  }

  keys(keys: string[]): Promise<void> {
    return this.#send({ keys }, keys.join(" "));
  }

  text(text: string): Promise<void> {
    return this.#pieces(text, false);
  }

  async paste(text: string): Promise<void> {
    if (!text) return;
    // What a person copied may end with the end of its line, which is no line of its own.
    const lines = text.replace(/\r\n?/g, "\n").replace(/\n$/, "").split("\n").length;
    const isLarge = lines > MOST_LINES || text.length > MOST_CHARACTERS || /[\r\n]/.test(text);
    if (isLarge && this.#typist.isAllowed()) {
      const { confirmPaste } = this.#typist;
      if (!confirmPaste)
        return this.#refuse(`${lines} lines were not pasted: this page has no way to ask for it`, text);
      if (!(await confirmPaste({ text, lines }))) return;
    }
    await this.#pieces(text, true);
  }

  async #pieces(text: string, paste: boolean): Promise<void> {
    const sent: Array<Promise<void>> = [];
    for (let at = 0; at < text.length; ) {
      let end = Math.min(at + PIECE, text.length);
      // Not between the two halves of one character.
      if (end < text.length && /[\ud800-\udbff]/.test(text.charAt(end - 1))) end -= 1;
      const piece = text.slice(at, end);
      sent.push(this.#send(paste ? { text: piece, paste } : { text: piece }, piece));
      at = end;
    }
    await Promise.all(sent);
  }

  async #send(what: Pick<SendKeysRequest, "text" | "keys" | "paste">, text: string): Promise<void> {
    const pane = this.#typist.target();
    if (!this.#typist.isAllowed()) return this.#refuse("nothing was typed: you may only read here", text);
    // Nobody types into a pane that shows something else by the time it arrives.
    if (pane === undefined) return this.#refuse("nothing was typed: there is no connection now", text);
    this.#typist.onTyped?.();
    try {
      await this.#client.sendKeys({ pane }, what);
    } catch (error) {
      if (!(error instanceof MuxwireError)) throw error;
      this.#typist.onProblem({ kind: "typing", message: `not typed: ${printable(error.message)}`, error, text });
    }
  }

  #refuse(message: string, text: string): void {
    this.#typist.onProblem({ kind: "typing", message, text });
  }
}

import type { PaneScreen } from "muxwire";
import { encode } from "muxwire/bytes";
import { signal } from "vendor";
import type { Source, SourceItem } from "../terminal/index.ts";

/** A pane as it was, for a terminal: whoever reads it gets the last screen that was given, and what was printed behind it. */
export class PastSource implements Source {
  readonly id: string;
  /** A terminal in which somebody reads. Only such a one plays what was printed. */
  readonly isAlone: boolean;
  /** Why nothing is shown; or what is not right in it. */
  readonly note = signal("");
  /** There is nothing to show. */
  readonly isEmpty = signal(false);
  /** When the last of what shows was printed, in milliseconds. */
  readonly printed = signal<number | undefined>(undefined);
  isOpen = true;
  readonly #onClose: (source: PastSource) => void;
  readonly #items: { readonly item: SourceItem; readonly taken: () => void }[] = [];
  #wake: () => void = () => undefined;

  constructor(pane: string, isAlone: boolean, onClose: (source: PastSource) => void) {
    this.id = pane;
    this.isAlone = isAlone;
    this.#onClose = onClose;
  }

  /** It is open until it is closed: there is nothing to tell. */
  onChange(): () => void {
    return () => undefined;
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    for (const { taken } of this.#items.splice(0)) taken();
    this.#wake();
    this.#onClose(this);
  }

  /** Shows this screen. What waits is not shown any more. */
  show(data: PaneScreen, printed: number): void {
    const { cols, rows, replay = "" } = data;
    for (const { taken } of this.#items.splice(0)) taken();
    this.#push({ type: "snapshot", bytes: encode(replay), cols, rows, message: { data } });
    this.note.value = data.exact ? "" : NOT_EXACT;
    this.isEmpty.value = false;
    this.printed.value = printed;
  }

  /** Adds what was printed. Resolves once the terminal has read it. */
  output(text: string, offset: number, printed: number): Promise<void> {
    this.printed.value = printed;
    return new Promise((taken) => this.#push({ type: "output", bytes: encode(text), offset }, taken));
  }

  resize(cols: number, rows: number): void {
    this.#push({ type: "resized", cols, rows });
  }

  /** There is nothing to show, and this is why. */
  fail(why: string): void {
    this.note.value = why;
    this.isEmpty.value = true;
    this.printed.value = undefined;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SourceItem> {
    while (this.isOpen) {
      const next = this.#items.shift();
      if (next) {
        try {
          yield next.item;
        } finally {
          next.taken();
        }
      } else {
        await new Promise<void>((wake) => {
          this.#wake = wake;
        });
      }
    }
  }

  #push(item: SourceItem, taken: () => void = () => undefined): void {
    if (!this.isOpen) return taken();
    this.#items.push({ item, taken });
    this.#wake();
  }
}

const NOT_EXACT = "Some of it is not kept: it may have looked otherwise.";

import { signal } from "vendor";
import { type Direction, matcher } from "./filter.ts";
import { masked } from "./secrets.ts";

/** Something that was said or happened. */
export interface Entry {
  readonly id: number;
  readonly at: Date;
  readonly kind: "sent" | "received" | "note" | "problem";
  /** The type or action of a message. */
  readonly type: string;
  /** The message as it was, without secrets; or what happened, in words. */
  readonly text: string;
  /** What to do about a problem. */
  readonly remedy?: string;
}

const MOST_ENTRIES = 5_000;
const MOST_TEXT = 16 << 20;
/** So often what came is shown. */
const PACE = 100;

/** All that was said, as far back as it is kept, and what of it is looked at. Its signals change at a pace that can be drawn. */
export class Log {
  /** Counts changes of what is to be drawn. */
  readonly version = signal(0);
  readonly paused = signal(false);
  readonly filter = signal("");
  readonly direction = signal<Direction>("both");
  entries: Entry[] = [];
  /** Those that pass the filter, without those that came since it was paused. */
  visible: Entry[] = [];
  /** How many there were that are not kept. */
  dropped = 0;
  #text = 0;
  #lastId = 0;
  #passes = matcher("", "both");
  #timer: ReturnType<typeof setTimeout> | undefined;
  #waiting: Entry[] = [];

  add(kind: Entry["kind"], type: string, text: string, remedy?: string): Entry {
    this.#lastId += 1;
    const entry: Entry = {
      id: this.#lastId,
      at: new Date(),
      kind,
      type,
      text: masked(text),
      ...(remedy === undefined ? {} : { remedy: remedy.replaceAll("`", "") }),
    };
    this.entries.push(entry);
    this.#text += entry.text.length;
    if (this.paused.value) this.#waiting.push(entry);
    else if (this.#passes(entry)) this.visible.push(entry);
    if (this.entries.length > MOST_ENTRIES || this.#text > MOST_TEXT) this.#drop();
    this.#changed();
    return entry;
  }

  /** How many came since it was paused. */
  get waiting(): number {
    return this.#waiting.length;
  }

  look(filter: string, direction: Direction): void {
    this.filter.value = filter;
    this.direction.value = direction;
    this.#passes = matcher(filter, direction);
    const waiting = new Set(this.#waiting);
    this.visible = this.entries.filter((entry) => !waiting.has(entry) && this.#passes(entry));
    this.version.value += 1;
  }

  pause(paused: boolean): void {
    this.paused.value = paused;
    if (paused) return;
    this.visible.push(...this.#waiting.filter(this.#passes));
    this.#waiting = [];
    this.version.value += 1;
  }

  clear(): void {
    this.entries = [];
    this.visible = [];
    this.#waiting = [];
    this.dropped = 0;
    this.#text = 0;
    this.version.value += 1;
  }

  /** A tenth goes at once, so that this is seldom. */
  #drop(): void {
    let count = 0;
    while (count < this.entries.length - 1 && (count < MOST_ENTRIES / 10 || this.#text > MOST_TEXT * 0.9)) {
      this.#text -= this.entries[count]?.text.length ?? 0;
      count += 1;
    }
    const first = this.entries[count]?.id ?? 0;
    this.entries.splice(0, count);
    this.visible = this.visible.filter(({ id }) => id >= first);
    this.#waiting = this.#waiting.filter(({ id }) => id >= first);
    this.dropped += count;
  }

  #changed(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.version.value += 1;
    }, PACE);
  }
}

/** Entries as lines of JSON, to be kept or sent to somebody. */
export function asLines(entries: ReadonlyArray<Entry>): string {
  const line = ({ at, kind, text, type }: Entry) => {
    const isMessage = kind === "sent" || kind === "received";
    return JSON.stringify({ at: at.toISOString(), [kind]: isMessage ? parsed(text) : `${type}: ${text}` });
  };
  return entries.map((entry) => `${line(entry)}\n`).join("");
}

/** What a text is as JSON, or else the text. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

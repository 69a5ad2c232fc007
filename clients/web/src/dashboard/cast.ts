import type { ReplayItem } from "muxwire";

export const FORMS = {
  "cast-v2": "asciicast v2, for asciinema 2 and all players",
  "cast-v3": "asciicast v3, for asciinema 3",
  text: "text, as it stood at the end",
} as const;
export type Form = keyof typeof FORMS;

/** Players make pauses that are longer this long, in seconds. */
const IDLE = 2;
const MISSING = "some output is not kept";

/** What a replay brings, as lines of an asciicast. */
export class CastWriter {
  readonly #version: 2 | 3;
  readonly #title: string;
  /** When the recording begins, once it has; and when the last line of it was. */
  #began: number | undefined;
  #last = 0;

  constructor(version: 2 | 3, title: string) {
    this.#version = version;
    this.#title = title;
  }

  /** `from` is when the replay begins: the screen may have stood since long before. */
  lines(item: ReplayItem, from: number): string {
    switch (item.type) {
      case "replay.snapshot": {
        const { cols, rows, replay = "" } = item.data;
        this.#began = from;
        this.#last = from;
        return `${this.#head(cols, rows, from)}${this.#line(from, "o", replay)}`;
      }
      case "replay.output": {
        const at = Date.parse(item.timestamp);
        return item.missing ? this.#line(at, "m", MISSING) : this.#line(at, "o", item.content);
      }
      case "replay.resized":
        return this.#line(Date.parse(item.timestamp), "r", `${item.cols}x${item.rows}`);
      default:
        return "";
    }
  }

  #head(cols: number, rows: number, from: number): string {
    const timestamp = Math.floor(from / 1000);
    const about = { timestamp, idle_time_limit: IDLE, title: this.#title };
    const head =
      this.#version === 2
        ? { version: 2, width: cols, height: rows, ...about }
        : { version: 3, term: { cols, rows, type: "xterm-256color" }, ...about };
    return `${JSON.stringify(head)}\n`;
  }

  #line(at: number, code: string, data: string): string {
    if (this.#began === undefined) return "";
    // Times never go back, whatever a clock did.
    const now = Math.max(at, this.#last);
    // Version 2 counts from the beginning, 3 from the line before.
    const time = (now - (this.#version === 2 ? this.#began : this.#last)) / 1000;
    this.#last = now;
    return `${JSON.stringify([time, code, data])}\n`;
  }
}

/** A name for a file, of what may be in any. */
export function fileName(place: string, at: number, form: Form): string {
  const name =
    place
      .replace(/[^\p{L}\p{N}.-]+/gu, "-")
      .replace(/^[-.]+|-+$/g, "")
      .slice(0, 60) || "pane";
  const time = new Date(at).toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
  return `${name}-${time}.${form === "text" ? "txt" : "cast"}`;
}

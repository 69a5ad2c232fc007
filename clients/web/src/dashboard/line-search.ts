import { type Client, MuxwireError, type SearchHit } from "muxwire";
import { signal } from "vendor";
import { errorText } from "./live.ts";
import { readTime } from "./moment.ts";
import { pastProblem } from "./past.ts";

/** What is searched for in what panes printed, as it is written in the form. */
export interface Wanted {
  readonly text: string;
  readonly kind: "words" | "regex";
  readonly session: string;
  readonly pane: string;
  readonly from: string;
  readonly to: string;
  readonly severity: "info" | "warning" | "error";
}

export const NOTHING: Wanted = { text: "", kind: "words", session: "", pane: "", from: "", to: "", severity: "info" };

/** So many hits come with a page, and so many are kept at most. */
const PAGE = 100;
const MOST = 1000;

type Fields = Parameters<Client["search"]>[0];

/** The question; or what is wrong with what was written. */
export function questionOf(wanted: Wanted, now: number): Fields | string {
  const { text, kind, severity } = wanted;
  if (text.trim() === "") return "Write what to search for.";
  const fields: Fields = { limit: PAGE };
  if (kind === "regex") fields.regex = text;
  else fields.words = text;
  if (severity !== "info") fields.severity = severity;
  const sessions = listed(wanted.session);
  if (sessions.length > 0) fields.sessions = sessions;
  const panes = listed(wanted.pane);
  if (panes.some((pane) => !/^%\d+$/.test(pane))) return "Panes are named by their ids, such as %7.";
  if (panes.length > 0) fields.panes = panes;
  for (const end of ["from", "to"] as const) {
    const said = wanted[end].trim();
    if (said === "") continue;
    const at = readTime(said, now);
    if (at === undefined)
      return `“${said}” is no time. Write 03:12, 2026-11-30 03:12 or 8h, which is 8 hours before now.`;
    fields[end] = new Date(at).toISOString();
  }
  return fields;
}

function listed(text: string): string[] {
  return text
    .split(",")
    .map((one) => one.trim())
    .filter(Boolean);
}

/** Lines that panes printed, as they are found. It stays while other views show. */
export class LineSearch {
  readonly wanted = signal<Wanted>(NOTHING);
  readonly hits = signal<readonly SearchHit[]>([]);
  readonly isAsking = signal(false);
  /** What was searched for; nothing before the first time. */
  readonly asked = signal<Fields | undefined>(undefined);
  /** There are more. */
  readonly next = signal<string | undefined>(undefined);
  readonly problem = signal("");
  readonly note = signal("");
  readonly #client: Client;
  readonly #now: () => number;
  #question: AbortController | undefined;

  constructor(client: Client, now: () => number) {
    this.#client = client;
    this.#now = now;
  }

  change(change: Partial<Wanted>): void {
    this.wanted.value = { ...this.wanted.peek(), ...change };
  }

  async ask(): Promise<void> {
    this.cancel();
    const fields = questionOf(this.wanted.peek(), this.#now());
    this.problem.value = typeof fields === "string" ? fields : "";
    if (typeof fields === "string") return;
    this.hits.value = [];
    this.next.value = undefined;
    this.asked.value = fields;
    await this.#page(fields);
  }

  async more(): Promise<void> {
    const [fields, before] = [this.asked.peek(), this.next.peek()];
    if (fields && before !== undefined && !this.isAsking.peek()) await this.#page({ ...fields, before });
  }

  /** Nobody waits for the answer any more: the server ends the question. */
  cancel(): void {
    this.#question?.abort();
  }

  async #page(fields: Fields): Promise<void> {
    const question = new AbortController();
    this.#question = question;
    this.isAsking.value = true;
    this.problem.value = "";
    this.note.value = "";
    try {
      const page = await this.#client.search(fields, { signal: question.signal });
      const hits = [...this.hits.peek(), ...page.hits];
      this.hits.value = hits.slice(0, MOST);
      const isFull = hits.length >= MOST;
      this.next.value = isFull ? undefined : page.next;
      if (page.out_of_time) this.note.value = "The time for one question was over: older lines were not looked at yet.";
      else if (isFull && page.next !== undefined)
        this.note.value = `No more than ${MOST} lines are shown. Search for less.`;
    } catch (error) {
      if (this.#question !== question) return;
      if (error instanceof MuxwireError && error.code === "CANCELLED") this.note.value = "The search was cancelled.";
      else if (error instanceof MuxwireError && error.code === "INVALID_MESSAGE") this.problem.value = errorText(error);
      else this.problem.value = searchProblem(error);
    } finally {
      if (this.#question === question) {
        this.#question = undefined;
        this.isAsking.value = false;
      }
    }
  }
}

function searchProblem(error: unknown): string {
  if (error instanceof MuxwireError && error.code === "HISTORY_TIMEOUT") {
    return "The search takes longer than it may. Search a shorter time or fewer panes, or for words.";
  }
  return pastProblem(error);
}

import { effect, type ReadonlySignal, signal } from "vendor";

const KEY = "muxwire.visit";
/** Who was away for so long has left, and comes back. */
export const AWAY = 600_000;
/** It is written down so often that somebody looks. */
const MARK = 30_000;

interface Visit {
  readonly host: string;
  /** When the visit before this one ended; none at the first one. */
  readonly since?: number;
  /** When the page was looked at last. */
  readonly last: number;
  /** What happened since then was looked at, or is not wanted. */
  readonly told?: boolean;
}

/** The visit that goes on, or begins now. */
export function visitAt(known: Visit | undefined, host: string, now: number): Visit {
  if (known?.host !== host) return { host, last: now };
  if (now - known.last > AWAY) return { host, since: known.last, last: now };
  return { ...known, last: Math.max(known.last, now) };
}

/** When this browser looked at this server before: what happened since is news. */
export class LastVisit {
  /** In milliseconds of the server's clock. */
  readonly since = signal<number | undefined>(undefined);
  /** What happened since then was not looked at in this visit. */
  readonly isNews = signal(false);
  readonly #host: ReadonlySignal<string>;
  readonly #now: () => number;
  readonly #ends: (() => void)[] = [];

  /** `host` is the server's name, once it is known. */
  constructor(host: ReadonlySignal<string>, now: () => number) {
    this.#host = host;
    this.#now = now;
    const mark = () => this.#mark();
    const timer = setInterval(mark, MARK);
    document.addEventListener("visibilitychange", mark);
    this.#ends.push(
      () => clearInterval(timer),
      () => document.removeEventListener("visibilitychange", mark),
      effect(mark),
    );
  }

  close(): void {
    for (const end of this.#ends) end();
  }

  /** What happened since is known now, or nobody wants to. */
  told(): void {
    const visit = read();
    this.isNews.value = false;
    if (visit) write({ ...visit, told: true });
  }

  #mark(): void {
    const host = this.#host.value;
    if (!host || document.visibilityState !== "visible") return;
    const visit = visitAt(read(), host, this.#now());
    this.since.value = visit.since;
    this.isNews.value = visit.since !== undefined && visit.told !== true;
    write(visit);
  }
}

function read(): Visit | undefined {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "null") as Partial<Visit> | null;
    const { host, since, last, told } = kept ?? {};
    const isTime = (time: unknown): time is number => typeof time === "number" && Number.isFinite(time);
    if (typeof host !== "string" || !isTime(last)) return undefined;
    return { host, last, ...(isTime(since) ? { since } : {}), ...(told === true ? { told } : {}) };
  } catch {
    // Nothing is kept, or what is kept is of another version, or this browser keeps nothing.
    return undefined;
  }
}

function write(visit: Visit): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(visit));
  } catch {
    // This browser keeps nothing: each visit is the first.
  }
}

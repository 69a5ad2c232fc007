import { calls, type Item } from "./items.ts";
import type { Standing } from "./live.ts";
import { plain, reasonText } from "./words.ts";

/** What somebody can be told of. */
export const KINDS = ["waiting", "failed", "finished", "alerts"] as const;
export type NoticeKind = (typeof KINDS)[number];

/** A part of the day, as `22:00` to `07:00`. */
export interface Quiet {
  readonly from: string;
  readonly to: string;
}

/** What the person wants to be told of on this device. */
export interface NoticeSettings {
  readonly on: boolean;
  readonly kinds: readonly NoticeKind[];
  /** Seconds that a state has to last. */
  readonly dwell: number;
  readonly quiet: Quiet | undefined;
  /** What agents say may be shown too. */
  readonly content: boolean;
}

export const USUAL: NoticeSettings = {
  on: false,
  kinds: KINDS,
  dwell: 10,
  quiet: undefined,
  content: false,
};

/** The longest dwell, in seconds. */
export const LONGEST = 3600;

/** A state that somebody could be told of. */
export interface Subject {
  /** Names the pane and the state: a notification takes the place of one with the same tag. */
  readonly tag: string;
  /** Names this very state, which begins once. */
  readonly state: string;
  readonly kind: NoticeKind;
  readonly pane: string | undefined;
  /** Since when, in milliseconds of the server's clock. */
  readonly since: number | undefined;
  readonly title: string;
  readonly body: string;
  /** What an agent says. */
  readonly content: string;
}

const KIND_OF = { waiting: "waiting", error: "failed", finished: "finished" } as const;

/** What there is to tell of now. */
export function subjectsOf(items: readonly Item[], alerts: Iterable<Standing>): Subject[] {
  const found: Subject[] = [];
  for (const item of items) {
    const { pane, need, place, agent, since } = item;
    if (!calls(item) || !(need in KIND_OF)) continue;
    const kind = KIND_OF[need as keyof typeof KIND_OF];
    // Of an agent that asks one thing after the other, each is a state of its own.
    const asked = agent?.dialog?.fingerprint ?? "";
    found.push({
      tag: `${pane} ${kind}`,
      // As the server names it too, which may be quicker to push it.
      state: `${pane} ${kind} ${since ?? ""} ${asked}`,
      kind,
      pane,
      since,
      title: plain(place),
      body: plain(`${agent?.agent_type ?? "agent"}: ${reasonText(withoutWords(item))}`),
      content: wordsOf(agent),
    });
  }
  for (const { alert, pane } of alerts) {
    const since = Date.parse(alert.since);
    const place = items.find((item) => item.pane === pane)?.place;
    found.push({
      tag: `alert ${alert.key}`,
      state: `alert ${alert.id}`,
      kind: "alerts",
      pane,
      since: Number.isNaN(since) ? undefined : since,
      title: plain(place ? `${alert.severity}: ${place}` : alert.severity),
      body: plain(alert.title),
      content: plain(alert.message ?? ""),
    });
  }
  return found;
}

/** What the agent says in words of its own: what it asks for, the choices, until when it is limited. */
function wordsOf(agent: Item["agent"]): string {
  const parts = [agent?.message, agent?.dialog?.options?.join(" / "), agent?.resets_at];
  return parts
    .map((part) => plain(part ?? ""))
    .filter(Boolean)
    .join("\n");
}

/** The same without these. */
function withoutWords(item: Item): Item {
  if (!item.agent) return item;
  const { resets_at: _, ...agent } = item.agent;
  return { ...item, agent };
}

/** What the text of a notification says. */
export function bodyOf({ body, content }: Subject, settings: NoticeSettings): string {
  const all = settings.content && content ? `${body}\n${content}` : body;
  return all.length > 300 ? `${all.slice(0, 299)}…` : all;
}

/** What is known when it is decided what to tell. */
export interface Moment {
  /** Milliseconds of this browser's clock, and what the server's is ahead of it. */
  readonly now: number;
  readonly ahead: number;
  /** The minute of the day here, with its fraction. */
  readonly minute: number;
  /** Somebody looks at the dashboard, in this tab or another. */
  readonly looked: boolean;
  /** Whether another page, or this one before it was loaded anew, has told of a state. */
  told(state: string): boolean;
}

export interface Step {
  readonly show: readonly Subject[];
  /** Tags of what is over, or was seen. */
  readonly close: readonly string[];
  /** States that need not be told of any more. */
  readonly told: readonly string[];
  /** In so many milliseconds something else may be due. */
  readonly next: number | undefined;
}

interface Known {
  readonly state: string;
  readonly began: number;
  told: boolean;
  shown: boolean;
}

/** Decides what is told: each state once, when it has lasted for a while and nobody looks, and outside of quiet hours. */
export class Notices {
  readonly #known = new Map<string, Known>();

  step(subjects: readonly Subject[], settings: NoticeSettings, moment: Moment): Step {
    const wanted = settings.on ? subjects.filter(({ kind }) => settings.kinds.includes(kind)) : [];
    const close = this.#forget(new Set(wanted.map(({ tag }) => tag)));
    const show: Subject[] = [];
    const told: string[] = [];
    const waits: number[] = [];
    for (const subject of wanted) {
      const known = this.#of(subject, moment);
      if (known.told) continue;
      const wait = known.began + settings.dwell * 1000 - moment.now;
      const quiet = quietLeft(settings.quiet, moment.minute);
      if (wait > 0) {
        waits.push(wait);
      } else if (moment.looked || moment.told(subject.state)) {
        known.told = true;
        // It may show, and goes when it is over: what shows nowhere can be closed too.
        known.shown = true;
        told.push(subject.state);
      } else if (quiet > 0) {
        // What still stands when they end is told then.
        waits.push(quiet * 60_000);
      } else {
        known.told = true;
        known.shown = true;
        told.push(subject.state);
        show.push(subject);
      }
    }
    return { show, close, told, next: waits.length > 0 ? Math.min(...waits) : undefined };
  }

  #of({ tag, state, since }: Subject, { now, ahead }: Moment): Known {
    const before = this.#known.get(tag);
    if (before?.state === state) return before;
    const began = since === undefined ? now : Math.min(now, since - ahead);
    const known = { state, began, told: false, shown: before?.shown ?? false };
    this.#known.set(tag, known);
    return known;
  }

  #forget(tags: ReadonlySet<string>): string[] {
    const close: string[] = [];
    for (const [tag, { shown }] of this.#known) {
      if (tags.has(tag)) continue;
      this.#known.delete(tag);
      if (shown) close.push(tag);
    }
    return close;
  }
}

/** The minute of the day that a time such as `07:30` is. */
export function minuteOf(time: string): number | undefined {
  const [, hours, minutes] = /^(\d\d):(\d\d)$/.exec(time) ?? [];
  const minute = Number(hours) * 60 + Number(minutes);
  return minute < 24 * 60 && Number(minutes) < 60 ? minute : undefined;
}

/** How many minutes are left of the quiet hours; none while they are not. They may go over midnight. */
export function quietLeft(quiet: Quiet | undefined, minute: number): number {
  const from = quiet && minuteOf(quiet.from);
  const to = quiet && minuteOf(quiet.to);
  if (from === undefined || to === undefined || from === to) return 0;
  const day = 24 * 60;
  const length = (to - from + day) % day;
  const gone = (minute - from + day) % day;
  return gone < length ? length - gone : 0;
}

/** Settings as they were kept; whatever is not understood is as usual. */
export function settingsOf(kept: unknown): NoticeSettings {
  const { on, kinds, dwell, quiet, content } = fieldsOf(kept);
  const { from, to } = fieldsOf(quiet);
  const isQuiet = typeof from === "string" && typeof to === "string" && minuteOf(from) !== undefined;
  return {
    on: on === true,
    kinds: Array.isArray(kinds) ? KINDS.filter((kind) => kinds.includes(kind)) : USUAL.kinds,
    dwell: typeof dwell === "number" && dwell >= 0 && dwell <= LONGEST ? Math.round(dwell) : USUAL.dwell,
    quiet: isQuiet && minuteOf(to) !== undefined ? { from, to } : undefined,
    content: content === true,
  };
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

import type { Agent, PaneState, SessionState, WindowState } from "muxwire";

/** What a pane asks of the person who looks, the most urgent first. */
export const NEEDS = ["waiting", "error", "finished", "busy", "idle", "none"] as const;
export type Need = (typeof NEEDS)[number];

/** A pane, with all that lists and tiles say of it. */
export interface Item {
  readonly pane: string;
  readonly need: Need;
  readonly agent: Agent | undefined;
  /** The session in which it is shown, and those in which its window stands besides. */
  readonly session: string;
  readonly others: readonly string[];
  readonly sessionId: string;
  readonly windowId: string;
  readonly window: number;
  readonly windowName: string;
  readonly index: number;
  /** As the command line names it: `api:2.1`. */
  readonly place: string;
  readonly title: string;
  readonly command: string;
  readonly path: string;
  readonly width: number;
  readonly height: number;
  readonly mode: string | null;
  /** It is not running any more. */
  readonly exit: { status: number | null; signal: number | null } | null;
  /** Since when it is as it is, in milliseconds of the server's clock. */
  readonly since: number | undefined;
  readonly rings: boolean;
}

/** What items are made of: a state of the library, or what is like one. */
export interface Source {
  readonly sessions: ReadonlyMap<string, SessionState>;
  readonly windows: ReadonlyMap<string, WindowState>;
  readonly panes: ReadonlyMap<string, PaneState>;
}

/** What an agent asks of the person. One that has done nothing yet counts as seen, by the server. */
export function needOf(agent: Agent | undefined): Need {
  if (!agent) return "none";
  switch (agent.status) {
    case "waiting":
    case "error":
    case "busy":
      return agent.status;
    case "ready":
      return agent.seen === true ? "idle" : "finished";
    default:
      return "idle";
  }
}

/** Whether somebody should look: it waits, or it failed or finished and nobody has looked. */
export function calls({ need, agent }: Item): boolean {
  return need === "waiting" || need === "finished" || (need === "error" && agent?.seen !== true);
}

/** All panes, those first that need somebody. */
export function itemsOf(source: Source): Item[] {
  const places = placesOf(source);
  const items: Item[] = [];
  for (const pane of source.panes.values()) {
    const window = source.windows.get(pane.window);
    const [first, ...rest] = places.get(pane.window) ?? [];
    if (!window || !first) continue;
    const { session, index } = first;
    const since = pane.agent ? Date.parse(pane.agent.since) : Number.NaN;
    items.push({
      pane: pane.id,
      need: needOf(pane.agent),
      agent: pane.agent,
      session: session.name,
      others: [...new Set(rest.map((other) => other.session.name))].filter((name) => name !== session.name),
      sessionId: session.id,
      windowId: window.id,
      window: index,
      windowName: window.name,
      index: pane.index,
      place: `${session.name}:${index}.${pane.index}`,
      title: pane.title,
      command: pane.command,
      path: pane.path,
      width: pane.width,
      height: pane.height,
      mode: pane.mode,
      exit: pane.exit,
      since: Number.isNaN(since) ? undefined : since,
      rings: session.alerts[window.id]?.includes("bell") ?? false,
    });
  }
  return items.sort(byNeed);
}

/** The item of before if this one is the same in all that is shown. */
export function sameOr(before: Item | undefined, now: Item): Item {
  const isSame = (name: keyof Item) =>
    name === "others" ? before?.others.join() === now.others.join() : before?.[name] === now[name];
  return before && (Object.keys(now) as (keyof Item)[]).every(isSame) ? before : now;
}

/** Where windows stand: the session that was made first comes first. */
function placesOf({ sessions }: Source): Map<string, { session: SessionState; index: number }[]> {
  const places = new Map<string, { session: SessionState; index: number }[]>();
  for (const session of [...sessions.values()].sort((one, other) => numberOf(one.id) - numberOf(other.id))) {
    for (const [index, id] of Object.entries(session.windows)) {
      const known = places.get(id) ?? [];
      places.set(id, [...known, { session, index: Number(index) }]);
    }
  }
  return places;
}

/** tmux counts its ids: `%12` is behind `%7`. */
export function numberOf(id: string): number {
  return Number(id.slice(1));
}

/** By what is needed, then what has waited longest; then by place, as tmux has them. */
export function byNeed(one: Item, other: Item): number {
  const urgency = (item: Item) => NEEDS.indexOf(item.need) * 2 + (item.need === "error" && !calls(item) ? 1 : 0);
  const age = (item: Item) => item.since ?? Number.POSITIVE_INFINITY;
  return urgency(one) - urgency(other) || compare(age(one), age(other)) || byPlace(one, other);
}

export function byPlace(one: Item, other: Item): number {
  return (
    compare(one.session, other.session) ||
    compare(one.sessionId, other.sessionId) ||
    one.window - other.window ||
    one.index - other.index ||
    numberOf(one.pane) - numberOf(other.pane)
  );
}

function compare<T extends string | number>(one: T, other: T): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/**
 * The order in which rows are shown. As long as it is `held`, since somebody points at them, rows stay where they are:
 * what is gone keeps its place, and what is new comes behind all others.
 */
export function orderOf(shown: readonly string[], wanted: readonly string[], held: boolean): readonly string[] {
  if (!held || shown.length === 0) return wanted;
  const known = new Set(shown);
  return [...shown, ...wanted.filter((pane) => !known.has(pane))];
}

/** The next one that calls, behind the one that is chosen; from the last one it goes on with the first. */
export function nextCalling(items: readonly Item[], chosen: string | undefined, back = false): Item | undefined {
  const all = back ? [...items].reverse() : items;
  const at = all.findIndex(({ pane }) => pane === chosen);
  const behind = [...all.slice(at + 1), ...all.slice(0, at + 1)];
  return behind.find((item) => calls(item) && item.pane !== chosen) ?? behind.find(calls);
}

/** How many of each need there are, and how many call. */
export function countsOf(items: readonly Item[]): Record<Need, number> & { calls: number } {
  const counts = { waiting: 0, error: 0, finished: 0, busy: 0, idle: 0, none: 0, calls: 0 };
  for (const item of items) {
    counts[item.need] += 1;
    if (calls(item)) counts.calls += 1;
  }
  return counts;
}

/** The title of the page: how many call stands first, where a narrow tab still shows it. */
export function pageTitle(calling: number, host: string): string {
  const name = host ? `muxwire - ${host}` : "muxwire";
  return calling > 0 ? `(${calling}) ${name}` : name;
}

/** What the grid and the lists are narrowed to. */
export interface Filter {
  readonly session: string | undefined;
  readonly need: Need | "agents" | "calls" | undefined;
  readonly text: string;
}

export const ALL: Filter = { session: undefined, need: undefined, text: "" };

export function passes(item: Item, { session, need, text }: Filter, shows: readonly string[] = []): boolean {
  if (session !== undefined && item.session !== session && !item.others.includes(session)) return false;
  if (need === "agents" ? !item.agent : need === "calls" ? !calls(item) : need !== undefined && item.need !== need) {
    return false;
  }
  return matches(item, text, shows) !== undefined;
}

/** Where all words are found: in what it is called, or in what it shows; `undefined` if they are not. */
export function matches(item: Item, text: string, shows: readonly string[] = []): "name" | string | undefined {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return "name";
  const name = nameText(item);
  if (words.every((word) => name.includes(word))) return "name";
  const line = shows.findLast((one) => words.every((word) => one.toLowerCase().includes(word)));
  if (line !== undefined) return line.trim();
  const rest = words.filter((word) => !name.includes(word));
  return rest.length < words.length
    ? shows.findLast((one) => rest.every((word) => one.toLowerCase().includes(word)))?.trim()
    : undefined;
}

function nameText({ agent, ...item }: Item): string {
  const { place, pane, windowName, title, command, path, others } = item;
  return [place, pane, windowName, title, command, path, ...others, agent?.agent_type, agent?.model, agent?.reason]
    .filter((part) => part !== undefined)
    .join(" ")
    .toLowerCase();
}

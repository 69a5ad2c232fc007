/** Panes that are open, one or several side by side. */
export interface Tab {
  readonly panes: readonly string[];
  /** Somebody has worked in it. Otherwise the next pane that is opened takes its place. */
  readonly kept: boolean;
}

/** So many are kept at most; those that were opened first go. */
const MOST = 40;

/** With these panes in a tab, and in no other one. */
export function withPanes(tabs: readonly Tab[], panes: readonly string[], kept = false): readonly Tab[] {
  const at = tabs.findIndex((tab) => tab.panes.some((pane) => panes.includes(pane)));
  const known = tabs[at];
  if (known && known.panes.join() === panes.join() && (known.kept || !kept)) return tabs;
  const isKept = kept || known?.kept === true || panes.length > 1;
  const passing = tabs.findIndex((tab) => !tab.kept);
  const made = { panes, kept: isKept };
  if (!known && passing >= 0 && !isKept) return tabs.with(passing, made);
  const place = known ? at : tabs.length;
  // What shared a tab with one of them stays in its own.
  const rest = (some: readonly Tab[]) => withoutPanes(some, (pane) => panes.includes(pane));
  return [...rest(tabs.slice(0, place)), made, ...rest(tabs.slice(place))].slice(-MOST);
}

/** With the tab of this pane kept. */
export function keeping(tabs: readonly Tab[], pane: string): readonly Tab[] {
  const tab = tabOf(tabs, pane);
  return tab && !tab.kept ? tabs.map((one) => (one === tab ? { ...one, kept: true } : one)) : tabs;
}

/** Without panes that are closed or gone, and without tabs that have no other. */
export function withoutPanes(tabs: readonly Tab[], isGone: (pane: string) => boolean): readonly Tab[] {
  if (!tabs.some(({ panes }) => panes.some(isGone))) return tabs;
  return tabs
    .map((tab) => ({ ...tab, panes: tab.panes.filter((pane) => !isGone(pane)) }))
    .filter(({ panes }) => panes.length > 0);
}

export function tabOf(tabs: readonly Tab[], pane: string | undefined): Tab | undefined {
  return tabs.find(({ panes }) => pane !== undefined && panes.includes(pane));
}

/** The tab beside that of this pane, round in a circle; from none of them, the first or the last. */
export function tabBeside(tabs: readonly Tab[], pane: string | undefined, by: 1 | -1): Tab | undefined {
  const tab = tabOf(tabs, pane);
  if (!tab) return tabs.at(by > 0 ? 0 : -1);
  return tabs[(tabs.indexOf(tab) + by + tabs.length) % tabs.length];
}

const KEY = "muxwire.tabs";

/** The tabs that this window had, if they are of this tmux server: another one gives the same ids to other panes. */
export function readTabs(server: string): readonly Tab[] {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "null") as { server?: unknown; tabs?: unknown } | null;
    if (kept?.server !== server || !Array.isArray(kept.tabs)) return [];
    return kept.tabs.filter(isTab).slice(-MOST);
  } catch {
    // Nothing is kept, or what is kept is of another version, or this browser keeps nothing.
    return [];
  }
}

export function writeTabs(server: string, tabs: readonly Tab[]): void {
  try {
    if (tabs.length === 0) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, JSON.stringify({ server, tabs }));
  } catch {
    // This browser keeps nothing: the tabs hold until the page is left.
  }
}

function isTab(kept: unknown): kept is Tab {
  const { panes, kept: isKept } = (kept ?? {}) as Partial<Record<keyof Tab, unknown>>;
  const isPane = (pane: unknown) => typeof pane === "string" && /^%\d+$/.test(pane);
  return typeof isKept === "boolean" && Array.isArray(panes) && panes.length > 0 && panes.every(isPane);
}

import { Client } from "muxwire";
import { computed, effect, type ReadonlySignal, type Signal, signal, untracked } from "vendor";
import type { Door, Who } from "./access.ts";
import { Download } from "./download.ts";
import { Glances } from "./glances.ts";
import { ALL, calls, countsOf, type Filter, type Item, nextCalling, orderOf, passes } from "./items.ts";
import { LastVisit } from "./last-visit.ts";
import { LineSearch } from "./line-search.ts";
import { errorText, type Live } from "./live.ts";
import { isSame, type Moment } from "./moment.ts";
import { Past } from "./past.ts";
import { monitorUrl } from "./place.ts";
import { hasPast, PHONE, type Place, placeOf, textOf, type View } from "./route.ts";
import type { Settings } from "./settings.ts";
import { keeping, readTabs, type Tab, tabBeside, tabOf, withoutPanes, withPanes, writeTabs } from "./tabs.ts";

/** What became of something that was asked for in a pane. */
export interface Receipt {
  readonly state: "pending" | "done" | "failed";
  readonly text: string;
  /** When, by this browser's clock. */
  readonly at: number;
}

/** What opens above the page. */
export type Sheet =
  | "palette"
  | "search"
  | "help"
  | "composer"
  | "connection"
  | "notifications"
  | "download"
  | undefined;

/** For so long nothing is answered after a dialog came or rows moved: it would be another one than was aimed at. */
const SETTLES = 400;
/** How long somebody has to look at an agent before it counts as seen. */
const LOOK = 1000;
/** A moment that has stood for so long is in the address. */
const STANDS = 300;

/** What the person looks at and does. */
export class Board {
  readonly live: Live;
  readonly door: Door;
  readonly settings: Settings;
  readonly glances: Glances;
  readonly past: Past;
  readonly lines: LineSearch;
  readonly visit: LastVisit;
  readonly download: Download;
  /** The pane of which a file is to be made. */
  readonly downloads = signal<string | undefined>(undefined);
  readonly who: ReadonlySignal<Who | undefined>;
  readonly place = signal<Place>({ kind: "view", view: "panes" });
  readonly tabs = signal<readonly Tab[]>([]);
  /** Panes whose size this page has taken. */
  readonly sized = signal<ReadonlySet<string>>(new Set());
  /** A terminal that comes into view gets the keys. */
  takesKeys = true;
  readonly filter = signal<Filter>(ALL);
  readonly sheet = signal<Sheet>(undefined);
  /** The pane that keys are for while no terminal has them. */
  readonly chosen = signal<string | undefined>(undefined);
  /** A terminal has the keys: that of this pane. */
  readonly typingInto = signal<string | undefined>(undefined);
  /** Somebody points at the rows: they stay where they are. */
  readonly held = signal(false);
  /** Rows as they are shown, those with room for answers among them. */
  readonly shown = signal<{ readonly order: readonly string[]; readonly tall: ReadonlySet<string> }>({
    order: [],
    tall: new Set(),
  });
  /** The dialogs that have shown for a moment, by pane. */
  readonly settled = signal<ReadonlyMap<string, string>>(new Map());
  /** Rows have stood where they are for a moment. */
  readonly stands = signal(true);
  /** Items that have gone while rows were held. */
  readonly gone = new Map<string, Item>();
  readonly receipts = signal<ReadonlyMap<string, Receipt>>(new Map());
  /** Panes to which the composer sends. */
  readonly addressed = signal<ReadonlySet<string>>(new Set());
  /** What was written and not sent, by pane; without one, for several agents. */
  readonly drafts = signal<ReadonlyMap<string, string>>(new Map());
  /** What is said to those who don't see the page. */
  readonly said = signal("");
  readonly counts = computed(() => countsOf(this.live.items.value));
  /** The items that pass the filter, in the order of the rows. */
  readonly filtered: ReadonlySignal<readonly Item[]>;
  readonly #ends: (() => void)[] = [];
  #terminals: Client | undefined;
  /** The view that was shown last. */
  #view: View | "attention" = "panes";
  /** The pane that was opened or worked in last. */
  readonly #recent = signal<string | undefined>(undefined);
  #written: readonly Tab[] | undefined;
  /** The tmux server that the tabs are of. */
  #server: string | undefined;

  constructor(live: Live, door: Door, settings: Settings) {
    this.settings = settings;
    this.live = live;
    this.door = door;
    this.glances = new Glances(live);
    const now = () => Date.now() + door.ahead.peek();
    this.past = new Past(now);
    this.lines = new LineSearch(live.client, now);
    this.visit = new LastVisit(live.host, now);
    this.download = new Download(() => this.past.client);
    this.who = computed(() => (door.access.value.kind === "in" ? door.access.value.who : undefined));
    this.filtered = computed(() => live.items.value.filter((item) => passes(item, this.filter.value)));
    const follow = () => {
      const isPhone = location.hash === "" && matchMedia(PHONE).matches;
      this.place.value = isPhone ? { kind: "view", view: "attention" } : placeOf(location.hash);
    };
    follow();
    addEventListener("hashchange", follow);
    this.#ends.push(
      () => removeEventListener("hashchange", follow),
      effect(() => this.#arrange()),
      effect(() => this.#onPlace()),
      effect(() => this.#onMoment()),
      effect(() => this.#onTabs()),
      effect(() => this.#announce()),
    );
  }

  close(): void {
    for (const end of this.#ends) end();
    clearTimeout(this.#moving);
    this.past.close();
    this.lines.cancel();
    this.download.cancel();
    this.visit.close();
    this.glances.stop();
    void this.#terminals?.close();
    this.live.close();
  }

  /** The connection of the terminals: tiles may have the same panes open. */
  get terminals(): Client {
    this.#terminals ??= new Client(monitorUrl());
    return this.#terminals;
  }

  get canWrite(): boolean {
    return this.who.value?.canWrite === true;
  }

  /** The panes that are worked in. */
  get opened(): readonly string[] {
    return this.place.value.kind === "panes" ? this.place.value.panes : [];
  }

  /** The pane among them that keys and commands are for. */
  get active(): string | undefined {
    const { opened } = this;
    const recent = this.#recent.value;
    return recent !== undefined && opened.includes(recent) ? recent : opened.at(-1);
  }

  /** The moment that shows goes along, unless the place has one or has none. */
  go(to: Place): void {
    const moment = this.past.moment.peek();
    const place = moment && hasPast(to) && !to.moment ? { ...to, moment: { at: moment.at } } : to;
    this.#show(place);
  }

  #show(place: Place): void {
    const hash = textOf(place);
    if (hash === location.hash) return;
    location.hash = hash;
    this.place.value = place;
  }

  /** Shows the panes as they were. */
  toPast(moment: Moment = { at: Math.floor(this.past.now()) }): void {
    const { value: place } = this.place;
    this.said.value = "You look at the past. Nothing is typed there.";
    this.#show({ ...(hasPast(place) ? place : { kind: "view", view: "panes" }), moment });
  }

  downloadOf(pane: string): void {
    this.downloads.value = pane;
    this.sheet.value = "download";
  }

  toLive(): void {
    const { moment: _, ...place } = this.place.value;
    // A key that is held or comes behind it is not typed into what is live.
    this.takesKeys = false;
    this.said.value = "You look at what is live. The dashboard has the keys.";
    this.#show(place);
  }

  /** To all panes, or whatever was looked at before one was opened. */
  back(): void {
    this.go({ kind: "view", view: this.#view });
  }

  /** Opens a pane in its tab: where it is open already, in a new one, or beside those that are open. */
  open(pane: string, beside = false): void {
    const { opened } = this;
    this.chosen.value = pane;
    this.#recent.value = pane;
    this.takesKeys = true;
    if (beside && opened.length > 0) {
      const others = opened.filter((other) => other !== pane);
      // More are too small to be read.
      return this.#work(opened.includes(pane) ? opened : [...others.slice(-3), pane]);
    }
    this.#work(tabOf(this.tabs.value, pane)?.panes ?? [pane]);
  }

  /** Opens a pane in a tab of its own, and stays where it is. */
  openBehind(pane: string): void {
    if (tabOf(this.tabs.value, pane)) return;
    this.tabs.value = withPanes(this.tabs.value, [pane], true);
    this.said.value = `${this.live.item(pane)?.place ?? pane} is open in a tab`;
  }

  /** The pane has the keys. */
  enters(pane: string): void {
    this.#recent.value = pane;
  }

  /** The pane was typed into: its tab stays. */
  typed(pane: string): void {
    this.tabs.value = keeping(this.tabs.peek(), pane);
  }

  showTab(tab: Tab): void {
    this.takesKeys = true;
    this.#work(tab.panes);
  }

  /** Shows these panes, and has one of them take the keys if they show already. */
  #work(panes: readonly string[]): void {
    if (panes.join() === this.opened.join()) document.dispatchEvent(new CustomEvent("muxwire-type"));
    else this.go({ kind: "panes", panes });
  }

  keepTab(tab: Tab): void {
    for (const pane of tab.panes) this.typed(pane);
  }

  /** To the tab beside the one that shows. The keys stay where they are. */
  step(by: 1 | -1): void {
    // From where no tab shows, back to the one that was left.
    const left = this.active === undefined ? tabOf(this.tabs.value, this.#recent.value) : undefined;
    const tab = left ?? tabBeside(this.tabs.value, this.active, by);
    if (!tab) return;
    this.takesKeys = this.typingInto.value !== undefined;
    this.go({ kind: "panes", panes: tab.panes });
  }

  shut(pane: string): void {
    const panes = this.opened.filter((other) => other !== pane);
    const tab = tabOf(this.tabs.value, pane);
    if (tab && panes.length === 0) return this.closeTab(tab);
    this.tabs.value = withoutPanes(this.tabs.value, (one) => one === pane);
    this.go({ kind: "panes", panes });
  }

  /** Closes a tab; if it shows, the one beside it shows, or all panes if there is no other. */
  closeTab(tab: Tab): void {
    const isShown = tab.panes.some((pane) => this.opened.includes(pane));
    const all = this.tabs.value;
    const next = all[all.indexOf(tab) + 1] ?? all[all.indexOf(tab) - 1];
    if (!isShown) {
      this.tabs.value = all.filter((one) => one !== tab);
      return;
    }
    this.takesKeys = this.typingInto.value !== undefined;
    if (next) this.go({ kind: "panes", panes: next.panes });
    else this.back();
    this.tabs.value = this.tabs.value.filter((one) => !one.panes.some((pane) => tab.panes.includes(pane)));
  }

  /** To the next one that calls: chosen among others, or opened if one is open. */
  next(back = false): Item | undefined {
    const { order } = this.shown.value;
    const known = new Map(this.live.items.value.map((item) => [item.pane, item]));
    const rows = order.map((pane) => known.get(pane)).filter((item) => item !== undefined);
    const found = nextCalling(rows, this.active ?? this.chosen.value, back);
    if (!found) {
      this.said.value = "No agent needs you.";
      return undefined;
    }
    if (this.past.isOn.peek()) this.toLive();
    this.chosen.value = found.pane;
    if (this.place.value.kind === "panes") this.open(found.pane);
    return found;
  }

  /** Whether its dialog can be answered now: nobody answers one that has only just come, or without a connection. */
  canAnswer({ pane, agent }: Item): boolean {
    const isPending = this.receipts.value.get(pane)?.state === "pending";
    const isSettled = agent?.dialog !== undefined && this.settled.value.get(pane) === agent.dialog.fingerprint;
    return this.canWrite && isSettled && !isPending && this.live.link.value.kind === "live";
  }

  async answer(item: Item, choice: number): Promise<void> {
    const dialog = item.agent?.dialog;
    if (!dialog || !this.canAnswer(item)) return;
    const option = dialog.options?.[choice - 1] ?? String(choice);
    this.#receipt(item.pane, { state: "pending", text: `answering ${choice}` });
    try {
      const reply = await this.live.client.answer(item.pane, dialog.fingerprint, choice);
      const text = reply.answered
        ? `answered: ${option}`
        : `not answered: ${reply.message ?? reply.reason ?? "no proof"}`;
      this.#receipt(item.pane, { state: reply.answered ? "done" : "failed", text });
    } catch (error) {
      this.#receipt(item.pane, { state: "failed", text: `not answered: ${errorText(error)}` });
    }
  }

  async prompt(pane: string, text: string, queue: boolean): Promise<boolean> {
    this.typed(pane);
    this.#receipt(pane, { state: "pending", text: "sending the prompt" });
    try {
      const reply = await this.live.client.prompt(pane, text, queue ? { queue } : {});
      const why = reply.message ?? reply.reason ?? "no proof that the agent has it";
      this.#receipt(
        pane,
        reply.submitted
          ? { state: "done", text: `submitted (${reply.evidence ?? "proven"})` }
          : {
              state: reply.reason === "queued" ? "done" : "failed",
              text: reply.reason === "queued" ? why : `not submitted: ${why}`,
            },
      );
      return reply.submitted || reply.reason === "queued";
    } catch (error) {
      this.#receipt(pane, { state: "failed", text: `not sent: ${errorText(error)}` });
      return false;
    }
  }

  draft(pane: string, text: string): void {
    this.drafts.value = new Map(this.drafts.value).set(pane, text);
  }

  /** Types a line into a pane without an agent, and presses Enter. */
  async type(pane: string, text: string): Promise<boolean> {
    this.typed(pane);
    this.#receipt(pane, { state: "pending", text: "typing" });
    try {
      await this.live.client.command(pane, text, text.includes("\n") ? { paste: true } : {});
      this.#receipt(pane, { state: "done", text: "typed" });
      return true;
    } catch (error) {
      this.#receipt(pane, { state: "failed", text: `not typed: ${errorText(error)}` });
      return false;
    }
  }

  /** Says what could not be done in a pane. */
  failed(pane: string, text: string): void {
    this.#receipt(pane, { state: "failed", text });
  }

  /** The person has looked at these agents. */
  async seen(items: readonly Item[]): Promise<void> {
    const unseen = items.filter(({ agent }) => agent?.seen === false);
    await Promise.all(
      unseen.map(({ pane }) =>
        this.live.client.seen(pane).catch((error: unknown) => {
          this.said.value = `It could not be marked as seen: ${errorText(error)}`;
        }),
      ),
    );
  }

  /** Marks what is open as seen, once it was looked at for a moment. Returns what ends that. */
  watchLooks(): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = () => {
      clearTimeout(timer);
      const open = this.live.items.value.filter(
        ({ pane, agent }) => this.opened.includes(pane) && agent?.seen === false,
      );
      if (open.length === 0 || this.past.isOn.value || document.visibilityState !== "visible" || !document.hasFocus())
        return;
      timer = setTimeout(() => {
        if (document.visibilityState === "visible" && document.hasFocus()) void this.seen(open);
      }, LOOK);
    };
    const end = effect(look);
    addEventListener("focus", look);
    document.addEventListener("visibilitychange", look);
    return () => {
      end();
      clearTimeout(timer);
      removeEventListener("focus", look);
      document.removeEventListener("visibilitychange", look);
    };
  }

  #receipt(pane: string, said: Omit<Receipt, "at">): void {
    const receipt = { ...said, at: Date.now() };
    this.receipts.value = new Map(this.receipts.value).set(pane, receipt);
    if (receipt.state !== "pending") this.said.value = receipt.text;
  }

  #onPlace(): void {
    const place = this.place.value;
    if (place.kind === "view") this.#view = place.view;
    else this.tabs.value = untracked(() => withPanes(this.tabs.value, place.panes));
    untracked(() => this.past.show(place.moment));
  }

  /** The address says which moment shows, once it stands. */
  #onMoment(): void {
    const moment = this.past.moment.value;
    const isPlaying = this.past.state.value === "plays";
    clearTimeout(this.#moving);
    if (!moment || isPlaying) return;
    this.#moving = setTimeout(() => {
      const place = this.place.peek();
      if (!hasPast(place) || isSame(place.moment, moment)) return;
      const moved = { ...place, moment };
      history.replaceState(null, "", textOf(moved));
      this.place.value = moved;
    }, STANDS);
  }

  #moving: ReturnType<typeof setTimeout> | undefined;

  /** Tabs survive the page, and not their panes. What is open stays until it is left, and says that it is gone. */
  #onTabs(): void {
    const { server } = this.live.state;
    const items = this.live.items.value;
    // What there is counts as known once it has been looked at.
    if (this.live.version.value === 0 || !server) return;
    const of = `${server.pid} ${server.start_time}`;
    let tabs = this.tabs.value;
    if (this.#server !== of) {
      const before = this.#server === undefined ? readTabs(of) : [];
      this.#server = of;
      const { opened } = this;
      if (opened.length > 0) tabs = withPanes(before, opened);
      else tabs = [...before, ...tabs];
    }
    const known = new Set(items.map(({ pane }) => pane));
    const open = this.opened;
    tabs = withoutPanes(tabs, (pane) => !known.has(pane) && !open.includes(pane));
    this.tabs.value = tabs;
    if (tabs === this.#written) return;
    this.#written = tabs;
    writeTabs(of, tabs);
  }

  #arrange(): void {
    const items = this.live.items.value;
    const held = this.held.value;
    const { order, tall } = untracked(() => this.shown.value);
    const known = new Map(items.map((item) => [item.pane, item]));
    if (!held) this.gone.clear();
    for (const pane of order) {
      const last = held && !known.has(pane) ? this.#last.get(pane) : undefined;
      if (last) this.gone.set(pane, last);
    }
    this.#last = known;
    this.#settle(items);
    this.#forget(known);
    const wanted = items.map(({ pane }) => pane);
    const room = items.filter(hasAnswers).map(({ pane }) => pane);
    const isNew = (pane: string) => !order.includes(pane);
    const next = orderOf(order, wanted, held);
    if (order.length > 0 && next.slice(0, order.length).join() !== order.join()) this.#moved();
    this.shown.value = {
      order: next,
      tall: held ? new Set([...tall, ...room.filter(isNew)]) : new Set(room),
    };
  }

  /** Rows have moved: what is below a finger now is not what it was aimed at. */
  #moved(): void {
    this.stands.value = false;
    clearTimeout(this.#standing);
    this.#standing = setTimeout(() => {
      this.stands.value = true;
    }, SETTLES);
  }

  /** What was said and written of panes that are gone. */
  #forget(known: ReadonlyMap<string, Item>): void {
    for (const kept of [this.receipts, this.drafts, this.settled, this.glances.lines] as Signal<
      ReadonlyMap<string, unknown>
    >[]) {
      const all = [...kept.peek()];
      const rest = all.filter(([pane]) => pane === "" || known.has(pane));
      if (rest.length < all.length) kept.value = new Map(rest);
    }
  }

  #settle(items: readonly Item[]): void {
    const shown = new Map<string, string>();
    for (const { pane, agent } of items) if (agent?.dialog) shown.set(pane, agent.dialog.fingerprint);
    for (const [pane, fingerprint] of shown) {
      if (this.#dialogs.get(pane) === fingerprint) continue;
      setTimeout(() => {
        if (this.#dialogs.get(pane) !== fingerprint) return;
        this.settled.value = new Map(this.settled.value).set(pane, fingerprint);
      }, SETTLES);
    }
    this.#dialogs = shown;
  }

  #standing: ReturnType<typeof setTimeout> | undefined;
  #dialogs: ReadonlyMap<string, string> = new Map();
  #last = new Map<string, Item>();
  #calling = new Set<string>();

  /** Says who has begun to wait, for screen readers. */
  #announce(): void {
    const now = new Set<string>();
    const fresh: string[] = [];
    for (const item of this.live.items.value.filter(calls)) {
      now.add(item.pane);
      if (!this.#calling.has(item.pane)) fresh.push(item.place);
    }
    this.#calling = now;
    if (fresh.length === 1) this.said.value = `${fresh[0]} needs you`;
    else if (fresh.length > 1) this.said.value = `${fresh.length} panes need you`;
  }
}

/** Whether it shows a dialog that can be answered here. */
export function hasAnswers({ need, agent }: Item): boolean {
  return need === "waiting" && (agent?.dialog?.options?.length ?? 0) > 0;
}

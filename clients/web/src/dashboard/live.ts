import {
  type Alert,
  type AlertClearedEvent,
  type AlertEvent,
  Client,
  MuxwireError,
  type Resources,
  type State,
  type StateChange,
} from "muxwire";
import { computed, type ReadonlySignal, signal } from "vendor";
import { type Item, itemsOf, sameOr } from "./items.ts";
import { monitorUrl } from "./place.ts";

/** What becomes of the connections. */
export type Link =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  /** It comes back by itself: `at` is when it tries again. */
  | { readonly kind: "waiting"; readonly at: number; readonly reason: string }
  | { readonly kind: "ended"; readonly error: MuxwireError };

/** An alert that stands, and the pane that it is about. */
export interface Standing {
  readonly alert: Alert;
  readonly pane: string | undefined;
}

/** Changes are shown so many milliseconds apart: a storm of them costs no more than that. */
const PACE = 80;
/** So many figures of processors and memory are kept, of each that is measured. */
const SAMPLES = 60;
/** For so long output that was left out is said. */
const LAG_SHOWS = 5000;

/** The connection, and what there is in tmux now. */
export class Live {
  readonly client = new Client(monitorUrl());
  readonly state: State;
  readonly link = signal<Link>({ kind: "connecting" });
  readonly host = signal("");
  /** The first snapshot is there. */
  readonly ready = signal(false);
  /** Counts what has changed. */
  readonly version = signal(0);
  readonly items: ReadonlySignal<readonly Item[]>;
  /** The title that panes have whose programs set none: tmux takes a host's name for it. */
  readonly usualTitle: ReadonlySignal<string | undefined>;
  readonly alerts = signal<ReadonlyMap<string, Standing>>(new Map());
  /** By pane, or by `muxwire` and `host`. */
  readonly resources = signal<ReadonlyMap<string, readonly Resources[]>>(new Map());
  /** Output was left out for this page a moment ago. */
  readonly lagging = signal(false);
  /** Where the event log was when the page came: what came before can be asked for. */
  position: { epoch: string; seq: number } | undefined;
  #known: ReadonlyMap<string, Item> = new Map();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lagTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(onRefused: (error: MuxwireError) => void) {
    const { client } = this;
    client.on("connecting", ({ reason, retryIn }) => {
      this.link.value = { kind: "waiting", at: Date.now() + retryIn, reason };
    });
    client.on("connected", ({ host }) => {
      this.host.value = host;
      this.link.value = { kind: "live" };
    });
    client.on("disconnected", (error) => {
      this.link.value = { kind: "ended", error };
      if (["AUTH_FAILED", "AUTH_REQUIRED", "REFUSED"].includes(error.code)) onRefused(error);
    });
    this.state = client.state();
    this.state.onChange((change) => this.#changed(change));
    this.items = computed(() => {
      this.version.value;
      const before = this.#known;
      // What has not changed is the same object, so that nothing of it is drawn anew.
      const items = itemsOf(this.state).map((item) => sameOr(before.get(item.pane), item));
      this.#known = new Map(items.map((item) => [item.pane, item]));
      return items;
    });
    this.usualTitle = computed(() => usual(this.items.value.map(({ title }) => title)));
    // What becomes of it is reported as `disconnected`.
    client.connect().catch(() => undefined);
  }

  close(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#lagTimer);
    void this.client.close();
  }

  item(pane: string | undefined): Item | undefined {
    this.items.value;
    return pane === undefined ? undefined : this.#known.get(pane);
  }

  /** Output of a pane was left out. */
  lagged(): void {
    this.lagging.value = true;
    clearTimeout(this.#lagTimer);
    this.#lagTimer = setTimeout(() => {
      this.lagging.value = false;
    }, LAG_SHOWS);
  }

  #changed(change: StateChange): void {
    if (change.type === "snapshot") {
      this.position ??= { epoch: change.epoch, seq: change.seq };
      this.host.value = change.host;
      // What stood before is not known to stand still: a server that has run on says the rest again.
      if (this.ready.value) this.alerts.value = new Map();
      this.ready.value = true;
    } else {
      this.#took(change);
    }
    this.#schedule();
  }

  #took(event: Exclude<StateChange, { type: "snapshot" }>): void {
    if (event.type === "alert" || event.type === "alert.cleared") {
      this.alerted(event);
    } else if (event.type === "system.resources") {
      const key = event.data.of === "pane" ? (event.pane ?? "") : event.data.of;
      const known = this.resources.value.get(key) ?? [];
      this.resources.value = new Map(this.resources.value).set(key, [...known.slice(1 - SAMPLES), event.data]);
    } else if (event.type === "pane.removed" && !event.data.moved) {
      this.#forget(event.pane);
    }
  }

  /** An alert is raised or cleared, or was before the page came: the log that says the one says the other. */
  alerted(event: AlertEvent | AlertClearedEvent): void {
    const standing = new Map(this.alerts.value);
    if (event.type === "alert") {
      standing.set(event.data.key, { alert: event.data, pane: event.pane });
    } else if (standing.get(event.data.key)?.alert.id === event.data.id) {
      standing.delete(event.data.key);
    }
    this.alerts.value = standing;
  }

  #forget(pane: string): void {
    const rest = new Map(this.resources.value);
    if (rest.delete(pane)) this.resources.value = rest;
  }

  #schedule(): void {
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined;
        this.version.value += 1;
      },
      this.version.value === 0 ? 0 : PACE,
    );
  }
}

/** What most of them are, if it is not only one. */
function usual(titles: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const title of titles) counts.set(title, (counts.get(title) ?? 0) + 1);
  const [most] = [...counts].sort(([, one], [, other]) => other - one);
  return most && most[1] > 1 ? most[0] : undefined;
}

/** What went wrong, for people. */
export function errorText(error: unknown): string {
  if (error instanceof MuxwireError) return error.message;
  return error instanceof Error ? error.message : String(error);
}

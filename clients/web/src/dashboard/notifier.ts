import { effect, signal } from "vendor";
import type { Board } from "./board.ts";
import { errorText } from "./live.ts";
import {
  bodyOf,
  type NoticeKind,
  type NoticeSettings,
  Notices,
  type Subject,
  settingsOf,
  subjectsOf,
} from "./notices.ts";
import { at, BASE } from "./place.ts";
import { Push } from "./push.ts";
import { inTurn } from "./shown.ts";

/** Whether this browser shows notifications, and if it does not, why. */
export type Ability = "granted" | "default" | "denied" | "insecure" | "unsupported";

/** A line of the log of this device. */
export interface Told {
  /** Milliseconds of this browser's clock. */
  readonly at: number;
  readonly kind: NoticeKind | "test";
  readonly title: string;
  readonly body: string;
  /** Why it could not be shown, if so. */
  readonly problem?: string;
  /** The server has pushed it. */
  readonly pushed?: true;
}

// Servers below different paths of one host have settings of their own.
const KEY = `muxwire.notifications ${BASE.pathname}`;
const LOOKS = `muxwire.looks ${BASE.pathname}`;
/** Settings that are changed one after the other are told the server together, in milliseconds. */
const TOGETHER = 500;
/** So many lines of the log are kept, and so many states that were told of. */
const LINES = 50;
const STATES = 200;

interface Kept {
  readonly settings: NoticeSettings;
  readonly log: readonly Told[];
  readonly states: readonly string[];
}

/** Shows notifications while the page is open and nobody looks at it, has the server push them otherwise, and keeps what this device wants. */
export class Notifier {
  readonly settings = signal<NoticeSettings>(read().settings);
  readonly log = signal<readonly Told[]>(read().log);
  readonly ability = signal<Ability>(ability());
  /** Why notifications can't be shown though they are allowed. */
  readonly problem = signal("");
  /** How this device is told while the page is closed. */
  readonly push = new Push();
  readonly #board: Board;
  readonly #notices = new Notices();
  readonly #ends: (() => void)[] = [];
  /** What it shows by itself, where there is no worker. */
  readonly #own = new Map<string, Notification>();
  #worker: Promise<ServiceWorkerRegistration | undefined> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pushTimer: ReturnType<typeof setTimeout> | undefined;
  #stopLooking: (() => void) | undefined;
  #running = false;
  #again = false;
  #swept = false;

  constructor(board: Board) {
    this.#board = board;
    const { live } = board;
    const look = () => this.#look();
    const said = ({ data }: MessageEvent<unknown>) => this.#said(data);
    const kept = ({ key }: StorageEvent) => {
      if (key !== KEY) return;
      const { settings, log } = read();
      if (JSON.stringify(settings) !== JSON.stringify(this.settings.peek())) this.settings.value = settings;
      this.log.value = log;
    };
    document.addEventListener("visibilitychange", look);
    addEventListener("focus", look);
    addEventListener("storage", kept);
    navigator.serviceWorker?.addEventListener("message", said);
    look();
    this.#ends.push(
      effect(() => {
        this.settings.value;
        live.items.value;
        live.alerts.value;
        live.ready.value;
        void this.#run();
      }),
      // The server is told again whenever somebody comes in: what the browser had ends with its session.
      effect(() => {
        this.settings.value;
        const { access, entries } = board.door;
        entries.value;
        clearTimeout(this.#pushTimer);
        if (this.isOn && access.value.kind === "in")
          this.#pushTimer = setTimeout(() => void this.#syncPush(), TOGETHER);
      }),
      () => document.removeEventListener("visibilitychange", look),
      () => removeEventListener("focus", look),
      () => removeEventListener("storage", kept),
      () => navigator.serviceWorker?.removeEventListener("message", said),
    );
  }

  close(): void {
    for (const end of this.#ends) end();
    clearTimeout(this.#timer);
    clearTimeout(this.#pushTimer);
    this.#stopLooking?.();
  }

  /** Whether they are wanted, and allowed. */
  get isOn(): boolean {
    return this.settings.value.on && this.ability.value === "granted";
  }

  change(some: Partial<NoticeSettings>): void {
    this.settings.value = { ...this.settings.value, ...some };
    write({ settings: this.settings.value });
  }

  /** Asks the person to allow them, as browsers want it: when they press a button. */
  async turnOn(): Promise<void> {
    if (this.ability.value === "default") await Notification.requestPermission();
    this.ability.value = ability();
    if (this.ability.value === "granted") this.change({ on: true });
  }

  async turnOff(): Promise<void> {
    this.change({ on: false });
    write({ states: [] });
    this.#worker = undefined;
    const known = await navigator.serviceWorker?.getRegistration(BASE.pathname);
    await this.push.stop(known);
    if (!known) return;
    await closeOf(known, () => true);
    await known.unregister();
  }

  async #syncPush(): Promise<void> {
    try {
      const worker = await this.#registered();
      // It may have been turned off meanwhile.
      if (this.isOn) await this.push.sync(worker, this.settings.peek());
    } catch (error) {
      this.problem.value = errorText(error);
    }
  }

  /** Shows one: by the server and the push service, if this device is told so. Why it did not go well, if so. */
  async test(): Promise<string | undefined> {
    if (this.push.state.peek().kind === "on") return this.push.test();
    await this.#show({
      tag: "test",
      state: "test",
      kind: "test",
      pane: undefined,
      title: "muxwire",
      body: `Notifications of ${this.#board.live.host.value || BASE.host} reach this device.`,
    });
    return undefined;
  }

  clearLog(): void {
    this.log.value = [];
    write({ log: [] });
  }

  /** Says to the other tabs whether somebody looks at this one: a lock ends with its tab, whatever becomes of that. */
  #look(): void {
    this.ability.value = ability();
    const isVisible = document.visibilityState === "visible";
    if (isVisible && !this.#stopLooking && navigator.locks) {
      const looking = new Promise<void>((done) => {
        this.#stopLooking = done;
      });
      navigator.locks.request(LOOKS, { mode: "shared" }, () => looking).catch(() => undefined);
    } else if (!isVisible) {
      this.#stopLooking?.();
      this.#stopLooking = undefined;
    }
    void this.#run();
  }

  /** What the worker says. */
  #said(data: unknown): void {
    const { type, pane, told, shown } = (data ?? {}) as Record<string, unknown>;
    if (type === "open") this.#lead(typeof pane === "string" ? pane : undefined);
    if (type === "pushed" && shown === true) this.#pushed(told);
  }

  /** The worker has shown what the server pushed. */
  #pushed(told: unknown): void {
    const line = { ...((told ?? {}) as object), pushed: true };
    if (!isLine(line)) return;
    const { at, kind, title, body } = line;
    void alone(() => {
      const known = read().log;
      // Each page that is open is told of it.
      if (known.some((one) => one.pushed && one.at === at && one.title === title)) return;
      this.#keep({ at, kind, title, body, pushed: true });
    });
  }

  #keep(line: Told): void {
    this.log.value = [line, ...read().log].slice(0, LINES);
    write({ log: this.log.value });
  }

  #lead(pane: string | undefined): void {
    // What called stands now.
    if (this.#board.past.isOn.peek()) this.#board.toLive();
    if (pane !== undefined && this.#board.live.item(pane)) this.#board.open(pane);
    else this.#board.go({ kind: "view", view: "attention" });
  }

  /** One after the other, since each of it waits for the browser. */
  async #run(): Promise<void> {
    this.#again = true;
    if (this.#running) return;
    this.#running = true;
    try {
      while (this.#again) {
        this.#again = false;
        await this.#step();
      }
    } finally {
      this.#running = false;
    }
  }

  async #step(): Promise<void> {
    const { live, door } = this.#board;
    if (!live.ready.peek() || this.ability.peek() !== "granted") return;
    const settings = this.settings.peek();
    const looked = document.visibilityState === "visible" || (await isLookedAtElsewhere());
    const subjects = subjectsOf(live.items.peek(), live.alerts.peek().values());
    const step = await alone(() => {
      const states = settings.on ? read().states : [];
      const now = new Date();
      const found = this.#notices.step(subjects, settings, {
        now: now.getTime(),
        ahead: door.ahead.peek(),
        minute: now.getHours() * 60 + now.getMinutes() + now.getSeconds() / 60,
        looked,
        told: (state) => states.includes(state),
      });
      if (found.told.length > 0) write({ states: [...states, ...found.told].slice(-STATES) });
      clearTimeout(this.#timer);
      if (found.next !== undefined) this.#timer = setTimeout(() => void this.#run(), found.next + 1);
      return found;
    });
    if (settings.on) await this.#close(new Set(step.close), subjects);
    for (const subject of step.show) await this.#show({ ...subject, body: bodyOf(subject, settings) });
  }

  async #show(notice: Pick<Subject, "tag" | "state" | "pane" | "title" | "body"> & Pick<Told, "kind">): Promise<void> {
    const { tag, state, pane, title, body, kind } = notice;
    let problem: string | undefined;
    try {
      await this.#display(title, { tag, body, icon: at("icon.png"), data: { state, pane } });
      this.problem.value = "";
    } catch (error) {
      problem = errorText(error);
      this.problem.value = problem;
    }
    const line: Told = { at: Date.now(), kind, title, body, ...(problem === undefined ? {} : { problem }) };
    this.#keep(line);
  }

  /** By the worker, since phones know no other way; by the page where there is none. */
  async #display(title: string, options: NotificationOptions): Promise<void> {
    const worker = await this.#registered();
    // One that takes the place of another is told as well.
    const all = { ...options, renotify: true };
    if (worker) {
      const { state } = options.data as { state?: string };
      return inTurn(worker, async () => {
        const known = await worker.getNotifications({ tag: options.tag ?? "" });
        // The server has pushed the very same, and was quicker.
        const isShown = known.some(
          ({ data }) => state !== "test" && (data as { state?: string } | null)?.state === state,
        );
        if (!isShown) await worker.showNotification(title, all);
      });
    }
    const shown = new Notification(title, all);
    shown.onclick = () => {
      shown.close();
      window.focus();
      this.#lead((options.data as { pane?: string }).pane);
    };
    this.#own.set(options.tag ?? "", shown);
  }

  #registered(): Promise<ServiceWorkerRegistration | undefined> {
    this.#worker ??= register().catch((error: unknown) => {
      this.#worker = undefined;
      throw error;
    });
    return this.#worker;
  }

  /** What is over goes; first of all also what is left of a page that is gone. */
  async #close(tags: ReadonlySet<string>, subjects: readonly Subject[]): Promise<void> {
    if (tags.size === 0 && this.#swept) return;
    const stands = new Set(subjects.map(({ tag }) => tag));
    const isOver = (tag: string) => tags.has(tag) || (!this.#swept && tag !== "test" && !stands.has(tag));
    for (const [tag, shown] of this.#own) {
      if (!isOver(tag)) continue;
      shown.close();
      this.#own.delete(tag);
    }
    try {
      const worker = await this.#registered();
      if (worker) await closeOf(worker, isOver);
      this.#swept = true;
    } catch (error) {
      this.problem.value = errorText(error);
    }
  }
}

function closeOf(worker: ServiceWorkerRegistration, isOver: (tag: string) => boolean): Promise<void> {
  return inTurn(worker, async () => {
    for (const shown of await worker.getNotifications()) if (isOver(shown.tag)) shown.close();
  });
}

/** Whether this browser can show notifications now. */
function ability(): Ability {
  if (!isSecureContext) return "insecure";
  return "Notification" in window ? Notification.permission : "unsupported";
}

/** The worker for all that is below the server's address, once it can be used. */
async function register(): Promise<ServiceWorkerRegistration | undefined> {
  if (!navigator.serviceWorker) return undefined;
  const options = { scope: BASE.pathname, updateViaCache: "none" } as const;
  await navigator.serviceWorker.register(trusted(at("sw.js")), options);
  return navigator.serviceWorker.ready;
}

interface Policies {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}

let policy: ReturnType<Policies["createPolicy"]> | undefined;

/** An address as the page's policy of trusted types wants it: that of the worker, and no other. */
function trusted(url: string): string {
  const { trustedTypes } = window as unknown as { trustedTypes?: Policies };
  policy ??= trustedTypes?.createPolicy("muxwire", {
    createScriptURL: (one) => {
      if (one !== at("sw.js")) throw new TypeError("only the worker of the dashboard is loaded so");
      return one;
    },
  });
  return policy?.createScriptURL(url) ?? url;
}

async function isLookedAtElsewhere(): Promise<boolean> {
  const locks = await navigator.locks?.query();
  return locks?.held?.some(({ name }) => name === LOOKS) ?? false;
}

/** While no other tab does the same. */
function alone<T>(run: () => T): Promise<T> {
  return navigator.locks ? navigator.locks.request(KEY, async () => run()) : Promise.resolve(run());
}

function read(): Kept {
  let kept: Record<string, unknown> = {};
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    if (typeof found === "object" && found !== null) kept = found as Record<string, unknown>;
  } catch {
    // Nothing is kept, or what is kept is of another version, or this browser keeps nothing.
  }
  const { log, states } = kept;
  return {
    settings: settingsOf(kept.settings),
    log: Array.isArray(log) ? log.filter(isLine) : [],
    states: Array.isArray(states) ? states.map(String) : [],
  };
}

function isLine(line: unknown): line is Told {
  const { at, title, body } = (line ?? {}) as Record<string, unknown>;
  return typeof at === "number" && typeof title === "string" && typeof body === "string";
}

/** Changes some of what is kept. */
function write(some: Partial<Kept>): void {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...read(), ...some }));
  } catch {
    // This browser keeps nothing: the settings hold until the page is left.
  }
}

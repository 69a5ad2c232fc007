import { printable } from "muxwire";
import { signal } from "vendor";
import { errorText } from "./live.ts";
import type { NoticeSettings } from "./notices.ts";
import { at } from "./place.ts";

/** Whether this device is told while the page is closed, and if it is not, why. */
export type PushState =
  | { readonly kind: "off" }
  | { readonly kind: "on"; readonly id: string; readonly service: string }
  | { readonly kind: "unavailable"; readonly why: string };

/** A device that is told, as the server says it. */
export interface Device {
  readonly id: string;
  readonly name: string;
  readonly device: string;
  readonly service: string;
  readonly created: number;
  readonly sent: readonly Sent[];
}

/** Something that the server has sent. */
export interface Sent {
  readonly at: number;
  readonly kind: string;
  readonly title: string;
  readonly error: string | undefined;
}

interface Said {
  readonly enabled: boolean;
  readonly key: string | undefined;
  readonly problem: string | undefined;
  readonly devices: readonly Device[];
}

const OFF = "This server does not push: see `push.enabled`.";
const NO_MANAGER = "This browser has no push. On an iPhone or iPad, add the page to the Home Screen first.";

/** The browser's subscription, and the server's knowledge of it. */
export class Push {
  readonly state = signal<PushState>({ kind: "off" });
  readonly devices = signal<readonly Device[]>([]);
  #last: Promise<unknown> = Promise.resolve();

  /** Subscribes, or says anew what is wanted. What is in the way is said in the state. */
  sync(worker: ServiceWorkerRegistration | undefined, settings: NoticeSettings): Promise<void> {
    return this.#alone(async () => {
      try {
        this.state.value = await subscribe(worker, settings);
      } catch (error) {
        this.state.value = { kind: "unavailable", why: reasonOf(error) };
      }
      await this.#list();
    });
  }

  /** Tells this device no longer. */
  stop(worker: ServiceWorkerRegistration | undefined): Promise<void> {
    return this.#alone(async () => {
      const state = this.state.peek();
      this.state.value = { kind: "off" };
      const subscription = await worker?.pushManager?.getSubscription();
      await subscription?.unsubscribe();
      if (state.kind === "on") await this.#remove(state.id);
    });
  }

  /** Has the server send a test. Why it did not go well, if so. */
  async test(): Promise<string | undefined> {
    const state = this.state.peek();
    if (state.kind !== "on") return undefined;
    const answer = await fetch(at(`api/push/${state.id}/test`), { method: "POST" });
    if (!answer.ok) return refusal(answer);
    const { sent, error } = (await answer.json()) as { sent?: unknown; error?: unknown };
    await this.#list();
    return sent === true ? undefined : `the server could not send it: ${printable(String(error))}`;
  }

  /** Asks anew which devices are told, and what was sent to them. */
  refresh(): Promise<void> {
    return this.#alone(() => this.#list());
  }

  remove(id: string): Promise<void> {
    return this.#alone(async () => {
      const state = this.state.peek();
      if (state.kind === "on" && state.id === id) this.state.value = { kind: "off" };
      await this.#remove(id);
    });
  }

  async #remove(id: string): Promise<void> {
    const answer = await fetch(at(`api/push/${id}`), { method: "DELETE" });
    if (!answer.ok && answer.status !== 404) throw new Error(await refusal(answer));
    await this.#list();
  }

  async #list(): Promise<void> {
    this.devices.value = (await ask().catch(() => undefined))?.devices ?? [];
  }

  /** One after the other: each rests on what the one before has left. */
  #alone(run: () => Promise<void>): Promise<void> {
    const next = this.#last.then(run);
    this.#last = next.catch(() => undefined);
    return next;
  }
}

async function subscribe(worker: ServiceWorkerRegistration | undefined, settings: NoticeSettings): Promise<PushState> {
  const manager = worker?.pushManager;
  if (!manager) return { kind: "unavailable", why: NO_MANAGER };
  const said = await ask();
  if (!said.key) return { kind: "unavailable", why: said.problem ?? OFF };
  const subscription = await subscriptionFor(manager, said.key);
  const { endpoint, keys } = subscription.toJSON();
  const body = JSON.stringify({ endpoint, keys, device: deviceName(navigator), wishes: wishesOf(settings) });
  const headers = { "content-type": "application/json" };
  const answer = await fetch(at("api/push"), { method: "POST", headers, body });
  if (!answer.ok) throw new Error(await refusal(answer));
  const { subscription: id } = (await answer.json()) as { subscription?: unknown };
  return { kind: "on", id: String(id), service: new URL(subscription.endpoint).hostname };
}

/** The one that there is, if it is for this key of the server's, or a new one. */
async function subscriptionFor(manager: PushManager, key: string): Promise<PushSubscription> {
  const wanted = bytesOf(key);
  const known = await manager.getSubscription();
  const used = known?.options.applicationServerKey;
  if (known && used && isSame(new Uint8Array(used), wanted)) return known;
  await known?.unsubscribe();
  return manager.subscribe({ userVisibleOnly: true, applicationServerKey: wanted });
}

async function ask(): Promise<Said> {
  const answer = await fetch(at("api/push"), { cache: "no-store" });
  if (!answer.ok) throw new Error(await refusal(answer));
  return saidOf(await answer.json());
}

/** What `GET api/push` says. */
export function saidOf(said: unknown): Said {
  const { enabled, key, problem, subscriptions } = fieldsOf(said);
  return {
    enabled: enabled === true,
    key: enabled === true && typeof key === "string" ? key : undefined,
    problem: typeof problem === "string" ? printable(problem) : undefined,
    devices: (Array.isArray(subscriptions) ? subscriptions : []).map(deviceOf),
  };
}

function deviceOf(row: unknown): Device {
  const { subscription, name, device, service, created, sent } = fieldsOf(row);
  return {
    id: String(subscription),
    name: textOf(name),
    device: textOf(device),
    service: textOf(service),
    created: Date.parse(String(created)),
    sent: (Array.isArray(sent) ? sent : []).map(sentOf),
  };
}

function sentOf(line: unknown): Sent {
  const { at, kind, title, error } = fieldsOf(line);
  return {
    at: Date.parse(String(at)),
    kind: textOf(kind),
    title: textOf(title),
    error: typeof error === "string" ? printable(error) : undefined,
  };
}

/** What the device wants, as the server is told. */
export function wishesOf({ kinds, dwell, quiet, content }: NoticeSettings): object {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return {
    kinds,
    dwell,
    ...(quiet ? { quiet: { from: quiet.from, to: quiet.to } } : {}),
    ...(zone ? { zone } : {}),
    offset: -new Date().getTimezoneOffset(),
    content,
  };
}

const BROWSERS = [
  ["Firefox/", "Firefox"],
  ["Edg/", "Edge"],
  ["OPR/", "Opera"],
  ["SamsungBrowser/", "Samsung Internet"],
  ["Chrome/", "Chrome"],
  ["Safari/", "Safari"],
] as const;
const SYSTEMS = [
  ["iPhone", "iPhone"],
  ["iPad", "iPad"],
  ["Android", "Android"],
  ["Windows", "Windows"],
  ["Mac OS", "macOS"],
  ["CrOS", "ChromeOS"],
  ["Linux", "Linux"],
] as const;

/** What people may know the device by, as far as the browser tells. */
export function deviceName({ userAgent }: { readonly userAgent: string }): string {
  const found = (rows: readonly (readonly [string, string])[]) => rows.find(([sign]) => userAgent.includes(sign))?.[1];
  return `${found(BROWSERS) ?? "Browser"} on ${found(SYSTEMS) ?? "another system"}`;
}

/** Base64 for addresses, as keys are written. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

/** What browsers say that subscribe nowhere is of little use to people. */
function reasonOf(error: unknown): string {
  const text = errorText(error);
  if (error instanceof DOMException && error.name === "AbortError") {
    return `The browser reaches no push service: ${text}`;
  }
  return text;
}

async function refusal(answer: Response): Promise<string> {
  const said = printable((await answer.text()).slice(0, 500)).trim();
  return `the server answers ${answer.status}${said ? `: ${said}` : ""}`;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? printable(value) : "";
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

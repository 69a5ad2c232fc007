import { inTurn } from "./shown.ts";

/**
 * The service worker: shows what it is pushed, and leads from a notification to its pane. It keeps and answers nothing that pages
 * load, so that no page is ever an old one.
 */

interface WindowPage {
  readonly url: string;
  readonly visibilityState: string;
  readonly focused: boolean;
  focus(): Promise<WindowPage>;
  postMessage(message: unknown): void;
}

interface Waiting extends Event {
  waitUntil(done: Promise<unknown>): void;
}

interface Clicked extends Waiting {
  readonly notification: Notification;
}

interface Pushed extends Waiting {
  readonly data: { json(): unknown } | null;
}

interface Scope {
  readonly registration: ServiceWorkerRegistration;
  readonly clients: {
    matchAll(options: { type: "window"; includeUncontrolled: boolean }): Promise<readonly WindowPage[]>;
    openWindow(url: string): Promise<WindowPage | null>;
    claim(): Promise<void>;
  };
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate", listener: (event: Waiting) => void): void;
  addEventListener(type: "notificationclick", listener: (event: Clicked) => void): void;
  addEventListener(type: "push", listener: (event: Pushed) => void): void;
}

/** What the server tells. */
interface Told {
  readonly kind: string;
  readonly tag: string;
  readonly state: string;
  readonly pane: string | undefined;
  readonly title: string;
  readonly body: string;
  readonly at: number;
}

const worker = self as unknown as Scope;

worker.addEventListener("install", (event) => event.waitUntil(worker.skipWaiting()));
worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));
worker.addEventListener("push", (event) => event.waitUntil(tell(toldOf(event.data))));

worker.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const { pane } = (event.notification.data ?? {}) as { pane?: unknown };
  event.waitUntil(lead(typeof pane === "string" && isPane(pane) ? pane : undefined));
});

function isPane(text: string): boolean {
  return /^%\d+$/.test(text);
}

/** What was pushed. Of what is no message of this server it is said that there is something. */
function toldOf(data: Pushed["data"]): Told {
  let said: Record<string, unknown> = {};
  try {
    const read: unknown = data?.json();
    if (typeof read === "object" && read !== null) said = read as Record<string, unknown>;
  } catch {
    // It is no JSON.
  }
  const text = (value: unknown, usual: string) => (typeof value === "string" ? value : usual);
  const { kind, tag, state, pane, title, body, at } = said;
  return {
    kind: text(kind, "alerts"),
    tag: text(tag, "pushed"),
    state: text(state, "pushed"),
    pane: typeof pane === "string" && isPane(pane) ? pane : undefined,
    title: text(title, "muxwire"),
    body: text(body, "Something needs you."),
    at: typeof at === "number" ? at : Date.now(),
  };
}

/** Shows it, unless somebody looks at a page of the dashboard or the page has shown it already. Pages log it. */
async function tell(told: Told): Promise<void> {
  const { registration } = worker;
  const { tag, state, pane, title, body, at } = told;
  const pages = await dashboards();
  const isLookedAt = told.kind !== "test" && pages.some(({ visibilityState }) => visibilityState === "visible");
  const mayLeaveOut = isLookedAt && !(await hasToShow());
  const isNew = await inTurn(registration, async () => {
    const known = await registration.getNotifications({ tag });
    const isShown = known.some(({ data }) => (data as { state?: unknown } | null)?.state === state);
    if (mayLeaveOut && !isShown) return false;
    const icon = new URL("icon.png", registration.scope).href;
    // One that takes the place of another is told as well, unless it is the very same.
    const how = { renotify: !isShown, silent: isShown || isLookedAt, timestamp: at };
    await registration.showNotification(title, { tag, body, icon, data: { state, pane }, ...how });
    return !isShown;
  });
  const news = { type: "pushed", told, shown: isNew };
  for (const page of pages) page.postMessage(news);
}

/** Apple's service takes it ill when nothing is shown, whoever looks. */
async function hasToShow(): Promise<boolean> {
  const subscription = await worker.registration.pushManager?.getSubscription();
  return subscription ? new URL(subscription.endpoint).hostname.endsWith(".push.apple.com") : false;
}

/** The pages of the dashboard that are open. A terminal alone is below the same folder, and shows nothing else. */
async function dashboards(): Promise<readonly WindowPage[]> {
  const { scope } = worker.registration;
  const all = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  return all.filter(({ url }) => url.replace(/[?#].*$/, "") === scope);
}

/** To a page of the dashboard that is open, or to a new one. */
async function lead(pane: string | undefined): Promise<void> {
  const pages = await dashboards();
  const page = pages.find(({ focused }) => focused) ?? pages[0];
  const view = pane === undefined ? "attention" : `pane=${pane.replace("%", "%25")}`;
  if (!page) {
    await worker.clients.openWindow(`${worker.registration.scope}#${view}`);
    return;
  }
  page.postMessage({ type: "open", pane });
  await page.focus();
}

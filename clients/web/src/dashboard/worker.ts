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
}

const worker = self as unknown as Scope;

worker.addEventListener("install", (event) => event.waitUntil(worker.skipWaiting()));
worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));

worker.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const { pane } = (event.notification.data ?? {}) as { pane?: unknown };
  event.waitUntil(lead(typeof pane === "string" && /^%\d+$/.test(pane) ? pane : undefined));
});

/** To a page of the dashboard that is open, or to a new one. */
async function lead(pane: string | undefined): Promise<void> {
  const { scope } = worker.registration;
  const all = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  // A terminal alone is below the same folder, and shows nothing else.
  const pages = all.filter(({ url }) => url.replace(/[?#].*$/, "") === scope);
  const page = pages.find(({ focused }) => focused) ?? pages[0];
  const view = pane === undefined ? "attention" : `pane=${pane.replace("%", "%25")}`;
  if (!page) {
    await worker.clients.openWindow(`${scope}#${view}`);
    return;
  }
  page.postMessage({ type: "open", pane });
  await page.focus();
}

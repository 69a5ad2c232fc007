import assert from "node:assert/strict";
import { after, afterEach, test } from "node:test";
import type { CDPSession, Locator, Page, Worker } from "playwright-core";
import { shownLock } from "../src/dashboard/shown.ts";
import { PHONE } from "./support/browser.ts";
import { openPanel, panel, shownBy } from "./support/notifications.ts";
import { claimsOf, PushService } from "./support/push-service.ts";
import { agent, browser, openWindow, page, row, stage, until, visit } from "./support/stage.ts";

let service: PushService;

stage(
  {
    MUXWIRE_SECURITY_REQUIRE_AUTH: "false",
    MUXWIRE_PUSH_PRIVATE_ENDPOINTS: "true",
    MUXWIRE_PUSH_SUBJECT: "mailto:me@box.example",
  },
  undefined,
  async () => {
    service = await PushService.start();
  },
);
after(() => service?.stop());
afterEach(async () => {
  for (const { subscription } of await subscriptions()) {
    await fetch(`${visit.origin}/api/push/${subscription}`, { method: "DELETE" });
  }
});

interface Row {
  readonly subscription: string;
  readonly device: string;
  readonly kinds: string[];
}

async function subscriptions(): Promise<Row[]> {
  const answer = await fetch(`${visit.origin}/api/push`);
  return ((await answer.json()) as { subscriptions: Row[] }).subscriptions;
}

async function come(options: object = {}): Promise<void> {
  await openWindow({ permissions: ["notifications"], ...options });
  await service.serve(visit.context);
  await visit.goto();
}

const brings = (): Locator => panel().getByText("127.0.0.1 brings them here");

/** On, told of at once, and subscribed. */
async function turnOn(): Promise<void> {
  await openPanel();
  await panel().getByLabel("When it has lasted for").fill("0");
  await panel().getByRole("button", { name: "Turn on" }).click();
  await brings().waitFor();
}

/** Browsers without a screen show every page. What the page and its worker see of that is put here. */
async function hide(of = page): Promise<void> {
  await of.evaluate(() => {
    Object.defineProperty(document, "visibilityState", { configurable: true, get: () => "hidden" });
    document.dispatchEvent(new Event("visibilitychange"));
  });
}

/** Another page of the server's, which is no dashboard, and the browser's push service as far as its inspector plays it. */
class Elsewhere {
  readonly page: Page;
  readonly #session: CDPSession;
  readonly #registration: string;

  private constructor(page: Page, session: CDPSession, registration: string) {
    this.page = page;
    this.#session = session;
    this.#registration = registration;
  }

  static async open(): Promise<Elsewhere> {
    const other = await visit.context.newPage();
    await other.goto(`${visit.origin}/start`);
    const session = await visit.context.newCDPSession(other);
    const registrations = new Map<string, string>();
    session.on("ServiceWorker.workerRegistrationUpdated", ({ registrations: all }) => {
      for (const { registrationId, scopeURL } of all) registrations.set(scopeURL, registrationId);
    });
    await session.send("ServiceWorker.enable");
    await until("the worker is known", () => registrations.has(`${visit.origin}/`));
    return new Elsewhere(other, session, registrations.get(`${visit.origin}/`) as string);
  }

  async deliver(data: string): Promise<void> {
    const registrationId = this.#registration;
    await this.#session.send("ServiceWorker.deliverPushMessage", { origin: visit.origin, registrationId, data });
  }
}

test("a device is told with its page closed: encrypted for it, signed for the service, shown by the worker", async () => {
  const asks = await agent("closed");
  await come();
  await row("closed:0.0").waitFor();
  await turnOn();
  const [known] = await subscriptions();
  assert.match(known?.device ?? "", /^Chrome on Linux$/);
  const elsewhere = await Elsewhere.open();
  const key = await page.evaluate(() => JSON.parse(localStorage.getItem("test.push") ?? "[]") as number[]);
  const since = service.got.length;
  await page.close();
  asks.tell("ask cargo test");
  const { headers, told, text } = await service.next(since);
  const claims = claimsOf(headers, Uint8Array.from(key));
  assert.deepEqual([claims.aud, claims.sub], [service.origin, "mailto:me@box.example"]);
  assert.deepEqual([headers["content-encoding"], headers.ttl, headers.urgency], ["aes128gcm", "14400", "high"]);
  assert.deepEqual([told.kind, told.title, told.body], ["waiting", "closed:0.0", "claude: asks for permission"]);
  assert.deepEqual(await shownBy(elsewhere.page), []);
  await elsewhere.deliver(text);
  await until("it is shown", async () => (await shownBy(elsewhere.page)).length === 1);
  const [first] = await shownBy(elsewhere.page);
  assert.deepEqual(first, { title: "closed:0.0", body: "claude: asks for permission", tag: `${asks.pane} waiting` });
  // What comes twice is shown once, and what is no message is shown as something.
  await elsewhere.deliver(text);
  await elsewhere.deliver("nonsense");
  await until("both are shown", async () => (await shownBy(elsewhere.page)).length === 2);
  assert.ok(
    (await shownBy(elsewhere.page)).some(({ title, body }) => `${title}: ${body}` === "muxwire: Something needs you."),
  );
});

test("what a page has shown is not shown again, and while somebody looks nothing is shown", async () => {
  const asks = await agent("open");
  await come();
  await row("open:0.0").waitFor();
  await turnOn();
  await page.keyboard.press("Escape");
  const elsewhere = await Elsewhere.open();
  // The page is in front, as far as the worker sees.
  await page.bringToFront();
  const seen = JSON.stringify({ v: 1, kind: "failed", tag: "%9 failed", state: "s", title: "seen", body: "b", at: 1 });
  await elsewhere.deliver(seen);
  const test = JSON.stringify({ v: 1, kind: "test", tag: "test", state: "test", title: "a test", body: "b", at: 2 });
  await elsewhere.deliver(test);
  await until("the test is shown", async () => (await shownBy(page)).length > 0);
  assert.deepEqual(
    (await shownBy(page)).map(({ title }) => title),
    ["a test"],
  );
  const since = service.got.length;
  await hide();
  asks.tell("ask cargo test");
  const waiting = async () => (await shownBy(page)).filter(({ tag }) => tag.endsWith("waiting"));
  await until("the page tells it", async () => (await waiting()).length === 1);
  const { text } = await service.next(since);
  await elsewhere.deliver(text);
  await elsewhere.deliver(text);
  assert.equal((await waiting()).length, 1);
  // The log has the test as pushed, and the state once.
  await openPanel();
  await panel().getByRole("listitem").filter({ hasText: "a test" }).filter({ hasText: "pushed" }).waitFor();
  assert.equal(await panel().locator(".notice-log li").filter({ hasText: "open:0.0" }).count(), 1);
});

/** What the page and its worker ask the browser for is noted there, and is not given up; the worker is slow to show the first. */
function slowly(): void {
  const scope = self as unknown as Slow;
  const { showNotification, getNotifications } = ServiceWorkerRegistration.prototype;
  scope.asked = [];
  const patience = new AbortController();
  AbortSignal.timeout = () => patience.signal;
  scope.giveUp = () => patience.abort();
  const released = new Promise<void>((done) => {
    scope.release = done;
  });
  ServiceWorkerRegistration.prototype.showNotification = async function (title, options) {
    scope.asked.push(`shows ${title}`);
    if (title === "first") await released;
    return showNotification.call(this, title, options);
  };
  ServiceWorkerRegistration.prototype.getNotifications = function (options) {
    scope.asked.push(`lists ${options?.tag}`);
    return getNotifications.call(this, options);
  };
}

interface Slow {
  asked: string[];
  giveUp(): void;
  release(): void;
}

test("regression: nobody lists notifications while another shows one", async () => {
  const asks = await agent("third");
  await come();
  await row("third:0.0").waitFor();
  await turnOn();
  await page.keyboard.press("Escape");
  const elsewhere = await Elsewhere.open();
  await until("the worker is known", () => visit.context.serviceWorkers().length > 0);
  const [worker] = visit.context.serviceWorkers();
  assert.ok(worker);
  const askedBy = (one: Page | Worker) => (one as Page).evaluate(() => (self as unknown as Slow).asked);
  const pushed = (title: string) =>
    JSON.stringify({ v: 1, kind: "test", tag: title, state: title, title, body: "b", at: 1 });
  await hide();
  await page.evaluate(slowly);
  await worker.evaluate(slowly);
  await elsewhere.deliver(pushed("first"));
  await until("the worker shows one", async () => (await askedBy(worker)).includes("shows first"));
  await elsewhere.deliver(pushed("second"));
  asks.tell("ask cargo test");
  // Both wait, or one of them does not.
  const others = async () => [...(await askedBy(worker)).slice(2), ...(await askedBy(page))];
  const waits = () =>
    page.evaluate(
      async (lock) => ((await navigator.locks.query()).pending ?? []).filter(({ name }) => name === lock).length,
      shownLock({ scope: `${visit.origin}/` }),
    );
  await until("both have come", async () => (await waits()) + (await others()).length > 1);
  assert.deepEqual(await others(), []);
  // One that waits for too long goes on all the same.
  await worker.evaluate(() => (self as unknown as Slow).giveUp());
  await until("the second is shown", async () => (await askedBy(worker)).includes("shows second"));
  assert.deepEqual(await askedBy(page), []);
  await worker.evaluate(() => (self as unknown as Slow).release());
  await until("all are shown", async () => {
    const tags = (await shownBy(page)).map((one) => one.tag);
    return ["first", "second", `${asks.pane} waiting`].every((one) => tags.includes(one));
  });
});

test("a test goes by the server and the push service, and what goes wrong is said", async () => {
  await come();
  await turnOn();
  const since = service.got.length;
  await panel().getByRole("button", { name: "Send a test" }).click();
  const { told } = await service.next(since);
  assert.equal(told.kind, "test");
  await panel().getByText("Sent: it shows in a moment").waitFor();
  service.answers.push(500);
  await panel().getByRole("button", { name: "Send a test" }).click();
  await panel().getByRole("alert").getByText("the push service answered 500").waitFor();
  await panel().getByText("The last one was not sent").waitFor();
  // The service says that it knows this browser no longer: it has to subscribe anew.
  service.answers.push(410);
  await panel().getByRole("button", { name: "Send a test" }).click();
  await panel().getByRole("alert").getByText("subscription is over").waitFor();
  await until("it is removed", async () => (await subscriptions()).length === 0);
});

test("what the device wants is kept by the server, and turning off ends it there too", async () => {
  await come();
  await turnOn();
  await panel().getByLabel("An agent finished").uncheck();
  await panel().getByLabel("An alert was raised").uncheck();
  await until("the server knows", async () => (await subscriptions())[0]?.kinds.join() === "waiting,failed");
  const [before] = await subscriptions();
  await page.reload();
  await openPanel();
  await brings().waitFor();
  assert.deepEqual(
    (await subscriptions()).map(({ subscription }) => subscription),
    [before?.subscription],
  );
  await panel().getByRole("button", { name: "Turn off" }).click();
  await panel().getByRole("button", { name: "Turn on" }).waitFor();
  await until("nobody is told", async () => (await subscriptions()).length === 0);
  assert.equal(await page.evaluate(() => localStorage.getItem("test.push")), null);
});

test("other devices are listed, and can be removed", async () => {
  await come();
  const other = await browser.newContext({ permissions: ["notifications"] });
  await service.serve(other, "/other");
  const there = await other.newPage();
  await there.goto(visit.origin);
  await there.getByLabel("Menu").click();
  await there.getByRole("button", { name: "Notifications" }).click();
  await there.getByRole("button", { name: "Turn on" }).click();
  await there.getByText("brings them here").waitFor();
  await other.close();
  await turnOn();
  const listed = panel().locator(".notice-devices").getByRole("listitem");
  await listed.filter({ hasText: "Chrome on Linux" }).waitFor();
  assert.equal(await listed.count(), 1, "this device is none of the others");
  await visit.shot("notifications-push");
  await page.setViewportSize(PHONE.viewport);
  await visit.shot("notifications-push-phone");
  await listed.getByRole("button", { name: "Remove Chrome on Linux" }).click();
  await listed.waitFor({ state: "detached" });
  assert.equal((await subscriptions()).length, 1);
});

test("a browser that reaches no push service tells with the page open, and says why no more", async () => {
  await openWindow({ permissions: ["notifications"], colorScheme: "light" });
  await page.addInitScript(() => {
    PushManager.prototype.subscribe = () =>
      Promise.reject(new DOMException("Registration failed - push service not available", "AbortError"));
  });
  await visit.goto();
  await openPanel();
  await panel().getByRole("button", { name: "Turn on" }).click();
  await panel().getByText("Only while this page is open").waitFor();
  await panel().getByText("The browser reaches no push service: Registration failed").waitFor();
  await visit.shot("notifications-light");
  await panel().getByRole("button", { name: "Send a test" }).click();
  await until("it is shown by the page", async () => (await shownBy(page)).some(({ tag }) => tag === "test"));
});

test("on a phone the panel is whole", async () => {
  await come(PHONE);
  await turnOn();
  await visit.shot("notifications-phone");
  const wide = await panel().evaluate((box) => box.scrollWidth - box.clientWidth);
  assert.equal(wide, 0);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { shownLock } from "../src/dashboard/shown.ts";
import { openPanel, panel, type Shown, shownBy } from "./support/notifications.ts";
import { agent, checkAccess, openWindow, page, row, stage, until, visit, world } from "./support/stage.ts";

// Contexts of Playwright are private windows: Chromium warns when one subscribes to push, and some time later takes back that
// it may show notifications. What is pushed is in dashboard-push.test.ts.
stage({ MUXWIRE_SECURITY_REQUIRE_AUTH: "false", MUXWIRE_PUSH_ENABLED: "false" });

async function come(permissions = ["notifications"]): Promise<void> {
  await openWindow({ permissions });
  // Where the system shows none by itself, Chromium takes them away after 25 s: too soon for what a busy machine does.
  await page.addInitScript(() => {
    const { showNotification } = ServiceWorkerRegistration.prototype;
    ServiceWorkerRegistration.prototype.showNotification = function (title, options) {
      return showNotification.call(this, title, { ...options, requireInteraction: true });
    };
  });
  await visit.goto();
  await page.getByRole("button", { name: "Connection: live" }).waitFor();
}

/** On, and told of at once. */
async function turnOn(): Promise<void> {
  await openPanel();
  await panel().getByLabel("When it has lasted for").fill("0");
  await panel().getByRole("button", { name: "Turn on" }).click();
  await panel().getByText("On for this device").waitFor();
}

const shown = (of = page): Promise<Shown[]> => shownBy(of);

const waiting = async (): Promise<Shown[]> => (await shown()).filter(({ tag }) => tag.endsWith(" waiting"));

/** Browsers without a screen show every page. What the page sees of that is put here. */
async function look(visible: boolean, of = page): Promise<void> {
  await of.evaluate(
    (state) => {
      Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
      document.dispatchEvent(new Event("visibilitychange"));
    },
    visible ? "visible" : "hidden",
  );
}

/** How many tabs are looked at, as these tell each other. */
const looking = (of = page): Promise<number> =>
  of.evaluate(async () => {
    const { held } = await navigator.locks.query();
    return (held ?? []).filter(({ name }) => name?.startsWith("muxwire.looks ")).length;
  });

test("the panel turns them on, a test is shown by the worker, and turning off leaves nothing behind", async () => {
  await come();
  await turnOn();
  await panel().getByRole("button", { name: "Send a test" }).click();
  await until("the test is shown", async () => (await shown()).some(({ tag }) => tag === "test"));
  assert.match((await shown())[0]?.body ?? "", /Notifications of lab reach this device/);
  await panel().getByRole("listitem").filter({ hasText: "reach this device" }).waitFor();
  const worker = await page.evaluate(async () => {
    const { scope, active } = await navigator.serviceWorker.ready;
    return { scope, script: active?.scriptURL, caches: await caches.keys() };
  });
  assert.deepEqual(worker, { scope: `${visit.origin}/`, script: `${visit.origin}/sw.js`, caches: [] });
  await visit.shot("notifications-dark");
  await checkAccess("notifications");
  await page.reload();
  await openPanel();
  await panel().getByText("On for this device").waitFor();
  assert.equal(await panel().getByLabel("When it has lasted for").inputValue(), "0");
  await panel().getByRole("button", { name: "Turn off" }).click();
  await panel().getByRole("button", { name: "Turn on" }).waitFor();
  await until("no worker is left", () =>
    page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length === 0),
  );
});

test("an agent that waits is told once while nobody looks, and no more when it is answered", async () => {
  const asks = await agent("first");
  await come();
  await row("first:0.0").waitFor();
  await turnOn();
  await page.keyboard.press("Escape");
  await look(false);
  asks.tell("ask cargo test");
  await until("it is told", async () => (await waiting()).length > 0);
  assert.deepEqual(
    (await waiting()).map(({ title, body }) => [title, body]),
    [["first:0.0", "claude: asks for permission"]],
  );
  // The page that is loaded anew, while nobody looks, doesn't tell it again, and takes over the one that shows.
  await page.addInitScript(() => {
    Object.defineProperty(document, "visibilityState", { configurable: true, get: () => "hidden" });
  });
  await page.reload();
  await row("first:0.0").getByRole("img", { name: "waiting" }).waitFor();
  const second = await agent("second");
  second.tell("ask cargo bench");
  await until("the other one is told", async () => (await waiting()).length === 2);
  const log = await page.evaluate(() => Object.values({ ...localStorage }).join("\n"));
  const told = log.match(/"kind":"waiting","title":"first:0.0"/g);
  assert.equal(told?.length, 1, log);
  await world.run("send-keys", "-t", asks.pane, "Enter");
  await until("it is closed", async () => (await waiting()).length === 1);
  assert.equal((await waiting())[0]?.title, "second:0.0");
});

test("what the agent says is shown only if it is allowed", async () => {
  const asks = await agent("words");
  await come();
  await row("words:0.0").waitFor();
  await turnOn();
  await panel().getByLabel("Show what the agent says").check();
  await page.keyboard.press("Escape");
  await look(false);
  asks.tell("ask cargo test");
  await until("it is told", async () => (await shown()).some(({ body }) => body.includes("ask again")));
});

test("nobody is told while they look, in another tab neither", async () => {
  const asks = await agent("tabs");
  await come();
  await row("tabs:0.0").waitFor();
  await turnOn();
  const other = await visit.context.newPage();
  await other.goto(visit.origin);
  await other.locator(".rows > .row").first().waitFor();
  await until("both are known to be looked at", async () => (await looking()) === 2);
  await look(false);
  await until("the other tab alone is looked at", async () => (await looking()) === 1);
  asks.tell("ask cargo test");
  await row("tabs:0.0").getByRole("img", { name: "waiting" }).waitFor();
  // What has been looked at is kept as such, by which it is known that it was decided.
  const decided = () =>
    page.evaluate(() =>
      Object.values({ ...localStorage })
        .join("")
        .includes("waiting 1"),
    );
  await until("it is decided", decided);
  assert.deepEqual(await shown(), []);
  await other.close();
});

test("a notification leads to its pane", async () => {
  await agent("leads");
  await come();
  await row("leads:0.0").waitFor();
  await turnOn();
  await page.keyboard.press("Escape");
  const pane = (await world.run("display-message", "-p", "-t", "leads:", "#{pane_id}")).trim();
  // It is registered once notifications are on, which takes a moment.
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
  });
  await until("the worker is known", () => visit.context.serviceWorkers().length > 0);
  const [worker] = visit.context.serviceWorkers();
  assert.ok(worker);
  const made = { pane, lock: shownLock({ scope: `${visit.origin}/` }) };
  await worker.evaluate(async ({ pane, lock }) => {
    const scope = self as unknown as { registration: ServiceWorkerRegistration; dispatchEvent(event: Event): void };
    const [notification] = await navigator.locks.request(lock, async () => {
      await scope.registration.showNotification("made by hand", { tag: "hand", data: { pane } });
      return scope.registration.getNotifications({ tag: "hand" });
    });
    const Clicked = (self as unknown as { NotificationEvent: new (type: string, init: object) => Event })
      .NotificationEvent;
    scope.dispatchEvent(new Clicked("notificationclick", { notification }));
  }, made);
  await until("the pane is open", () =>
    page.evaluate((hash) => location.hash === hash, `#pane=${pane.replace("%", "%25")}`),
  );
});

test("who has not allowed them is told what to do", async () => {
  await openWindow();
  await page.addInitScript(() => {
    Object.defineProperty(Notification, "permission", { get: () => "denied" });
  });
  await visit.goto();
  await openPanel();
  const problem = panel().getByRole("alert");
  await problem.getByText("told not to show notifications").waitFor();
  await problem.getByText("Allow them in the settings of the site").waitFor();
  assert.equal(await panel().getByRole("button", { name: "Turn on" }).count(), 0);
});

test("the page can be installed", async () => {
  await come();
  const session = await visit.context.newCDPSession(page);
  const { errors, url, data } = (await session.send("Page.getAppManifest")) as {
    errors: unknown[];
    url: string;
    data?: string;
  };
  assert.deepEqual([errors, url], [[], `${visit.origin}/manifest.webmanifest`]);
  const { installabilityErrors } = (await session.send("Page.getInstallabilityErrors")) as {
    installabilityErrors: { errorId: string }[];
  };
  // What is played here is a window that keeps nothing, where browsers install nothing.
  const problems = installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== "in-incognito");
  assert.deepEqual(problems, []);
  const { icons } = JSON.parse(data ?? "{}") as { icons: { src: string; type: string }[] };
  for (const { src, type } of icons) {
    const answer = await page.request.get(new URL(src, url).href);
    assert.deepEqual([answer.status(), answer.headers()["content-type"]], [200, type], src);
  }
});

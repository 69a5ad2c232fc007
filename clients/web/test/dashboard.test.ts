import assert from "node:assert/strict";
import { test } from "node:test";
import type { Locator } from "playwright-core";
import { World } from "../../js/test/support/world.ts";
import { DESK, PHONE } from "./support/browser.ts";
import {
  agent,
  come,
  ends,
  expect,
  keysSign,
  openWindow,
  page,
  row,
  session,
  stage,
  tile,
  until,
  visit,
  world,
} from "./support/stage.ts";

stage({ MUXWIRE_SECURITY_REQUIRE_AUTH: "false" });

const finder = () => page.locator("dialog[open]").getByRole("combobox");
const shapes = () =>
  page.locator(".rows > .row > .main > .shape").evaluateAll((all) => all.map((one) => one.getAttribute("aria-label")));
const places = () => page.locator(".rows > .row .place").allTextContents();
/** A dialog is answered only once it has shown for a moment. */
const answerable = (place: string) =>
  until("it can be answered", () => tile(place).locator(".answers button").first().isEnabled());
const connection = (word: string | RegExp) =>
  page.getByRole("button", { name: word instanceof RegExp ? word : `Connection: ${word}` });

/** Whether a tile has painted something that is not its background. */
async function hasPainted(place: string): Promise<boolean> {
  return tile(place)
    .locator("canvas")
    .evaluate((canvas: HTMLCanvasElement) => {
      const { width, height } = canvas;
      const copy = Object.assign(document.createElement("canvas"), { width, height });
      const context = copy.getContext("2d");
      if (!context || width === 0) return false;
      context.drawImage(canvas, 0, 0);
      const { data } = context.getImageData(0, 0, width, height);
      const colours = new Set<number>();
      for (let at = 0; at < data.length; at += 4) {
        colours.add(((data[at] ?? 0) << 16) | ((data[at + 1] ?? 0) << 8) | (data[at + 2] ?? 0));
      }
      return colours.size > 1;
    })
    .catch(() => false);
}

test("every pane is there, live, and the one that needs you first", async () => {
  const asks = await agent("api");
  const works = await agent("docs");
  await session("shell", "printf 'made by hand\\n'; exec cat");
  asks.tell("ask cargo test");
  works.tell("busy");
  await come();
  await row("api:0.0").getByRole("img", { name: "waiting" }).waitFor();
  await row("docs:0.0").getByRole("img", { name: "busy" }).waitFor();
  await until("rows are in order", async () => (await places())[0] === "api:0.0" && (await places())[1] === "docs:0.0");
  await row("api:0.0").getByText("asks for permission").waitFor();
  await row("api:0.0")
    .locator(".age", { hasText: /^\d+s$/ })
    .waitFor();
  await row("api:0.0").locator(".line", { hasText: "Do you want to proceed?" }).waitFor();
  for (const place of ["api:0.0", "docs:0.0", "shell:0.0", "keep:0.0"]) await tile(place).waitFor();
  await until("a tile has painted", () => hasPainted("shell:0.0"));
  await until("the title counts", async () => (await page.title()) === "(1) muxwire - lab");
  const icon = page.locator('link[rel="icon"]');
  await until("the icon counts", async () =>
    decodeURIComponent((await icon.getAttribute("href")) ?? "").includes(">1</text>"),
  );
  await connection("live").waitFor();
  await visit.shot("panes-dark");
  // What goes on shows by itself.
  works.tell("idle");
  await row("docs:0.0").getByRole("img", { name: "finished" }).waitFor();
  await tile("docs:0.0").getByRole("img", { name: "finished" }).waitFor();
  await until("the title counts both", async () => (await page.title()) === "(2) muxwire - lab");
});

test("rows stay where they are while somebody points at them, and are sorted behind that", async () => {
  const one = await agent("one");
  const two = await agent("two");
  one.tell("busy");
  two.tell("busy");
  await come();
  await until("both work", async () => (await shapes()).filter((shape) => shape === "busy").length === 2);
  const before = await places();
  assert.deepEqual(before.slice(0, 2), ["one:0.0", "two:0.0"]);
  await row("one:0.0").hover();
  two.tell("ask make");
  await row("two:0.0").getByRole("img", { name: "waiting" }).waitFor();
  const heights = await page
    .locator(".rows > .row")
    .evaluateAll((rows) => rows.map((one) => one.getBoundingClientRect().top));
  assert.deepEqual(await places(), before);
  await page.getByText("Order held").waitFor();
  // What comes meanwhile comes behind all others.
  await session("later");
  await until("it is there", async () => (await places()).at(-1) === "later:0.0");
  const after = await page
    .locator(".rows > .row")
    .evaluateAll((rows) => rows.map((one) => one.getBoundingClientRect().top));
  assert.deepEqual(after.slice(0, heights.length), heights, "no row has moved");
  // What goes meanwhile keeps its place.
  await world.run("kill-session", "-t", "later");
  await page.locator(".row.gone", { hasText: "later:0.0" }).waitFor();
  await page.mouse.move(DESK.width - 40, DESK.height - 40);
  await until("it is sorted", async () => (await places())[0] === "two:0.0");
  assert.ok(!(await places()).includes("later:0.0"));
  // The keyboard holds them as well.
  await row("two:0.0").locator(".main").focus();
  one.tell("ask rm");
  await row("one:0.0").getByRole("img", { name: "waiting" }).waitFor();
  await until("they are held", async () => (await places()).slice(0, 2).join(" ") === "two:0.0 one:0.0");
});

test("a key goes to the next that needs you, and another one answers it", async () => {
  const first = await agent("first");
  const second = await agent("second");
  first.tell("ask cargo build");
  await come();
  await row("first:0.0").getByRole("button", { name: "1 Yes", exact: true }).waitFor();
  second.tell("ask cargo run");
  await row("second:0.0").getByRole("button", { name: "1 Yes", exact: true }).waitFor();
  await page.keyboard.press("n");
  await until("the first is chosen", () => tile("first:0.0").evaluate((one) => one.matches(".chosen:focus-within")));
  await page.keyboard.press("n");
  await until("the second is chosen", () => tile("second:0.0").evaluate((one) => one.matches(".chosen:focus-within")));
  await page.keyboard.press("Shift+N");
  await until("the first again", () => tile("first:0.0").evaluate((one) => one.matches(".chosen:focus-within")));
  await answerable("first:0.0");
  await page.keyboard.press("2");
  await until("it is answered", () =>
    first.heard().some(({ asked, chosen }) => asked === "cargo build" && chosen === 2),
  );
  await row("first:0.0")
    .getByText(/answered: Yes, and don.t ask again/)
    .waitFor();
  assert.deepEqual(second.heard(), []);
  // By a tap.
  await tile("second:0.0").getByRole("button", { name: "3 No" }).click();
  await until("it is answered", () => second.heard().some(({ chosen }) => chosen === 3));
  await row("second:0.0").getByText("answered: No").waitFor();
  await until("nothing waits", async () => !(await shapes()).includes("waiting"));
});

test("what has finished is news until somebody has looked at it", async () => {
  const done = await agent("done");
  done.tell("busy");
  await come();
  await row("done:0.0").getByRole("img", { name: "busy" }).waitFor();
  done.tell("idle");
  await row("done:0.0").getByRole("img", { name: "finished" }).waitFor();
  await until("the title counts it", async () => (await page.title()).startsWith("(1)"));
  await row("done:0.0").locator(".main").click();
  await page.locator(".work .pane header h2", { hasText: "done:0.0" }).waitFor();
  await row("done:0.0").getByRole("img", { name: "ready" }).waitFor();
  await until("the title counts it no more", async () => (await page.title()) === "muxwire - lab");
  // One may also say so.
  done.tell("busy");
  await row("done:0.0").getByRole("img", { name: "busy" }).waitFor();
  await page.keyboard.press("Control+Shift+Space");
  await page.keyboard.press("Escape");
  done.tell("idle");
  await row("done:0.0").getByRole("img", { name: "finished" }).waitFor();
  await tile("done:0.0").locator(".main").focus();
  await page.keyboard.press("x");
  await row("done:0.0").getByRole("img", { name: "ready" }).waitFor();
});

test("a terminal takes all keys but those that leave it, and says so", async () => {
  await session("typed");
  await come();
  await tile("typed:0.0").locator(".main").focus();
  await page.keyboard.press("Enter");
  const sign = page.locator(".keys-sign");
  await sign.getByText("typed:0.0").waitFor();
  await page.keyboard.type("n?/xc");
  await page.keyboard.press("Control+k");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Enter");
  await until("the pane has them", async () =>
    (await world.run("capture-pane", "-p", "-t", "typed")).includes("n?/xc"),
  );
  assert.equal(await page.locator("dialog[open]").count(), 0);
  const before = await world.run("capture-pane", "-p", "-t", "typed");
  await page.keyboard.press("Control+Shift+Space");
  await sign.getByText("dashboard").waitFor();
  await page.keyboard.press("?");
  await page.getByRole("heading", { name: "Keys and help" }).waitFor();
  await page.keyboard.press("Escape");
  await page.locator("dialog[open]").waitFor({ state: "detached" });
  await page.keyboard.press("Enter");
  await sign.getByText("typed:0.0").waitFor();
  await page.keyboard.press("Control+Shift+Space");
  await page.keyboard.press("Escape");
  await tile("typed:0.0").waitFor();
  assert.equal(await world.run("capture-pane", "-p", "-t", "typed"), before, "nothing of that was typed");
});

test("from a terminal a key goes to the next that needs you, and types nothing", async () => {
  const first = await agent("wa");
  const second = await agent("wb");
  await session("wc");
  await come();
  // Who waits the longest comes first.
  first.tell("ask make");
  await row("wa:0.0").getByRole("button", { name: "1 Yes", exact: true }).waitFor();
  second.tell("ask make");
  await row("wb:0.0").getByRole("button", { name: "1 Yes", exact: true }).waitFor();
  await tile("wc:0.0").locator(".main").click();
  const sign = page.locator(".keys-sign");
  await sign.getByText("wc:0.0").waitFor();
  await page.keyboard.press("Control+Shift+ArrowDown");
  await sign.getByText("wa:0.0").waitFor();
  await page.keyboard.press("Control+Shift+ArrowDown");
  await sign.getByText("wb:0.0").waitFor();
  await page.keyboard.press("Control+Shift+ArrowUp");
  await sign.getByText("wa:0.0").waitFor();
  // The choice is made by the terminal's own keys as well.
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await until("it is answered", () => first.heard().some(({ chosen }) => chosen === 2));
  assert.deepEqual(second.heard(), []);
  assert.equal((await world.run("capture-pane", "-p", "-t", "wc")).trim(), "");
});

test("all that the page loads is at most 250 KB compressed, terminals included, and is kept for good", async () => {
  await session("weighed");
  const kept: string[] = [];
  await openWindow();
  page.on("response", async (response) => {
    if (new URL(response.url()).pathname.includes("/assets/")) kept.push(response.headers()["cache-control"] ?? "");
  });
  await visit.goto();
  await tile("weighed:0.0").locator(".main").click();
  await page.locator(".keys-sign", { hasText: "weighed:0.0" }).waitFor();
  const loaded = await page.evaluate(() =>
    [...performance.getEntriesByType("resource"), ...performance.getEntriesByType("navigation")].map((one) => {
      const { name, encodedBodySize } = one as PerformanceResourceTiming;
      return [name.split("/").at(-1) ?? "", encodedBodySize] as const;
    }),
  );
  const sum = loaded.reduce((all, [, size]) => all + size, 0);
  assert.ok(sum > 100_000 && sum <= 250_000, JSON.stringify(loaded));
  assert.ok(!loaded.some(([name]) => name.includes("editor")), "the editor of /protocol is not loaded");
  assert.ok(kept.length > 4 && kept.every((one) => one.includes("immutable")), JSON.stringify(kept));
});

test("a pane whose program has ended says how, and one that rang says so", async () => {
  await session("ends", "sh -c 'read line; exit 3'");
  await world.run("set-option", "-t", "ends", "remain-on-exit", "on");
  await session("rings");
  await world.run("new-window", "-d", "-t", "rings", "sh -c 'read line; printf \\\\007; cat'");
  await come();
  await tile("ends:0.0").waitFor();
  await world.run("send-keys", "-t", "ends", "Enter");
  await row("ends:0.0").getByText("ended with 3").waitFor();
  await tile("ends:0.0").getByText("ended with 3").waitFor();
  await world.run("send-keys", "-t", "rings:1", "Enter");
  await row("rings:1.0").getByText("bell", { exact: true }).waitFor();
  await tile("rings:1.0").getByText("bell", { exact: true }).waitFor();
});

test("arrows and hjkl go among tiles and rows", async () => {
  for (const name of ["ga", "gb", "gc", "gd"]) await session(name);
  await come();
  await tile("gd:0.0").waitFor();
  const focused = () => page.evaluate(() => document.activeElement?.closest("[data-pane]")?.getAttribute("aria-label"));
  await tile("ga:0.0").locator(".main").focus();
  await page.keyboard.press("l");
  assert.equal(await focused(), "gb:0.0");
  await page.keyboard.press("ArrowRight");
  assert.equal(await focused(), "gc:0.0");
  await page.keyboard.press("ArrowDown");
  const below = await focused();
  assert.notEqual(below, "gc:0.0");
  await page.keyboard.press("k");
  assert.notEqual(await focused(), below);
  await tile("ga:0.0").locator(".main").focus();
  await page.keyboard.press("h");
  assert.equal(await focused(), "ga:0.0", "nothing is beyond the edge");
  await row("ga:0.0").locator(".main").focus();
  await page.keyboard.press("j");
  assert.equal(await page.evaluate(() => document.activeElement?.querySelector(".place")?.textContent), "gb:0.0");
});

test("a long list is there as a whole, in each view, and follows what changes", async () => {
  await session("long");
  const windows = 130;
  for (let count = 1; count < windows; count += 1) await world.run("new-window", "-d", "-t", "long", "cat");
  await come();
  const count = (what: string) => page.locator(what).count();
  await until("all rows and tiles are there", async () => {
    const [rows, tiles] = [await count(".rows > .row"), await count(".tile")];
    return rows > windows && rows === tiles;
  });
  await page.keyboard.press("o");
  await until("the tree has all", async () => (await count(".thumbnail button")) === (await count(".rows > .row")));
  await world.run("rename-window", "-t", `long:${windows - 1}`, "the-last-one");
  await page.locator(".windows").getByText("the-last-one").waitFor();
  // Each is known by what it is, and not by where it stands.
  await world.run("swap-window", "-s", "long:0", "-t", `long:${windows - 1}`);
  await page
    .locator(".sessions > li", { hasText: "long" })
    .locator(".windows > li")
    .first()
    .getByText("the-last-one")
    .waitFor();
  await world.run("kill-window", "-t", "long:5");
  await until("one is less", async () => (await count(".thumbnail button")) === windows);
});

test("the grid is narrowed by session, state and name, and opens only what is in sight", async () => {
  const asks = await agent("asks");
  asks.tell("ask make");
  const many = await session("many");
  for (let count = 0; count < 29; count += 1) await world.run("new-window", "-d", "-t", "many", "cat");
  await come();
  await tile("many:29.0").waitFor({ state: "attached" });
  await until("what is in sight is open", () => visit.opened.has(asks.pane));
  assert.ok(visit.opened.size < 20, `${visit.opened.size} of 32 panes are open`);
  const last = (await world.run("list-panes", "-t", "many:29", "-F", "#{pane_id}")).trim();
  assert.ok(!visit.opened.has(last));
  await tile("many:29.0").scrollIntoViewIfNeeded();
  await until("it is open", () => visit.opened.has(last));
  await until("what is out of sight is closed", () => !visit.opened.has(many));
  await page.getByLabel("Session", { exact: true }).selectOption("asks");
  await until("one tile is left", async () => (await page.locator(".tile").count()) === 1);
  await page.getByLabel("Session", { exact: true }).selectOption("");
  await page
    .locator(".filter-bar")
    .getByRole("button", { name: /^waiting/ })
    .click();
  await until("one tile is left", async () => (await page.locator(".tile").count()) === 1);
  await page.getByRole("button", { name: "All", exact: true }).click();
  await page.keyboard.press("f");
  await page.keyboard.type("many:2");
  await until("names count", async () => (await page.locator(".tile").count()) === 11);
  await page.getByLabel("Filter by name").fill("nothing like that");
  await page.locator(".grid").getByText("No pane passes the filter.").waitFor();
  await page
    .locator(".grid")
    .getByRole("button", { name: /Show all/ })
    .click();
  await until("all are back", async () => (await page.locator(".tile").count()) > 30);
  await page.getByRole("button", { name: "small tiles" }).click();
  await visit.shot("grid-small-dark");
});

test("the overview has the tree, the agents and the machine", async () => {
  const asks = await agent("fleet");
  asks.tell("ask make");
  await world.run("split-window", "-h", "-t", "fleet", "cat");
  await world.run("new-window", "-d", "-t", "fleet", "-n", "logs", "cat");
  await come("#overview");
  const tree = page.locator(".tree");
  await tree.getByText("tmux 3").waitFor();
  const windows = tree.locator(".sessions > li", { hasText: "fleet" }).locator(".thumbnail");
  await until("both windows are there", async () => (await windows.count()) === 2);
  assert.equal(await windows.first().getByRole("button").count(), 2);
  const cells = page.locator("tbody tr", { hasText: "fleet:0.0" });
  await cells.getByText("asks for permission").waitFor();
  await page.locator(".machine", { hasText: "Processors" }).waitFor();
  await page.locator(".machine", { hasText: "Memory" }).waitFor();
  await visit.shot("overview-dark");
  await windows.nth(1).getByRole("button").click();
  await page.locator(".work .pane header h2", { hasText: "fleet:1.0" }).waitFor();
});

test("a prompt goes to several agents, each with its receipt", async () => {
  const one = await agent("pa");
  const two = await agent("pb");
  const asks = await agent("pc");
  for (const each of [one, two]) each.tell("idle");
  asks.tell("ask make");
  await come("#overview");
  for (const name of ["pa", "pb", "pc"]) {
    await page
      .locator("tbody tr", { hasText: `${name}:0.0` })
      .getByRole("checkbox")
      .check();
  }
  await page.locator("tbody tr", { hasText: "pc:0.0" }).getByText("asks for permission").waitFor();
  await page.getByRole("button", { name: "Prompt 3 agents" }).click();
  await page.getByLabel("Prompt", { exact: true }).fill("run the tests");
  await page.keyboard.press("Control+Enter");
  for (const each of [one, two]) {
    await until("it has the prompt", () => each.heard().some(({ prompt }) => prompt === "run the tests"));
  }
  const to = (name: string) => page.locator(".addressee", { hasText: `${name}:0.0` });
  await to("pa")
    .getByText(/^✓ submitted/)
    .waitFor();
  await to("pb")
    .getByText(/^✓ submitted/)
    .waitFor();
  await to("pc")
    .getByText(/not submitted: .*dialog/)
    .waitFor();
  // Who did not get it stays chosen, and the text with that.
  assert.ok(await to("pc").getByRole("checkbox").isChecked());
  assert.ok(!(await to("pa").getByRole("checkbox").isChecked()));
  assert.equal(await page.getByLabel("Prompt", { exact: true }).inputValue(), "run the tests");
  assert.deepEqual(asks.heard(), []);
  await visit.shot("composer-dark");
});

test("events are listed, filtered and paused, errors stand out, and alerts stand above", async () => {
  const asks = await agent("noted");
  asks.tell("ask make");
  await session("prints");
  await come("#activity");
  const entries = page.locator(".entries li");
  // What happened before the page came is there as well.
  await entries.filter({ hasText: "session.created" }).filter({ hasText: "noted" }).first().waitFor();
  await entries.filter({ hasText: "is waiting: permission" }).first().waitFor();
  await page.locator(".alerts li", { hasText: "claude waits: permission" }).waitFor();
  // So are alerts that were raised before it, and still stand.
  await page.reload();
  await page.locator(".alerts li", { hasText: "claude waits: permission" }).waitFor();
  await page.getByRole("button", { name: "output", exact: true }).click();
  await page.getByRole("button", { name: "output", exact: true, pressed: true }).waitFor();
  await until("output comes", async () => {
    await world.run("send-keys", "-t", "prints", "error: it broke", "Enter");
    return (await entries.filter({ hasText: "error: it broke" }).count()) > 0;
  });
  const error = entries.filter({ hasText: "error: it broke" }).first();
  await error.getByRole("img", { name: "error" }).waitFor();
  await page.getByRole("button", { name: "errors only" }).click();
  await until(
    "only errors are left",
    async () => (await entries.count()) === (await page.locator(".entries li.error").count()),
  );
  await page.getByRole("button", { name: "errors only" }).click();
  await page.getByLabel("Filter events").fill("session.created noted");
  await until("one is left", async () => (await entries.count()) === 1);
  await page.getByLabel("Filter events").fill("");
  await page.getByRole("button", { name: "Pause" }).click();
  await world.run("rename-session", "-t", "prints", "renamed");
  ends("renamed");
  await page.getByRole("button", { name: /Go on \(\d+\)/ }).waitFor();
  assert.equal(await entries.filter({ hasText: "prints is called renamed" }).count(), 0);
  await page.getByRole("button", { name: /Go on/ }).click();
  await entries.filter({ hasText: "prints is called renamed" }).waitFor();
  await visit.shot("activity-dark");
});

test("search finds names and what panes show, and the palette has the commands", async () => {
  await session("hay", "printf 'a needle in it\\n'; exec cat");
  await come();
  await tile("hay:0.0").waitFor();
  await page.keyboard.press("/");
  const field = finder();
  await field.fill("needle");
  const hit = page.locator("dialog[open]").getByRole("option").filter({ hasText: "a needle in it" });
  await hit.waitFor();
  await page.keyboard.press("Enter");
  await page.locator(".keys-sign", { hasText: "hay:0.0" }).waitFor();
  await page.keyboard.press("Control+Shift+Space");
  await page.keyboard.press("Control+k");
  await finder().fill("theme light");
  await page.keyboard.press("Enter");
  await until("it is light", () => page.evaluate(() => document.documentElement.dataset.theme === "light"));
  await page.keyboard.press("Control+k");
  await finder().fill("show activity");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Alerts that stand" }).waitFor();
  await page.keyboard.press("Control+k");
  await finder().fill("nothing is called so");
  await page.getByText("Nothing is called").waitFor();
  await page.keyboard.press("Escape");
  await until("it is closed", async () => (await page.locator("dialog[open]").count()) === 0);
  // What one prefers is kept in this browser.
  await page.reload();
  await until("it is light still", () => page.evaluate(() => document.documentElement.dataset.theme === "light"));
});

test("without a connection the last frame stays, marked, and all goes on behind it", async () => {
  expect(/WebSocket connection to/);
  await session("stays", "printf 'before the cut\\n'; exec cat");
  await come();
  await until("it has painted", () => hasPainted("stays:0.0"));
  await world.endServer();
  await connection(/Connection: reconnecting/).waitFor();
  await tile("stays:0.0").getByText("stale").waitFor();
  assert.ok(await hasPainted("stays:0.0"), "the last frame stays");
  await connection(/Connection: reconnecting/).click();
  await page.getByText("it goes on where it was").waitFor();
  await page.keyboard.press("Escape");
  await visit.shot("stale-dark");
  await world.serve();
  await connection("live").waitFor();
  await until("nothing is stale", async () => (await page.locator(".tile.stale").count()) === 0);
  await session("new-since");
  await tile("new-since:0.0").waitFor();
  await connection("live").click();
  await page.getByText(/^about [\d.]+ ms$/).waitFor();
});

test("on a phone it begins with who needs you, and types by bar and field without resizing anything", async () => {
  const asks = await agent("mobile");
  asks.tell("ask make");
  await session("beside");
  await come("", PHONE);
  await row("mobile:0.0").getByRole("button", { name: "1 Yes", exact: true }).waitFor();
  assert.ok(!(await page.locator(".grid").isVisible()));
  // No tile shows it, and yet the last line is known.
  await row("mobile:0.0").locator(".line", { hasText: "Do you want to proceed?" }).waitFor();
  await visit.shot("phone-attention-dark");
  await row("mobile:0.0").locator(".main").tap();
  const work = page.locator(".work");
  await work.getByRole("heading", { name: "mobile:0.0" }).waitFor();
  await visit.shot("phone-pane-dark");
  await work.getByRole("button", { name: "3 No" }).tap();
  await until("it is answered", () => asks.heard().some(({ chosen }) => chosen === 3));
  // A field apart from raw keys: for agents it prompts.
  await work.getByText("answered: No").waitFor();
  asks.tell("idle");
  await work.getByRole("img", { name: "finished" }).waitFor();
  await work.getByRole("textbox", { name: "Prompt for claude" }).fill("from a phone");
  await work.getByRole("button", { name: "Send" }).tap();
  await until("it has the prompt", () => asks.heard().some(({ prompt }) => prompt === "from a phone"));
  // Without one it types a line.
  await page.evaluate(() => {
    location.hash = "#attention";
  });
  await row("beside:0.0").locator(".main").tap();
  await work.getByRole("heading", { name: "beside:0.0" }).waitFor();
  await work.getByRole("textbox", { name: "Line for beside:0.0" }).fill("a line");
  await work.getByRole("button", { name: "Send" }).tap();
  const shown = () => world.run("capture-pane", "-p", "-t", "beside");
  await until("it is typed", async () => (await shown()).includes("a line"));
  await work.getByRole("button", { name: "Ctrl", exact: true }).tap();
  await work.getByRole("button", { name: "Ctrl V" }).waitFor({ state: "detached" });
  await work.getByRole("button", { name: "Ctrl X" }).tap();
  await until("the key was pressed", async () => (await shown()).includes("^X"));
  // A smaller page, as with a keyboard or turned to the side, changes nothing of tmux's.
  await page.setViewportSize({ width: 844, height: 300 });
  await page.setViewportSize({ width: 390, height: 420 });
  await page.setViewportSize({ width: 390, height: 844 });
  assert.equal(
    (await world.run("display-message", "-p", "-t", "beside", "#{pane_width}x#{pane_height}")).trim(),
    "80x24",
  );
  assert.equal(
    (await world.run("display-message", "-p", "-t", "mobile", "#{pane_width}x#{pane_height}")).trim(),
    "120x35",
  );
});

test("on a phone a swipe goes to the pane beside", async () => {
  await session("sa");
  await session("sb");
  await come("", PHONE);
  await until("both are there", async () => (await places()).includes("sb:0.0"));
  const order = await places();
  await row("sa:0.0").locator(".main").tap();
  const head = page.locator(".work .pane > header");
  await head.getByRole("heading", { name: "sa:0.0" }).waitFor();
  const after = order[order.indexOf("sa:0.0") + 1] ?? "";
  await swipe(head, -160);
  await page.locator(".work").getByRole("heading", { name: after }).waitFor();
  await swipe(page.locator(".work .pane > header"), 160);
  await page.locator(".work").getByRole("heading", { name: "sa:0.0" }).waitFor();
});

/** A finger on the middle of it that moves to the side. */
async function swipe(on: Locator, by: number): Promise<void> {
  const box = await on.boundingBox();
  assert.ok(box);
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const client = await visit.context.newCDPSession(page);
  const touch = (type: "touchStart" | "touchMove" | "touchEnd", at?: number) =>
    client.send("Input.dispatchTouchEvent", { type, touchPoints: at === undefined ? [] : [{ x: at, y }] });
  await touch("touchStart", x);
  await touch("touchMove", x + by / 2);
  await touch("touchMove", x + by);
  await touch("touchEnd");
}

test("where nobody may take the size, the button says why and changes nothing", async () => {
  await session("kept");
  await come();
  await tile("kept:0.0").locator(".main").click();
  await page.locator(".keys-sign", { hasText: "kept:0.0" }).waitFor();
  await page.getByRole("button", { name: /80×24/ }).click();
  await page.locator(".work .receipt.failed", { hasText: "terminal.resize" }).waitFor();
  assert.equal(
    (await world.run("display-message", "-p", "-t", "kept", "#{pane_width}x#{pane_height}")).trim(),
    "80x24",
  );
});

test("theme, colours and font of terminals are chosen in the menu, and kept", async () => {
  await session("styled", "printf '\\033[31mred\\033[m'; exec cat");
  await come();
  await until("a tile has painted", () => hasPainted("styled:0.0"));
  await page.getByLabel("Menu").click();
  const menu = page.locator(".menu-box");
  await menu.locator(".choices").getByText("light", { exact: true }).click();
  await menu.getByLabel("Terminal colours").selectOption("solarized dark");
  await menu.getByLabel("Terminal font").selectOption("18");
  await menu.getByLabel("Font family").fill('DejaVu Sans Mono"; } body { display: none');
  await menu.getByLabel("Font family").press("Tab");
  const ground = () => page.evaluate(() => document.documentElement.style.getPropertyValue("--screen"));
  assert.equal(await ground(), "#002b36");
  await page.keyboard.press("Escape");
  await until("a tile has painted", () => hasPainted("styled:0.0"));
  await page.reload();
  await tile("styled:0.0").waitFor();
  await until("it is kept", async () => (await ground()) === "#002b36");
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "light");
  await page.getByLabel("Menu").click();
  assert.equal(await menu.getByLabel("Terminal font").inputValue(), "18");
  assert.equal(await menu.getByLabel("Font family").inputValue(), "DejaVu Sans Mono body display none");
  await menu.getByLabel("Font family").fill("DejaVu Sans Mono");
  await menu.getByLabel("Font family").press("Tab");
  await page.keyboard.press("Escape");
  await tile("styled:0.0").locator(".main").click();
  await keysSign("styled:0.0").waitFor();
  // By hand, and by a command.
  await page.keyboard.press("Control+Shift+Space");
  await page.keyboard.press("Control+k");
  await finder().fill("load the page");
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
  await keysSign("styled:0.0").waitFor();
  await page.evaluate(() => localStorage.clear());
});

test("several panes stand side by side", async () => {
  await session("sida");
  await session("sidb");
  await come();
  await tile("sida:0.0").locator(".main").focus();
  await page.keyboard.press("Enter");
  await page.locator(".keys-sign", { hasText: "sida:0.0" }).waitFor();
  await page.keyboard.press("Control+Shift+Space");
  await page.keyboard.press("/");
  await finder().fill("sidb");
  await page
    .locator("dialog[open]")
    .getByRole("option", { name: /sidb:0.0/ })
    .waitFor();
  await page.keyboard.press("Shift+Enter");
  await page.locator(".work.of-2").waitFor();
  await page.locator(".keys-sign", { hasText: "sidb:0.0" }).waitFor();
  await page.keyboard.type("here");
  await until("the one to the right has it", async () =>
    (await world.run("capture-pane", "-p", "-t", "sidb")).includes("here"),
  );
  assert.equal((await world.run("capture-pane", "-p", "-t", "sida")).trim(), "");
  // The address knows both.
  await page.reload();
  await page.locator(".work.of-2").waitFor();
  await visit.shot("split-dark");
});

test("hostile names, titles and output become text in every view", async () => {
  const markup = "<img src=x onerror=alert(1)><script>alert(2)</script>";
  const pane = await session("h-<b>x</b>-\"'&", "cat");
  const asks = await agent("hostile-agent");
  asks.tell(`ask ${markup}`);
  const window = (await world.run("display-message", "-p", "-t", pane, "#{window_id}")).trim();
  await world.run("rename-window", "-t", window, markup);
  await world.run("select-pane", "-t", pane, "-T", `${markup}\u202e`);
  await world.run("send-keys", "-t", pane, "-l", markup);
  await come();
  await page.locator(".tile", { hasText: "h-<b>x</b>" }).waitFor();
  await row("hostile-agent:0.0").getByRole("button", { name: "1 Yes", exact: true }).waitFor();
  await page.keyboard.press("/");
  await finder().fill("onerror");
  await page.locator("dialog[open]").getByRole("option").first().waitFor();
  await page.keyboard.press("Escape");
  for (const view of ["overview", "activity", "history", "digest", `pane=${encodeURIComponent(pane)}`, "panes"]) {
    await page.evaluate((to) => {
      location.hash = `#${to}`;
    }, view);
    await page.getByText("h-<b>x</b>").first().waitFor();
    const found = await page.evaluate(
      () => document.querySelectorAll("#app img, #app script, #app b:not(.tabular)").length,
    );
    assert.equal(found, 0, view);
  }
});

test("without any pane, each view says what to do", async () => {
  const empty = await World.start({ MUXWIRE_SECURITY_REQUIRE_AUTH: "false" });
  try {
    await come("", {}, empty);
    await tile("keep:0.0").waitFor();
    await empty.run("kill-server");
    await page.getByText("There is no pane yet.").waitFor();
    await page.locator(".attention").getByText("tmux new-session -d").waitFor();
    await visit.shot("empty-dark");
    await page.keyboard.press("o");
    await page.getByText("No session yet.").waitFor();
    await page.getByText("No agent runs.").waitFor();
    await page.keyboard.press("c");
    await page.getByText("No agent runs in a pane that you see.").waitFor();
    await page.keyboard.press("Escape");
    await page.locator("dialog[open]").waitFor({ state: "detached" });
    await page.keyboard.press("n");
    await page.getByText("No agent needs you.").waitFor({ state: "attached" });
  } finally {
    await empty.stop();
  }
});

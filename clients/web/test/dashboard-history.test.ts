import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import xterm from "@xterm/headless";
import type { Download } from "playwright-core";
import { World } from "../../js/test/support/world.ts";
import { originOf, PHONE } from "./support/browser.ts";
import {
  agent,
  captured,
  checkAccess,
  come,
  expect,
  openWindow,
  page,
  prints,
  session,
  stage,
  tile,
  until,
  visit,
  world,
} from "./support/stage.ts";

stage({ MUXWIRE_SECURITY_REQUIRE_AUTH: "false", MUXWIRE_HISTORY_ENABLED: "true" });

const field = () => page.getByRole("searchbox", { name: "Search what panes printed" });
const hits = () => page.locator(".hits li");
const bar = () => page.getByRole("region", { name: "The past" });

/** Searches until that much is found: what was printed is written down a moment later. */
async function finds(what: string, text: string, count: number): Promise<void> {
  await field().fill(text);
  await until(what, async () => {
    await field().press("Enter");
    await page.getByRole("button", { name: "Search", exact: true }).waitFor();
    const note = await page.locator(".history > .note").textContent();
    return Number.parseInt(note || "0", 10) === count;
  });
  // A long list grows frame by frame.
  await until("all of them show", async () => (await hits().count()) === count);
}

test("what panes printed is found by words, phrases and expressions, and each line leads to its moment", async () => {
  const pane = await session("baker", "printf 'error: the oven is cold\\n'; exec cat");
  await session("other", "printf 'the oven of another one\\n'; exec cat");
  await come();
  await tile("baker:0.0").waitFor();
  await page.keyboard.press("s");
  await until("one may write at once", () => field().evaluate((one) => one === document.activeElement));
  await finds("both lines", "oven", 2);
  await finds("by the beginning of a word", "ov* another", 1);
  await finds("as a phrase", '"oven is cold"', 1);
  assert.equal(await hits().locator("mark").textContent(), "oven is cold");
  await hits().getByRole("img", { name: "error" }).waitFor();
  // Narrowed by pane, session, time and severity.
  await page.getByLabel("Panes", { exact: true }).fill(pane);
  await finds("of one pane", "oven", 1);
  await page.getByLabel("Panes", { exact: true }).fill("");
  await page.getByLabel("Sessions", { exact: true }).fill("oth*");
  await finds("of one session", "oven", 1);
  await hits().getByText("of another one").waitFor();
  await page.getByLabel("Sessions", { exact: true }).fill("");
  await page.getByLabel("At least").selectOption("error");
  await finds("of errors", "oven", 1);
  await page.getByLabel("At least").selectOption("info");
  await page.getByLabel("To", { exact: true }).fill("1d");
  await finds("of before", "oven", 0);
  await page.getByText("No line was found.").waitFor();
  await page.getByLabel("To", { exact: true }).fill("soon");
  await field().press("Enter");
  await page.getByText("“soon” is no time.").waitFor();
  await page.getByLabel("To", { exact: true }).fill("");
  // A regular expression, and one that is none.
  await page.getByText("regular expression", { exact: true }).click();
  await finds("what it fits", "oven (is|was)", 1);
  await field().fill("oven (");
  await field().press("Enter");
  await page.locator(".history .receipt.failed").waitFor();
  await finds("what it fits", "oven (is|was)", 1);
  await visit.shot("history-dark");
  await checkAccess("the search of lines");
  await hits().getByRole("link").click();
  await bar().waitFor();
  await page.locator(".work .pane header h2", { hasText: "baker:0.0" }).waitFor();
  await page.locator(".then-screen").waitFor();
  assert.match(await page.evaluate(() => location.hash), /&at=.*&offset=\d+$/);
  // What was found is still there.
  await page.goBack();
  await until("it is there", async () => (await hits().count()) === 1);
  await bar().waitFor({ state: "detached" });
});

test("many lines come a page at a time, and a search under way is cancelled", async () => {
  await session("many", "sh");
  // What is printed before muxwire is attached is not known line by line.
  await prints("many", "echo ready");
  await world.run("send-keys", "-t", "many", "for n in $(seq 130); do printf 'str%s %s\\n' aw $n; done", "Enter");
  const asked: string[] = [];
  let isHeld = false;
  await openWindow();
  await page.routeWebSocket(/monitor/, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((message) => {
      const { action } = JSON.parse(String(message)) as { action: string };
      if (["search", "cancel"].includes(action)) asked.push(action);
      if (action !== "search" || !isHeld) server.send(message);
    });
  });
  await visit.goto("#history");
  await finds("the last line", '"straw 130"', 1);
  await finds("the first page", "straw", 100);
  await page.getByRole("button", { name: "Older lines" }).click();
  await until("all are there", async () => (await hits().count()) === 130);
  assert.equal(await page.getByRole("button", { name: "Older lines" }).count(), 0);
  const numbers = await hits().locator("mark").count();
  assert.equal(numbers, 130);
  // Each once.
  const texts = await hits().locator(".text").allTextContents();
  assert.equal(new Set(texts).size, 130);
  isHeld = true;
  asked.length = 0;
  await field().fill("straw*");
  await page.getByRole("button", { name: "Search", exact: true }).click();
  await page.getByText("Searching …").waitFor();
  await until("it is asked", () => asked.includes("search"));
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByText("The search was cancelled.").waitFor();
  await until("the server is told", () => asked.includes("cancel"));
  isHeld = false;
  await finds("it goes on", "straw", 100);
});

test("what agents did since the last visit is told, and leads to its moments", async () => {
  const asks = await agent("night");
  await openWindow();
  await page.context().addInitScript(() => {
    localStorage.setItem("muxwire.visit", JSON.stringify({ host: "lab", last: Date.now() - 8 * 3_600_000 }));
  });
  await visit.goto();
  await page.locator(".rows > .row", { hasText: "night:0.0" }).waitFor();
  asks.tell("busy");
  await page.locator(".rows > .row", { hasText: "night:0.0" }).getByRole("img", { name: "busy" }).waitFor();
  asks.tell("ask cargo test");
  await page.locator(".rows > .row", { hasText: "night:0.0" }).getByRole("img", { name: "waiting" }).waitFor();
  await page.locator(".away", { hasText: "You were last here 8h00m ago." }).getByRole("link").click();
  await page.getByRole("heading", { name: "Since you were last here, 8h00m ago" }).waitFor();
  // Once it has shown it is no news in this visit.
  await page.locator(".digest > .note", { hasText: "agent" }).waitFor();
  await page.keyboard.press("p");
  await tile("night:0.0").waitFor();
  assert.equal(await page.locator(".away").count(), 0);
  await page.keyboard.press("d");
  const card = page.locator(".digests > li", { hasText: "night:0.0" });
  await until("it waits", async () => {
    await page.getByRole("button", { name: "Look again" }).click();
    await page.locator(".digest > .note", { hasText: "agent" }).waitFor();
    return (await card.getByRole("img", { name: "waiting" }).count()) === 1;
  });
  await card.getByText("asks for permission").first().waitFor();
  await card.locator("summary").click();
  await card.locator(".states li", { hasText: "busy" }).first().waitFor();
  await visit.shot("digest-dark");
  await checkAccess("the digest");
  await page.getByLabel("From when on").selectOption("1h");
  await page.getByRole("heading", { name: "What agents did in the last hour" }).waitFor();
  await card.locator(".states li", { hasText: "busy" }).first().getByRole("link").click();
  await bar().waitFor();
  await page.locator(".then-screen").waitFor();
});

test("a visit goes on over a reload, and another one begins when one was away", async () => {
  await openWindow();
  await visit.goto("#digest");
  // The first one knows of none before it.
  await page.getByRole("heading", { name: "What agents did in the last 8 hours" }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "What agents did in the last 8 hours" }).waitFor();
  await until("it is kept", () => page.evaluate(() => localStorage.getItem("muxwire.visit") !== null));
  await page.evaluate(() => {
    const kept = JSON.parse(localStorage.getItem("muxwire.visit") ?? "{}");
    localStorage.setItem("muxwire.visit", JSON.stringify({ ...kept, last: Date.now() - 26 * 3_600_000 }));
  });
  for (let round = 0; round < 2; round += 1) {
    await page.reload();
    await page.getByRole("heading", { name: "Since you were last here, 1d ago" }).waitFor();
  }
});

test("on a phone the history and the digest fit", async () => {
  await session(
    "handy",
    "printf 'a line that is much longer than any phone is wide, so that it has to be wrapped\\n'; exec cat",
  );
  await come("#history", PHONE);
  await finds("the line", "phone", 1);
  const fits = async (view: string) => {
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 390, `${view}: ${width} pixels wide`);
  };
  await fits("history");
  await checkAccess("the history on a phone");
  await visit.shot("phone-history-dark");
  await page.getByRole("navigation", { name: "Views on phones" }).getByRole("link", { name: "Digest" }).tap();
  await page.getByRole("heading", { name: "What agents did" }).waitFor();
  await fits("digest");
  await checkAccess("the digest on a phone");
});

test("where no history is kept, each view says so", async () => {
  const without = await World.start({ MUXWIRE_SECURITY_REQUIRE_AUTH: "false" });
  try {
    await come("", {}, without);
    await tile("keep:0.0").waitFor();
    await page.keyboard.press("t");
    await bar().getByText("No history is kept").waitFor();
    assert.ok(await bar().getByRole("button", { name: "Play" }).isDisabled());
    await page.keyboard.press("Escape");
    await tile("keep:0.0").and(page.locator(":not(.then)")).waitFor();
    await page.keyboard.press("d");
    await page.locator(".digest").getByText("No history is kept").waitFor();
    await page.keyboard.press("s");
    await field().fill("anything");
    await field().press("Enter");
    await page.locator(".history").getByText("No history is kept").waitFor();
  } finally {
    // A page would come back to a server that is gone.
    await page.goto("about:blank");
    await without.stop();
  }
});

test("what panes printed becomes text, and nothing else", async () => {
  const markup = "<img src=x onerror=alert(1)>";
  await session("sly", `printf '%s needle \\033[31m<b>x</b>\\n' '${markup}'; exec cat`);
  await come("#history");
  await finds("the line", "needle", 1);
  assert.match((await hits().locator(".text").textContent()) ?? "", /<img src=x onerror=alert\(1\)> needle <b>x<\/b>/);
  assert.equal(await page.evaluate(() => document.querySelectorAll("#app img, #app b:not(.tabular)").length), 0);
});

/** Chooses a form, and gives the file that comes of it. */
async function downloads(form: string): Promise<{ name: string; text: string }> {
  const sheet = page.locator("dialog[open]");
  await sheet.locator("select").selectOption(form);
  await sheet.getByRole("button", { name: "Download" }).click();
  const link = sheet.locator(".made a");
  const url = await link.getAttribute("href");
  // Of several files, browsers may want a click for each.
  const isThis = (one: Download) => one.url() === url;
  const [file] = await Promise.all([page.waitForEvent("download", isThis), link.click()]);
  return { name: file.suggestedFilename(), text: readFileSync(await file.path(), "utf8") };
}

/** What an asciicast shows in the end. */
async function endOf(text: string): Promise<{ head: { version: number }; screen: string }> {
  const [head, ...events] = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const { cols, rows } = head.version === 2 ? { cols: head.width, rows: head.height } : head.term;
  const terminal = new xterm.Terminal({ cols, rows, allowProposedApi: true });
  for (const [time, code, data] of events as [number, string, string][]) {
    assert.ok(time >= 0);
    if (code === "o") await new Promise<void>((done) => terminal.write(data, done));
  }
  const { active } = terminal.buffer;
  const lines = Array.from(
    { length: rows },
    (_, row) => active.getLine(active.baseY + row)?.translateToString(true) ?? "",
  );
  return { head, screen: lines.join("\n").trimEnd() };
}

test("what a pane printed is downloaded as an asciicast and as text, and shows the same in the end", async () => {
  await session("filed", "sh");
  await openWindow();
  await visit.goto();
  await prints("filed", "echo ready");
  await world.run(
    "send-keys",
    "-t",
    "filed",
    "for n in $(seq 60); do printf '\\033[32mrow\\033[m %s\\n' $n; done",
    "Enter",
  );
  await prints("filed", "echo 'wide 字 and ü'");
  await tile("filed:0.0").locator(".main").click();
  await page.locator(".pane > header").getByRole("button", { name: "Download what this pane printed" }).click();
  const sheet = page.locator("dialog[open]");
  await sheet.getByLabel("From", { exact: true }).fill("soon");
  await sheet.getByRole("button", { name: "Download" }).click();
  await sheet.getByText("This is no time.").waitFor();
  await sheet.getByLabel("From", { exact: true }).fill("10m");
  const expected = (await captured("filed")).trimEnd();
  assert.match(expected, /wide 字 and ü/);
  for (const version of [2, 3]) {
    const { name, text } = await downloads(`cast-v${version}`);
    assert.match(name, /^filed-0\.0-\d{8}-\d{6}\.cast$/);
    const { head, screen } = await endOf(text);
    assert.equal(head.version, version);
    assert.equal(screen, expected);
  }
  const { name, text } = await downloads("text");
  assert.match(name, /\.txt$/);
  const all = await world.run("capture-pane", "-p", "-J", "-S", "-", "-t", "filed");
  const trimmed = (one: string) =>
    one
      .trimEnd()
      .split("\n")
      .map((line) => line.trimEnd());
  assert.deepEqual(trimmed(text), trimmed(all));
  await checkAccess("the download");
  await visit.shot("download-dark");
  await sheet.getByLabel("From", { exact: true }).fill("2d");
  await sheet.getByLabel("To", { exact: true }).fill("1d");
  await sheet.getByRole("button", { name: "Download" }).click();
  await sheet.getByText("Nothing is kept of this pane in this time.").waitFor();
});

test("a download that is cancelled leaves no file", async () => {
  await session("dropped");
  await openWindow();
  await page.routeWebSocket(/monitor/, (socket) => {
    const server = socket.connectToServer();
    // Nothing comes of a replay but that it has begun.
    server.onMessage((message) => {
      if (!/^\{"type":"replay\.(snapshot|output|end)/.test(String(message))) socket.send(message);
    });
  });
  await visit.goto();
  await prints("dropped", "something");
  await tile("dropped:0.0").locator(".main").click();
  await page.locator(".pane > header").getByRole("button", { name: "Download what this pane printed" }).click();
  const files: string[] = [];
  page.on("download", (file) => files.push(file.suggestedFilename()));
  const sheet = page.locator("dialog[open]");
  await sheet.getByRole("button", { name: "Download" }).click();
  await sheet.getByRole("progressbar").waitFor();
  await sheet.getByRole("button", { name: "Cancel" }).click();
  await sheet.getByRole("button", { name: "Download" }).waitFor();
  await sheet.getByRole("progressbar").waitFor({ state: "detached" });
  assert.deepEqual(files, []);
});

/** Has programs say something, and returns once it stands in the log. */
async function emits(to: World, events: object[]): Promise<void> {
  const answer = await fetch(`${originOf(to)}/api/events`, { method: "POST", body: JSON.stringify({ events }) });
  assert.equal(answer.status, 200, await answer.text());
}

test("the activity goes back as far as the history does", async () => {
  const count = 450;
  for (let from = 0; from < count; from += 50) {
    const events = Array.from({ length: 50 }, (_, at) => ({
      type: "x.lab.tick",
      data: { title: `tick ${from + at}.` },
    }));
    await emits(world, events);
  }
  await come("#activity");
  const entry = (text: string) => page.locator(".entries li", { hasText: text });
  await entry(`tick ${count - 1}.`).waitFor();
  assert.equal(await entry("tick 0.").count(), 0);
  await page.getByRole("button", { name: "Older events" }).click();
  await until("the first is there", async () => {
    // It goes when there are none, which may be between a look and a click.
    await page.evaluate(() => {
      const buttons = [...document.querySelectorAll("button")];
      buttons.find((one) => one.textContent?.trim() === "Older events" && !one.disabled)?.click();
    });
    return (await entry("tick 0.").count()) === 1;
  });
  const ticks = await page.locator(".entries li .text", { hasText: "tick" }).allTextContents();
  assert.deepEqual(
    ticks.map((text) => text.trim()),
    Array.from({ length: count }, (_, at) => `tick ${count - 1 - at}.`),
  );
  // What comes is at the other end.
  await emits(world, [{ type: "x.lab.tick", data: { title: "tick at last" } }]);
  await entry("tick at last").waitFor();
  await checkAccess("the activity");
});

test("regression: after a crash the activity has the events of before, and says where some may be missing", async () => {
  expect(/WebSocket connection to/);
  const own = await World.start({ MUXWIRE_SECURITY_REQUIRE_AUTH: "false", MUXWIRE_HISTORY_ENABLED: "true" });
  try {
    await emits(own, [{ type: "x.lab.before", data: { title: "before the crash" } }]);
    await until("it is written down", async () => {
      const found = await fetch(`${originOf(own)}/api/history?types=x.lab.before`);
      return ((await found.json()) as { events: unknown[] }).events.length === 1;
    });
    await own.endServer("SIGKILL");
    await own.serve();
    await emits(own, [{ type: "x.lab.behind", data: { title: "behind the crash" } }]);
    await come("#activity", {}, own);
    const entry = (text: string) => page.locator(".entries li", { hasText: text });
    await entry("behind the crash").waitFor();
    await entry("before the crash").waitFor();
    await entry("muxwire ended unexpectedly here").waitFor();
    assert.equal(await entry("Earlier events are gone").count(), 0);
  } finally {
    await own.stop();
  }
});

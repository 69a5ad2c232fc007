import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { ROOT, until, World } from "../../js/test/support/world.ts";
import { StandIn } from "./support/agents.ts";
import { launch, originOf, PHONE, Visit } from "./support/browser.ts";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let world: World;
let browser: Browser;
let asks: StandIn;
let visit: Visit;
let page: Page;
let expected: RegExp | undefined;
let tokens = 0;

before(async () => {
  world = await World.start({ MUXWIRE_REDACTION_ENABLED: "true", MUXWIRE_TERMINAL_RESIZE: "client" });
  browser = await launch();
  asks = await StandIn.start(world, "api");
  asks.tell("ask cargo test");
  await world.run("new-session", "-d", "-s", "other", "-x", "80", "-y", "24", "cat");
});
after(async () => {
  await browser?.close();
  await world?.stop();
});
beforeEach(() => {
  // Browsers say each answer that is an error.
  expected = /status of 40[13]/;
});
afterEach(async () => {
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  assert.equal(kept, '[{},{},""]', "no program of a page can read what lets this browser in");
  await visit.end(expected);
});

async function come(path = "", options: Parameters<typeof Visit.begin>[2] = {}): Promise<void> {
  visit = await Visit.begin(browser, world, options);
  page = visit.page;
  await visit.goto(path);
}

async function enter(token: string): Promise<void> {
  await page.getByLabel("Or enter a token").fill(token);
  await page.getByRole("button", { name: "Come in" }).click();
}

const tile = (place: string) => page.locator(`.tile[aria-label="${place}"]`);
const row = (place: string) => page.locator(".rows > .row", { has: page.locator(".place", { hasText: place }) });

async function comeAs(options: string[], path = ""): Promise<void> {
  tokens += 1;
  const token = world.newToken("--name", `somebody-${tokens}`, ...options);
  await come(path);
  await enter(token);
}

test("who is not known is told how to come in, and a token is changed for a session", async () => {
  await come();
  await page.getByText("muxwire url").waitFor();
  await page.getByText("muxwire token create --name me --allow write").waitFor();
  await visit.shot("coming-in-dark");
  await enter("mw_wrong");
  const problem = page.locator("[role=alert] .problem");
  await problem.getByText("The token is not accepted").waitFor();
  await problem.getByText("muxwire token create").waitFor();
  await enter(world.token);
  await row("api:0.0").waitFor();
  const cookies = await visit.context.cookies();
  assert.deepEqual(
    cookies.map(({ httpOnly, sameSite }) => [httpOnly, sameSite]),
    [[true, "Strict"]],
  );
  assert.ok(!(await page.content()).includes(world.token));
  await page.reload();
  await row("api:0.0").waitFor();
  await page.locator(".menu summary").click();
  await page.locator(".menu").getByText("test", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByLabel("Or enter a token").waitFor();
  await page.reload();
  await page.getByLabel("Or enter a token").waitFor();
  assert.deepEqual(await visit.context.cookies(), []);
});

test("a code in the address lets in once, and does not stay in it", async () => {
  const path = codeAddress();
  await come(path);
  await row("api:0.0").waitFor();
  assert.equal(new URL(page.url()).hash, "");
  assert.ok(!(await page.evaluate(() => JSON.stringify(history.state))).includes("code"));
  // Used up: but who is in stays in.
  await page.goto("about:blank");
  await page.goto(`${originOf(world)}/${path}`);
  await row("api:0.0").waitFor();
  // Another one where the page is open already: it goes on with the session that it gets.
  const another = codeAddress();
  await page.evaluate((hash) => {
    location.hash = hash;
  }, another);
  await until("it is taken out", async () => new URL(page.url()).hash === "");
  await page.getByRole("button", { name: "Connection: live" }).waitFor();
  await world.run("new-session", "-d", "-s", "behind-it", "cat");
  await row("behind-it:0.0").waitFor();
  await visit.end(expected);
  await come(path);
  await page
    .locator("[role=alert]")
    .getByText("The code in this address is used up, or older than 5 minutes.")
    .waitFor();
  await page.locator("[role=alert]").getByText("muxwire url").waitFor();
  assert.equal(new URL(page.url()).hash, "");
});

test("a token that is revoked lets out at once, and says so", async () => {
  await comeAs(["--allow", "read"]);
  await row("api:0.0").waitFor();
  program("token", "revoke", `somebody-${tokens}`);
  await page.locator("[role=alert]").getByText("You were let out").waitFor();
});

test("who may only look sees no way to type", async () => {
  await comeAs(["--allow", "read"]);
  await row("api:0.0").getByText("asks for permission").waitFor();
  await page.getByText("read only").waitFor();
  assert.equal(await page.locator(".answers").count(), 0);
  await page.keyboard.press("c");
  assert.equal(await page.locator("dialog[open]").count(), 0);
  await row("api:0.0").locator(".main").click();
  await page.locator(".work .pane header h2", { hasText: "api:0.0" }).waitFor();
  await until("it is painted", async () => (await page.locator(".work .xterm").count()) > 0);
  assert.equal(await page.locator(".work .answers, .work .typing-bar, .work button.size").count(), 0);
  await page.locator(".work .xterm").click();
  await page.keyboard.type("3");
  await page.locator(".keys-sign", { hasText: "dashboard" }).waitFor();
  assert.deepEqual(asks.heard(), []);
  await page.goto(`${originOf(world)}/#overview`);
  await page.locator("tbody tr", { hasText: "api:0.0" }).waitFor();
  assert.equal(await page.locator("tbody input").count(), 0);
  // To mark as seen is only for oneself.
  await visit.shot("read-only-dark");
});

test("who sees some sessions sees no others, in any view", async () => {
  await comeAs(["--allow", "write", "--session", "oth*"]);
  await tile("other:0.0").waitFor();
  for (const view of ["panes", "overview", "activity"]) {
    await page.evaluate((to) => {
      location.hash = `#${to}`;
    }, view);
    await page.locator(`a[aria-current="page"][href="#${view}"]`).first().waitFor();
    await row("other:0.0").waitFor();
    assert.ok(!(await page.locator("#app").textContent())?.includes("api"), view);
  }
  await page.keyboard.press("/");
  await page.locator("dialog[open]").getByRole("combobox").fill("cargo");
  await page.getByText("Nothing is called").waitFor();
});

test("whom secrets are kept from sees masks", async () => {
  const secret = `ghp_${randomBytes(18).toString("hex")}`;
  await world.run(
    "new-session",
    "-d",
    "-s",
    "secrets",
    "-x",
    "80",
    "-y",
    "24",
    `printf '%s\\n' 'token ${secret}'; exec cat`,
  );
  await comeAs(["--allow", "read", "--redact"]);
  await page.getByText("masked", { exact: true }).waitFor();
  await tile("secrets:0.0").waitFor();
  await page.keyboard.press("/");
  const finder = page.locator("dialog[open]").getByRole("combobox");
  await finder.fill("token");
  await page
    .locator("dialog[open]")
    .getByRole("option", { name: /secrets/ })
    .waitFor();
  const said = await page.locator("dialog[open]").textContent();
  assert.ok(!said?.includes(secret), "the secret is masked");
  await finder.fill(secret.slice(4, 30));
  await page.getByText("Nothing is called").waitFor();
});

test("one terminal stands alone at an address of its own", async () => {
  await comeAs(["--allow", "write"], "t/other");
  await page.locator(".embedded .xterm").waitFor();
  assert.equal(await page.locator(".top, .side, .tabs").count(), 0);
  await page.locator(".embedded .xterm").click();
  await page.keyboard.type("typed alone");
  await until("the pane has it", async () =>
    (await world.run("capture-pane", "-p", "-t", "other")).includes("typed alone"),
  );
  await page.goto(`${originOf(world)}/t/api?pane=${encodeURIComponent(asks.pane)}`);
  await page.locator(".embedded .xterm").waitFor();
  await visit.shot("embedded-dark");
});

test("the size is taken by a button that says whose it is, and given back", async () => {
  const size = async () =>
    (await world.run("display-message", "-p", "-t", "other", "#{pane_width}x#{pane_height}")).trim();
  const before = await size();
  await comeAs(["--allow", "write"]);
  await tile("other:0.0").locator(".main").click();
  await page.locator(".keys-sign", { hasText: "other:0.0" }).waitFor();
  assert.equal(await size(), before, "to open it changes nothing");
  await page.getByRole("button", { name: /tmux$/ }).click();
  await page.getByRole("button", { name: /yours, give back/ }).waitFor();
  await until("it has another size", async () => (await size()) !== before);
  await page.getByRole("button", { name: /yours, give back/ }).click();
  await until("tmux has it again", async () => (await size()) === before);
  await page.getByRole("button", { name: /tmux$/ }).waitFor();
});

for (const theme of ["dark", "light", "contrast"] as const) {
  test(`axe finds nothing serious in any view, ${theme}`, async () => {
    // Colours that change are none to be judged.
    await come("", { reducedMotion: "reduce" });
    await check(`coming in, ${theme}`);
    await enter(world.token);
    await row("api:0.0").getByRole("button", { name: "1 Yes", exact: true }).waitFor();
    await page.locator(".menu summary").click();
    await page.locator(".menu .choices").getByText(theme, { exact: true }).click();
    await until("the theme shows", () =>
      page.evaluate((name) => document.documentElement.dataset.theme === name, theme),
    );
    await check(`menu, ${theme}`);
    await page.locator(".menu summary").click();
    for (const view of ["panes", "overview", "activity", `pane=${encodeURIComponent(asks.pane)}`]) {
      await page.evaluate((to) => {
        location.hash = `#${to}`;
      }, view);
      await page
        .locator({ panes: ".tile canvas", overview: "tbody tr", activity: ".entries li" }[view] ?? ".xterm")
        .first()
        .waitFor();
      await check(`${view}, ${theme}`);
    }
    await page.evaluate(() => {
      location.hash = "#panes";
    });
    await tile("api:0.0").locator(".main").focus();
    for (const [key, name] of [
      ["?", "help"],
      ["c", "composer"],
      ["/", "search"],
      ["Control+k", "palette"],
    ] as const) {
      await page.keyboard.press(key);
      await page.locator("dialog[open]").waitFor();
      await check(`${name}, ${theme}`);
      await page.keyboard.press("Escape");
      await page.locator("dialog[open]").waitFor({ state: "detached" });
    }
    await page.getByRole("button", { name: "Connection: live" }).click();
    await page.getByText(/^about [\d.]+ ms$/).waitFor();
    await check(`connection, ${theme}`);
    await page.keyboard.press("Escape");
    await page.evaluate(() => localStorage.clear());
  });
}

test("axe finds nothing serious on a phone", async () => {
  await come("", { ...PHONE, reducedMotion: "reduce" });
  await enter(world.token);
  await row("api:0.0").getByRole("button", { name: "1 Yes", exact: true }).waitFor();
  await check("attention");
  await row("api:0.0").locator(".main").tap();
  await page.locator(".work .xterm").waitFor();
  await check("pane");
  for (const view of ["panes", "overview", "activity"]) {
    await page.evaluate((to) => {
      location.hash = `#${to}`;
    }, view);
    await page
      .locator({ panes: ".tile canvas", overview: "tbody tr", activity: ".entries li" }[view] ?? "")
      .first()
      .waitFor();
    await check(view);
  }
});

test("nothing moves for those who want no motion", async () => {
  await come("", { reducedMotion: "reduce" });
  await enter(world.token);
  await row("api:0.0").waitFor();
  const moving = await page.evaluate(
    () =>
      [...document.querySelectorAll("*")].filter((one) => {
        const { transitionDuration, animationName } = getComputedStyle(one);
        return animationName !== "none" || /[1-9]/.test(transitionDuration);
      }).length,
  );
  assert.equal(moving, 0);
});

/** Whether axe finds anything serious in what shows now. */
async function check(view: string): Promise<void> {
  const client = await visit.context.newCDPSession(page);
  // As a tool of the browser's: the page's own policy lets no such text run.
  await client.send("Runtime.evaluate", { expression: `${AXE};0` });
  const run = "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => JSON.stringify(violations))";
  const { result, exceptionDetails } = await client.send("Runtime.evaluate", {
    expression: run,
    awaitPromise: true,
    returnByValue: true,
  });
  await client.detach();
  assert.ok(!exceptionDetails, JSON.stringify(exceptionDetails));
  const found = JSON.parse(String(result.value)) as Array<{
    id: string;
    impact: string;
    nodes: Array<{ html: string; failureSummary: string }>;
  }>;
  const serious = found
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${view}: ${id}: ${html.slice(0, 200)}: ${failureSummary}`),
    );
  assert.deepEqual(serious, []);
}

/** Runs muxwire beside the server, with the same folders. */
function program(...words: string[]): string {
  const path = process.env.MUXWIRE ?? join(ROOT, "target/debug/muxwire");
  return execFileSync(path, words, { env: world.environment, encoding: "utf8" });
}

/** The address with a one-time code, as `muxwire url` prints it. */
function codeAddress(): string {
  const said = program("url", "--listen", new URL(world.url).host);
  const found = /#code=[\w-]+/.exec(said)?.[0];
  assert.ok(found, said);
  return found;
}

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import { ROOT } from "../../js/test/support/world.ts";
import { StandIn } from "./support/agents.ts";
import { originOf, PHONE } from "./support/browser.ts";
import { checkAccess, come, page, row, stage, tile, until, visit, world } from "./support/stage.ts";

/** It waits for an answer all the time. */
let asks: StandIn;
let tokens = 0;

// Before the window is closed.
afterEach(async () => {
  const [kept, tabs, seen] = await page.evaluate(() => {
    const { "muxwire.tabs": tabs = "{}", ...session } = { ...sessionStorage } as Record<string, string>;
    const { "muxwire.visit": seen = "", ...local } = { ...localStorage } as Record<string, string>;
    return [JSON.stringify([local, session, document.cookie]), tabs, seen] as const;
  });
  assert.equal(kept, '[{},{},""]', "no program of a page can read what lets this browser in");
  assert.match(
    tabs.replace(/"(server|tabs|panes|kept)":|true|false/g, ""),
    /^[{}[\]",%\d ]*$/,
    "of tabs, ids are kept",
  );
  assert.match(
    seen,
    /^(\{"host":"lab",("since":\d+,)?"last":\d+(,"since":\d+)?(,"told":true)?\})?$/,
    "of visits, times are kept",
  );
});
// Browsers say each answer that is an error.
stage({ MUXWIRE_REDACTION_ENABLED: "true", MUXWIRE_TERMINAL_RESIZE: "client" }, /status of 40[13]/, async () => {
  asks = await StandIn.start(world, "api");
  asks.tell("ask cargo test");
  await world.run("new-session", "-d", "-s", "other", "-x", "80", "-y", "24", "cat");
});

/** What is there when a view is. */
const SHOWN: Record<string, string> = {
  panes: ".tile canvas",
  overview: "tbody tr",
  activity: ".entries li",
  history: ".history-form",
  digest: ".digest .receipt",
};

async function enter(token: string): Promise<void> {
  await page.getByLabel("Or enter a token").fill(token);
  await page.getByRole("button", { name: "Come in" }).click();
}

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
  await visit.end(/status of 40[13]/);
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
  for (const view of ["panes", "overview", "activity", "history", "digest"]) {
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
    await checkAccess(`coming in, ${theme}`);
    await enter(world.token);
    await row("api:0.0").getByRole("button", { name: "1 Yes", exact: true }).waitFor();
    await page.locator(".menu summary").click();
    await page.locator(".menu .choices").getByText(theme, { exact: true }).click();
    await until("the theme shows", () =>
      page.evaluate((name) => document.documentElement.dataset.theme === name, theme),
    );
    await checkAccess(`menu, ${theme}`);
    await page.locator(".menu summary").click();
    for (const view of [
      "panes",
      "overview",
      "activity",
      "history",
      "digest",
      `pane=${encodeURIComponent(asks.pane)}`,
    ]) {
      await page.evaluate((to) => {
        location.hash = `#${to}`;
      }, view);
      await page
        .locator(SHOWN[view] ?? ".xterm")
        .first()
        .waitFor();
      await checkAccess(`${view}, ${theme}`);
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
      await checkAccess(`${name}, ${theme}`);
      await page.keyboard.press("Escape");
      await page.locator("dialog[open]").waitFor({ state: "detached" });
    }
    await page.getByRole("button", { name: "Connection: live" }).click();
    await page.getByText(/^about [\d.]+ ms$/).waitFor();
    await checkAccess(`connection, ${theme}`);
    await page.keyboard.press("Escape");
    await page.evaluate(() => localStorage.clear());
  });
}

test("axe finds nothing serious on a phone", async () => {
  await come("", { ...PHONE, reducedMotion: "reduce" });
  await enter(world.token);
  await row("api:0.0").getByRole("button", { name: "1 Yes", exact: true }).waitFor();
  await checkAccess("attention");
  await row("api:0.0").locator(".main").tap();
  await page.locator(".work .xterm").waitFor();
  await checkAccess("pane");
  for (const view of ["panes", "overview", "activity", "history", "digest"]) {
    await page.evaluate((to) => {
      location.hash = `#${to}`;
    }, view);
    await page
      .locator(SHOWN[view] ?? "body")
      .first()
      .waitFor();
    await checkAccess(view);
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

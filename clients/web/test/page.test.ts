import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { dirname, join, resolve } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { promisify } from "node:util";
import { build } from "esbuild";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { ROOT, until, World } from "../../js/test/support/world.ts";

const run = promisify(execFile);
/** Where pictures of the page are put, if they are wanted. */
const SHOTS = process.env.SHOTS;
const CHROMIUM = ["chromium", "chromium-browser", "google-chrome"];
/** Within so many milliseconds what is waited for has to be there, on a busy machine too. */
const LONG = 20_000;
const DESK = { width: 1440, height: 900 };

let world: World;
let browser: Browser;
let context: BrowserContext;
let page: Page;
/** What went wrong in the page: no test ends with any of it, but for what it names itself. */
let wrong: string[] = [];
let expected: RegExp | undefined;

const origin = () => new URL(world.url.replace(/^ws/, "http")).origin;

before(async () => {
  const path = (process.env.PATH ?? "").split(":").flatMap((folder) => CHROMIUM.map((name) => join(folder, name)));
  const executablePath = process.env.CHROMIUM ?? path.find((file) => existsSync(file));
  assert.ok(executablePath, "there is no chromium: install Debian's, or name one in CHROMIUM");
  world = await World.start();
  browser = await chromium.launch({ executablePath });
});
after(async () => {
  await browser?.close();
  await world?.stop();
});

beforeEach(async () => {
  wrong = [];
  expected = undefined;
  context = await browser.newContext({ viewport: DESK, colorScheme: "light" });
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: origin() });
  page = await context.newPage();
  page.setDefaultTimeout(LONG);
  watch(page, origin());
});
afterEach(async () => {
  const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, document.cookie]));
  assert.equal(stored, '[{},""]', "nothing is kept for good");
  assert.ok(!page.url().includes("mw_"), "no address has a token");
  await context.close();
  assert.deepEqual(
    wrong.filter((one) => !expected?.test(one)),
    [],
  );
});

/** Notes what a browser complains of, and what is asked for elsewhere. */
function watch(page: Page, allowed: string): void {
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) wrong.push(message.text());
  });
  if (process.env.FROM_DISK) void fromDisk(page);
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== allowed) wrong.push(`asked for ${request.url()}`);
  });
}

/** What the page loads is that of the folder, and not what the program was built with. */
async function fromDisk(page: Page): Promise<void> {
  await page.route(/\/assets\/[^/]+\/[^/]+$/, (route) => {
    const name = new URL(route.request().url()).pathname.split("/").at(-1) ?? "";
    return route.fulfill({ path: join("bundle", name) });
  });
}

async function shot(name: string): Promise<void> {
  if (SHOTS) await page.screenshot({ path: join(SHOTS, `protocol-${name}.png`) });
}

const problem = () => page.locator("[role=alert] .problem");
const status = (word: string) => page.getByRole("status", { name: `Connection: ${word}` }).waitFor();
const entries = (type: string) =>
  page.locator("li.entry", { has: page.locator(".type", { hasText: new RegExp(`^${type}$`) }) });
const editor = () => page.getByRole("textbox", { name: "Message to send" });

async function open(path = "protocol"): Promise<void> {
  await page.goto(`${origin()}/${path}`);
  await page.getByRole("heading", { name: "Connection" }).waitFor();
}

async function enter(token: string): Promise<void> {
  await page.locator("#token").fill(token);
  await page.getByRole("button", { name: "Connect", exact: true }).click();
}

async function letIn(): Promise<void> {
  await enter(world.token);
  await status("connected");
}

/** Writes a message as it is and sends it. */
async function say(text: string): Promise<void> {
  await write(text);
  await page.keyboard.press("Control+Enter");
}

async function write(text: string): Promise<void> {
  await editor().click();
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Delete");
  await page.keyboard.insertText(text);
  // What was offered while it was written is not wanted, and Escape would leave the editor behind that.
  if (await page.locator(".cm-tooltip-autocomplete").isVisible()) await page.keyboard.press("Escape");
}

test("a page that is new says what to do", async () => {
  await open();
  await page.getByText("Enter a token and connect.").waitFor();
  await page.getByText("muxwire token create --name me --allow write").waitFor();
  await status("not connected");
  await shot("empty-light");
  await open("websocket-test");
});

test("without a token and with a wrong one, it says what is wrong and what to do", async () => {
  await open();
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  await problem().getByText("This server asks for a token").waitFor();
  await page.getByRole("button", { name: "Disconnect" }).click();
  await enter("mw_wrong");
  await problem().getByText("The token is not accepted").waitFor();
  await problem().getByText("muxwire token create").waitFor();
  await entries("auth\\.response").first().waitFor();
  await status("not connected");
  await shot("wrong-token-light");
});

test("it connects, shows both directions and never the token", async () => {
  await open();
  await letIn();
  await entries("hello").waitFor();
  const auth = entries("auth").first();
  await auth.getByRole("img", { name: "sent" }).waitFor();
  await entries("auth\\.response").getByRole("img", { name: "received" }).waitFor();
  await auth.getByRole("button").first().click();
  await page.locator(".whole", { hasText: "•••" }).waitFor();
  assert.ok(!(await page.content()).includes(world.token));
  await page.getByText(/Names are completed: \d+ session/).waitFor();
  await page.getByRole("button", { name: "Disconnect" }).click();
  await status("not connected");
  await page.getByText("closed by this page").waitFor();
  await letIn();
});

test("a message begins with a template, is checked, sent and answered", async () => {
  await open();
  await letIn();
  await page.getByText(/Names are completed/).waitFor();
  await page.getByLabel("Begin with").selectOption("command");
  await page.locator(".cm-content", { hasText: '"session": "keep"' }).waitFor();
  // The cursor stands where a text is missing.
  await page.keyboard.insertText("from the page");
  await page.getByRole("button", { name: "Send" }).click();
  await entries("command\\.response").waitFor();
  await until("tmux has it", async () =>
    (await world.run("capture-pane", "-p", "-t", "keep")).includes("from the page"),
  );
  await write('{"action":"open","target":{"pane":"7"}}');
  await page.locator(".cm-lintRange-warning").first().waitFor();
  await page.keyboard.press("Control+Enter");
  const error = entries("error").last();
  await error.getByText("INVALID_MESSAGE").waitFor();
  await say("{ this is no JSON");
  await page.locator("li.entry", { hasText: "INVALID_JSON" }).waitFor();
  await write('{"action":"snapshot","id":"one","target":{"session":"keep"}}');
  await page.getByRole("button", { name: "Lay out" }).click();
  await page.locator(".cm-line", { hasText: '"id": "one",' }).waitFor();
});

test("what fits is offered by keys, with names of what there is", async () => {
  await world.run("new-session", "-d", "-s", "other", "cat");
  await open();
  await letIn();
  await page.getByText(/Names are completed: 2 sessions/).waitFor();
  await page.keyboard.press("Escape");
  await editor().click();
  const offers = page.locator(".cm-tooltip-autocomplete");
  const accept = async (label: string) => {
    const chosen = offers.locator("li[aria-selected]", { hasText: label });
    await chosen.waitFor();
    // What was offered in this moment takes no Enter yet, so that nobody accepts what was not seen (75 ms).
    await page.evaluate(() => new Promise((done) => setTimeout(done, 150)));
    await page.keyboard.press("Enter");
    await chosen.waitFor({ state: "hidden" });
  };
  await page.keyboard.type("{act");
  await accept("action");
  await page.keyboard.type("snap");
  await accept("snapshot");
  await page.keyboard.type(", tar");
  await offers.locator("li[aria-selected]", { hasText: "target" }).waitFor();
  await shot("completion-light");
  await accept("target");
  await page.keyboard.press("Control+Space");
  await page.keyboard.type("session_n");
  await accept("session_name");
  await offers.locator("li", { hasText: "keep" }).waitFor();
  await page.keyboard.type("oth");
  await accept("other");
  await page.keyboard.press("Control+Enter");
  await entries("snapshot").last().waitFor();
  const sent = await page.locator("li.entry.sent .text").last().textContent();
  assert.match(sent ?? "", /"session_name": "other" \}/);
  await world.run("kill-session", "-t", "other");
});

test("the log is filtered, paused, opened, copied and cleared", async () => {
  await open();
  await letIn();
  await say('{"action":"subscribe","id":1,"filters":{"types":["pane.output","window.*"]}}');
  await entries("subscribed").waitFor();
  await world.run("send-keys", "-t", "keep", "an error here", "Enter");
  await entries("pane\\.output").first().waitFor();
  await world.run("new-window", "-d", "-t", "keep:7", "-n", "seven", "cat");
  await entries("window\\.created").first().waitFor();
  await page.keyboard.press("Escape");
  await shot("connected-light");
  await page.emulateMedia({ colorScheme: "dark" });
  await entries("window\\.created").first().getByRole("button").first().click();
  await page.locator(".whole .key", { hasText: '"name"' }).first().waitFor();
  await shot("connected-dark");
  await page.emulateMedia({ colorScheme: "light" });

  await page.keyboard.press("Escape");
  await page.keyboard.press("/");
  await page.keyboard.type("type:window.* -type:window.moved");
  await until("the filter holds", async () => (await entries("pane\\.output").count()) === 0);
  assert.ok((await entries("window\\.created").count()) > 0);
  await page.getByRole("searchbox").fill("nothing that there is");
  await page.getByText("Nothing fits the filter.").waitFor();
  await page.getByRole("searchbox").fill("");
  await page.getByLabel("Direction").selectOption("sent");
  await until("received ones are hidden", async () => (await page.locator("li.entry.received").count()) === 0);
  await page.getByRole("button", { name: "Copy", exact: true }).last().click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.ok(copied.includes('{"action":"subscribe"') && !copied.includes(world.token), copied);
  await page.getByLabel("Direction").selectOption("both");

  await page.getByRole("button", { name: "Pause" }).click();
  const before = await page.locator("li.entry").count();
  await world.run("kill-window", "-t", "keep:7");
  await page.getByRole("button", { name: /Go on \(\d+ more\)/ }).waitFor();
  assert.equal(await page.locator("li.entry").count(), before);
  await page.getByRole("button", { name: /Go on/ }).click();
  await entries("window\\.removed").first().waitFor();

  const sent = entries("subscribe").first();
  await sent.getByRole("button").first().click();
  await sent.getByRole("button", { name: "Edit again" }).click();
  await page.locator(".cm-content", { hasText: '"window.*"' }).waitFor();
  await sent.getByRole("button", { name: "Copy" }).click();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^\{"action":"subscribe"/);
  await sent.getByRole("button", { name: "Only this type" }).click();
  assert.equal(await page.getByRole("searchbox").inputValue(), "type:subscribe");
  await page.getByRole("searchbox").fill("");
  await page.getByRole("button", { name: "Clear", exact: true }).click();
  await page.getByText("What you send, and all that the server says").waitFor();
});

test("the list follows what comes until somebody scrolls back", async () => {
  await open();
  await letIn();
  await say('{"action":"subscribe","filters":{"types":["x.*"]}}');
  await entries("subscribed").waitFor();
  const events = Array(60).fill({ type: "x.page.row", data: {} });
  await say(JSON.stringify({ action: "emit", events }));
  await entries("x\\.page\\.row").nth(59).waitFor();
  const list = page.getByRole("list", { name: "Messages, the newest last" });
  const gap = () => list.evaluate((one) => one.scrollHeight - one.scrollTop - one.clientHeight);
  await until("it is at the bottom", async () => (await gap()) < 24);
  await list.evaluate((one) => {
    one.scrollTop = 0;
  });
  await page.getByRole("button", { name: "Newest" }).waitFor();
  await say(JSON.stringify({ action: "emit", events }));
  await entries("x\\.page\\.row").nth(119).waitFor();
  assert.equal(await list.evaluate((one) => one.scrollTop), 0);
  await page.getByRole("button", { name: "Newest" }).click();
  await until("it is at the bottom again", async () => (await gap()) < 24);
});

test("a ticket lets it in, and by hand it may be let in or not", async () => {
  await open();
  await page.getByText("Ticket", { exact: true }).click();
  await letIn();
  await entries("POST /api/ticket").first().waitFor();
  const auth = await entries("auth").first().locator(".text").textContent();
  assert.match(auth ?? "", /"ticket": "•••"/);
  await page.getByText(/Names are completed/).waitFor();
  await page.getByRole("button", { name: "Disconnect" }).click();
  expected = /401/;
  await enter("mw_wrong");
  await problem().getByText("The token is not accepted").waitFor();
  await page.getByText("By hand", { exact: true }).click();
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  await status("greeted, not let in");
  await say('{"action":"snapshot","id":9}');
  await entries("error").getByText("AUTH_REQUIRED").waitFor();
  await say(JSON.stringify({ action: "auth", token: world.token }));
  await status("connected");
  assert.ok(!(await page.locator(".log").textContent())?.includes(world.token));
});

test("a server without authentication lets everybody in", async () => {
  const open = await World.start({ MUXWIRE_SECURITY_REQUIRE_AUTH: "false" });
  try {
    await page.close();
    page = await context.newPage();
    page.setDefaultTimeout(LONG);
    const there = new URL(open.url.replace(/^ws/, "http")).origin;
    watch(page, there);
    await page.goto(`${there}/protocol`);
    await page.getByRole("button", { name: "Connect", exact: true }).click();
    await status("connected");
    await page.getByText("no token is needed").waitFor();
    await page.getByText("Names are completed: 1 session, 1 pane.").waitFor();
    await page.getByRole("button", { name: "Disconnect" }).click();
  } finally {
    await open.stop();
  }
});

test("who does not authenticate in time is told so", async () => {
  await open();
  await page.getByText("By hand", { exact: true }).click();
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  await problem().getByText("The connection was closed with 4501").waitFor();
});

test("terminals and binary messages are understood", async () => {
  await open();
  await page.getByLabel("Subprotocol").selectOption("bin");
  await letIn();
  await say('{"action":"open","target":{"session":"keep"}}');
  await entries("binary replay").first().waitFor();
  await world.run("send-keys", "-t", "keep", "in bytes", "Enter");
  await page.locator("li.entry", { hasText: "in bytes" }).first().waitFor();
  await page.getByRole("button", { name: "Disconnect" }).click();
  await page.getByLabel("Subprotocol").selectOption("text");
  await page.getByLabel("Endpoint").selectOption("terminal");
  await page.getByLabel("Session").fill("keep");
  await letIn();
  await page.getByLabel("Begin with").selectOption("connect");
  await page.getByRole("button", { name: "Send" }).click();
  await entries("output").first().waitFor();
  await say('{"type":"input","data":"by the terminal\\r"}');
  await page.locator("li.entry.received", { hasText: "by the terminal" }).first().waitFor();
});

test("a token is kept until the tab is closed, if that is asked for", async () => {
  await open();
  const kept = () => page.evaluate(() => JSON.stringify({ ...sessionStorage }));
  await letIn();
  assert.equal(await kept(), "{}");
  await page.reload();
  assert.equal(await page.locator("#token").inputValue(), "");
  await page.getByLabel("Keep the token until this tab is closed").check();
  await letIn();
  await page.reload();
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  await status("connected");
  await page.getByRole("button", { name: "Disconnect" }).click();
  await page.getByLabel("Keep the token until this tab is closed").uncheck();
  assert.equal(await kept(), "{}");
  const field = page.locator("#token");
  assert.equal(await field.getAttribute("type"), "password");
  await page.getByRole("button", { name: "Show token" }).click();
  assert.equal(await field.getAttribute("type"), "text");
});

test("a server that is gone, and one that comes back", async () => {
  await open();
  await letIn();
  await world.endServer();
  try {
    await problem().getByText("closed with 4001").waitFor();
    expected = /ERR_CONNECTION_REFUSED/;
    await page.getByRole("button", { name: "Connect", exact: true }).click();
    await problem().getByText("No server answers").waitFor();
    await page.emulateMedia({ colorScheme: "dark" });
    await shot("no-server-dark");
    await page.emulateMedia({ colorScheme: "light" });
  } finally {
    await world.serve();
  }
  await letIn();
});

test("a page that may not connect is told how it may", async () => {
  // As a proxy does that passes its own name on: the page is of another origin than the server takes for its own.
  const { hostname, port } = new URL(origin());
  const sockets = new Set<Socket>();
  const proxy = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const socket of [near, far]) sockets.add(socket.on("error", () => undefined));
    near.on("data", (bytes) => {
      const head = bytes.toString("latin1").replace(/^Host: .*$/im, `Host: ${hostname}:${port}`);
      far.write(head, "latin1");
    });
    far.pipe(near);
    near.on("close", () => far.destroy());
  });
  proxy.unref();
  await new Promise<void>((done) => proxy.listen(0, "127.0.0.1", done));
  const address = proxy.address();
  const there = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
  await page.close();
  page = await context.newPage();
  page.setDefaultTimeout(LONG);
  expected = /403/;
  await page.goto(`${there}/protocol`);
  // Its program is not loaded either, and the page says so.
  await page.getByText("The program of this page was not loaded.").waitFor();
  await page.getByText("security.allowed_origins").waitFor();
  await shot("not-loaded-light");
  // Where it is there already, as from the browser's store.
  watch(page, there);
  await fromDisk(page);
  await page.reload();
  await enter(world.token);
  await problem().getByText(`Pages of ${there} may not connect`).waitFor();
  await problem().getByText("security.allowed_origins").waitFor();
  proxy.close();
  for (const socket of sockets) socket.destroy();
});

test("keys do all of it", async () => {
  await open();
  await page.locator("#token").fill(world.token);
  await page.keyboard.press("Enter");
  await status("connected");
  const focused = () => page.evaluate(() => document.activeElement?.id || document.activeElement?.className);
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await page.keyboard.press("c");
  await status("not connected");
  await page.keyboard.press("c");
  await status("connected");
  await page.keyboard.press("m");
  assert.equal(await focused(), "kind");
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await page.keyboard.press("e");
  assert.match((await focused()) ?? "", /cm-content/);
  await page.keyboard.press("Escape");
  await page.keyboard.press("p");
  await page.getByRole("button", { name: "Go on" }).waitFor();
  await page.keyboard.press("p");
  await page.getByRole("button", { name: "Pause" }).waitFor();
  await page.keyboard.press("/");
  assert.equal(await focused(), "filter");
  await page.keyboard.press("Escape");
  await page.keyboard.press("l");
  const line = () => page.evaluate(() => document.activeElement?.textContent);
  const last = await line();
  await page.keyboard.press("ArrowUp");
  assert.notEqual(await line(), last);
  await page.keyboard.press("Enter");
  await page.locator(".whole").first().waitFor();
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Help" }).waitFor();
  await shot("help-light");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  // Tab leaves the editor: nobody is caught in it.
  await page.keyboard.press("e");
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "send");
});

test("code that is copied does what the message does", async () => {
  await open();
  await letIn();
  const tools = await programs();
  await page.getByText("As code", { exact: true }).click();
  await page.getByText("Write a message above").waitFor();
  for (const language of ["JavaScript", "Python", "Command line"] as const) {
    const text = `echo by ${language}`;
    await write(JSON.stringify({ action: "command", id: 1, target: { session: "keep" }, command: text }));
    const code = await copied(language);
    await tools[language](code);
    await until(`tmux has what ${language} typed`, async () =>
      (await world.run("capture-pane", "-p", "-t", "keep")).includes(text),
    );
  }
  await shot("code-light");
  for (const language of ["JavaScript", "Python", "Command line"] as const) {
    await write(JSON.stringify({ action: "snapshot", id: 2 }));
    const printed = await tools[language](await copied(language));
    assert.match(printed, /keep/, language);
    await write(JSON.stringify({ action: "emit", id: 3, events: [{ type: "x.page.tried", data: { by: language } }] }));
    assert.match(await tools[language](await copied(language)), /emitted/, language);
  }
  await page.getByLabel("Begin with").selectOption("subscribe");
  for (const language of ["JavaScript", "Python"] as const) {
    const code = await copied(language);
    assert.ok(!code.includes(world.token));
  }
});

/** The message as code in a language, as it is copied. */
async function copied(language: string): Promise<string> {
  await page.getByRole("radiogroup", { name: "Language" }).getByText(language, { exact: true }).click();
  await page.locator("#copy-code").click();
  await page.getByText(`${language} was copied.`).first().waitFor();
  return page.evaluate(() => navigator.clipboard.readText());
}

/** What runs code of each language, with the token where it is looked for, and gives what it prints. */
async function programs() {
  const folder = resolve("../node_modules/.muxwire-web-test");
  mkdirSync(folder, { recursive: true });
  const program = process.env.MUXWIRE ?? join(ROOT, "target/debug/muxwire");
  const python = process.env.PYTHON ?? join(ROOT, "target/ci/venv/bin/python");
  const env = {
    ...world.environment,
    MUXWIRE_TOKEN: world.token,
    PATH: `${dirname(program)}:${process.env.PATH}`,
    PYTHONPATH: join(ROOT, "clients/python/src"),
  };
  const printed = async (file: string, ...args: string[]) => (await run(file, args, { env, timeout: 60_000 })).stdout;
  return {
    JavaScript: async (code: string) => {
      const file = join(folder, "copied.mjs");
      writeFileSync(join(folder, "copied.source.mjs"), code);
      const alias = { muxwire: join(ROOT, "clients/js/src/index.ts") };
      const entryPoints = [join(folder, "copied.source.mjs")];
      await build({
        entryPoints,
        outfile: file,
        bundle: true,
        platform: "node",
        format: "esm",
        external: ["ws"],
        alias,
      });
      return printed(process.execPath, file);
    },
    Python: async (code: string) => {
      writeFileSync(join(world.folder, "copied.py"), code);
      return printed(python, join(world.folder, "copied.py"));
    },
    "Command line": (code: string) => printed("bash", "-c", code),
  };
}

test("a policy lets in what has the nonce, also from the browser's own store", async () => {
  await open();
  for (const round of ["first", "again"]) {
    expected = /Content Security Policy/;
    const applied = await page.evaluate(() => {
      const nonce = document.querySelector<HTMLScriptElement>("script[nonce]")?.nonce ?? "";
      const tried = (given: string) => {
        const style = document.createElement("style");
        style.nonce = given;
        style.textContent = "body { --tried: yes }";
        document.head.append(style);
        const has = getComputedStyle(document.body).getPropertyValue("--tried") === "yes";
        style.remove();
        return has;
      };
      return [tried(""), tried("other"), tried(nonce)];
    });
    assert.deepEqual(applied, [false, false, true], round);
    await page.reload();
    await page.getByRole("heading", { name: "Connection" }).waitFor();
  }
  const blocked = await page.evaluate(async () => {
    const elsewhere = await fetch("http://127.0.0.1:9/").then(
      () => "reached",
      () => "refused",
    );
    let markup = "taken";
    try {
      document.createElement("div").innerHTML = "<b>x</b>";
    } catch {
      markup = "refused";
    }
    return [elsewhere, markup];
  });
  assert.deepEqual(blocked, ["refused", "refused"]);
  wrong = wrong.filter((one) => !/127\.0\.0\.1:9\/|TrustedHTML/.test(one));
});

test("on a phone all of it is there, and nothing is cut off", async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  await open();
  await letIn();
  await say('{"action":"subscribe","filters":{"types":["pane.*"]}}');
  await world.run(
    "send-keys",
    "-t",
    "keep",
    "a line that is longer than a phone is wide, and then some more of it",
    "Enter",
  );
  await entries("pane\\.output").first().waitFor();
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 390, `it is ${width} wide`);
  const small = await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>("button, select, input:not([type=radio]):not([type=checkbox])")]
      .filter((one) => one.offsetParent !== null && one.getBoundingClientRect().height < 44)
      .map((one) => one.outerHTML),
  );
  assert.deepEqual(small, [], "what is touched is large enough");
  await shot("phone-light");
  await page.locator(".log").scrollIntoViewIfNeeded();
  await page.emulateMedia({ colorScheme: "dark" });
  await shot("phone-log-dark");
});

test("all that can be used has a name, and text stands out", async () => {
  await open();
  await letIn();
  await entries("hello").getByRole("button").first().click();
  await page.getByText("As code", { exact: true }).click();
  const session = await context.newCDPSession(page);
  const { nodes } = await session.send("Accessibility.getFullAXTree");
  const roles = [
    "button",
    "textbox",
    "searchbox",
    "combobox",
    "radio",
    "checkbox",
    "link",
    "list",
    "radiogroup",
    "region",
    "dialog",
    "alert",
  ];
  const nameless = nodes.filter(({ ignored, role, name }) => !ignored && roles.includes(role?.value) && !name?.value);
  const unnamed = nameless.map(({ role }) => role?.value).filter((role) => role !== "alert" && role !== "list");
  assert.deepEqual(unnamed, []);
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    const faint = await page.evaluate(faintTexts);
    assert.deepEqual(faint, [], colorScheme);
  }
});

/** Texts whose colour is too near to what is behind them (WCAG 2.2, 1.4.3). Runs in the page. */
function faintTexts(): string[] {
  const canvas = document
    .createElement("canvas")
    .getContext("2d", { willReadFrequently: true }) as CanvasRenderingContext2D;
  const read = (colour: string): number[] => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r = 0, g = 0, b = 0]: number[]) => {
    const [x = 0, y = 0, z = 0] = [r, g, b].map((part) =>
      part / 255 <= 0.03928 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4,
    );
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const found: string[] = [];
  for (const element of document.querySelectorAll<HTMLElement>("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim());
    if (!own || element.offsetParent === null || element.closest(":disabled, .unseen")) continue;
    let behind: HTMLElement | null = element;
    while (behind && (read(getComputedStyle(behind).backgroundColor)[3] ?? 0) < 255) behind = behind.parentElement;
    const [text, ground] = [getComputedStyle(element).color, getComputedStyle(behind ?? document.body).backgroundColor];
    const [one, other] = [light(read(text)), light(read(ground))].sort((a, b) => b - a);
    const contrast = ((one ?? 0) + 0.05) / ((other ?? 0) + 0.05);
    if (contrast < 4.5)
      found.push(`${element.textContent?.slice(0, 30)}: ${text} on ${ground}, ${contrast.toFixed(2)}`);
  }
  return found;
}

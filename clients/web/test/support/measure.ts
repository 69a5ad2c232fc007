// How long the pages take, and what they cost. Each measure prints one row: what, here, at ttyd's page, and the goal.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Browser, BrowserContext, CDPSession, Page } from "playwright-core";
import { ROOT, until, World } from "../../../js/test/support/world.ts";
import { launch, originOf } from "./browser.ts";

const DESK = { width: 1440, height: 900 };
/** Large enough for fifty tiles at once. */
const WALL = { width: 2560, height: 1440 };
const LOADS = 15;
const KEYS = Number(process.env.KEYS ?? 300);
const TILES = 50;
const PRINTING = 20;
/** How long what goes on is looked at, in seconds. */
const LOOK = 20;
const FLOOD = 40_000_000;

type Cookies = Awaited<ReturnType<BrowserContext["cookies"]>>;

/** Runs in each page before all else: notes when messages come, when something is drawn, and how long tasks take. */
function notes(): void {
  const noted = {
    /** When the first letter of a tile or a terminal was drawn. */
    first: 0,
    /** How long after each key its letter was painted: behind the message that brought it. */
    keys: [] as number[],
    typed: 0,
    code: -1,
    isHere: false,
    tasks: [] as number[],
    frames: 0,
  };
  Object.assign(globalThis, { noted });
  const drawn = () => {
    noted.first ||= performance.now();
    if (!noted.isHere || noted.typed === 0) return;
    noted.isHere = false;
    const from = noted.typed;
    noted.typed = 0;
    // The picture is handed over at the end of this frame.
    requestAnimationFrame(() => noted.keys.push(performance.now() - from));
  };
  const wrap = (of: { prototype: object }, name: string) => {
    const { prototype } = of as { prototype: Record<string, (...all: unknown[]) => unknown> };
    const own = prototype[name];
    if (!own) throw new Error(`there is no ${name}`);
    prototype[name] = function (this: unknown, ...all: unknown[]) {
      drawn();
      return own.apply(this, all);
    };
  };
  wrap(CanvasRenderingContext2D, "fillText");
  wrap(WebGL2RenderingContext, "drawElementsInstanced");
  const Native = globalThis.WebSocket;
  globalThis.WebSocket = class extends Native {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      this.addEventListener("message", ({ data }) => {
        if (!(data instanceof ArrayBuffer) || noted.typed === 0) return;
        const bytes = new Uint8Array(data);
        // Ours have a head of 28 bytes, which begins with its version.
        if (bytes.includes(noted.code, bytes[0] === 1 ? 28 : 1)) noted.isHere = true;
      });
    }
  };
  addEventListener(
    "keydown",
    (event) => {
      noted.typed = event.timeStamp;
      noted.code = event.key.charCodeAt(0);
    },
    { capture: true },
  );
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) noted.tasks.push(duration);
  }).observe({ type: "longtask", buffered: true });
  const frame = () => {
    noted.frames += 1;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}

interface Noted {
  first: number;
  keys: number[];
  tasks: number[];
  frames: number;
}
const noted = (page: Page): Promise<Noted> =>
  page.evaluate(() => {
    const { first, keys, tasks, frames } = (globalThis as unknown as { noted: Noted }).noted;
    return { first, keys, tasks, frames };
  });

function quantile(values: number[], part: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
const ms = (value: number) => `${value.toFixed(1)} ms`;

function row(what: string, here: string, there = "", goal = ""): void {
  console.log(`${what.padEnd(46)} ${here.padEnd(26)} ${there.padEnd(26)} ${goal}`);
}

/** A server with a browser that it has let in. */
class Bench {
  private constructor(
    readonly world: World,
    readonly browser: Browser,
    readonly cookies: Cookies,
  ) {}

  static async start(): Promise<Bench> {
    const world = await World.start();
    await world.run("send-keys", "-t", "keep", "something to see", "Enter");
    const browser = await launch();
    const context = await browser.newContext({ viewport: DESK });
    const page = await context.newPage();
    await page.goto(`${originOf(world)}/`);
    await page.getByLabel("Or enter a token").fill(world.token);
    await page.getByRole("button", { name: "Come in" }).click();
    await page.locator("canvas").first().waitFor();
    const cookies = await context.cookies();
    await context.close();
    return new Bench(world, browser, cookies);
  }

  async page(viewport = DESK): Promise<Page> {
    const context = await this.browser.newContext({ viewport, colorScheme: "dark" });
    await context.addCookies(this.cookies);
    await context.addInitScript(notes);
    return await context.newPage();
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await this.world.stop();
  }
}

/** ttyd on a pane's terminal, if `.ci/fetch-peers` has brought it. */
class Ttyd {
  private constructor(
    readonly program: ChildProcess,
    readonly url: string,
  ) {}

  static async start(world: World, session: string): Promise<Ttyd | undefined> {
    const folder = join(process.env.MUXWIRE_PEERS_DIR ?? join(ROOT, "target/peers"), "ttyd");
    const version = existsSync(folder)
      ? readdirSync(folder).find((name) => existsSync(join(folder, name, "ttyd")))
      : undefined;
    if (!version) return undefined;
    const command = [world.tmux, "-S", world.socket, "-f", "/dev/null", "attach", "-t", session];
    const options = ["-i", "127.0.0.1", "-p", "0", "-W", "-t", "cursorBlink=false", "-t", "disableReconnect=true"];
    const program = spawn(join(folder, version, "ttyd"), [...options, ...command], {
      env: { ...world.environment, TERM: "xterm-256color" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    for await (const line of createInterface({ input: program.stderr as NodeJS.ReadableStream })) {
      const port = /Listening on port: (\d+)/.exec(line)?.[1];
      if (port) return new Ttyd(program, `http://127.0.0.1:${port}/`);
    }
    throw new Error("ttyd did not start");
  }

  async stop(): Promise<void> {
    const ended = new Promise((done) => this.program.once("exit", done));
    this.program.kill("SIGTERM");
    await ended;
  }
}

/** Processor time of the browser's processes that draw pages, in seconds. */
async function processorTime(session: CDPSession): Promise<number> {
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  return processInfo
    .filter(({ type }) => type === "renderer" || type === "GPU")
    .reduce((sum, { cpuTime }) => sum + cpuTime, 0);
}

async function load(bench: Bench): Promise<void> {
  const first: number[] = [];
  let bytes = 0;
  for (let run = 0; run < LOADS; run++) {
    const page = await bench.page();
    await page.goto(`${originOf(bench.world)}/`);
    await until("a tile is painted", async () => (await noted(page)).first > 0);
    first.push((await noted(page)).first);
    bytes = await page.evaluate(() =>
      [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")].reduce(
        (sum, entry) => sum + (entry as PerformanceResourceTiming).encodedBodySize,
        0,
      ),
    );
    await page.context().close();
  }
  const ttyd = await Ttyd.start(bench.world, "keep");
  const theirs: number[] = [];
  for (let run = 0; ttyd && run < LOADS; run++) {
    const page = await bench.page();
    await page.goto(ttyd.url);
    await until("ttyd has painted", async () => (await noted(page)).first > 0);
    theirs.push((await noted(page)).first);
    await page.context().close();
  }
  await ttyd?.stop();
  const told = (all: number[]) => (all.length > 0 ? `${ms(quantile(all, 0.5))}, worst ${ms(Math.max(...all))}` : "");
  row(`load to the first painted tile (${LOADS})`, told(first), told(theirs), "300 ms");
  row("compressed bytes of all that it loads", `${(bytes / 1024).toFixed(0)} KiB`, "", "250 KiB");
}

async function typeKeys(page: Page): Promise<number[]> {
  for (let key = 0; key < KEYS; key++) {
    const before = (await noted(page)).keys.length;
    // None of these ends a sequence that tmux prints around it.
    await page.keyboard.press("vwxyz".charAt(key % 5));
    await until("the letter is painted", async () => (await noted(page)).keys.length > before);
    // Lines end before they are full, so that nothing scrolls.
    if (key % 40 === 39) await page.keyboard.press("Enter");
  }
  return (await noted(page)).keys;
}

async function keys(bench: Bench): Promise<void> {
  const { world } = bench;
  for (const name of ["ours", "theirs"])
    await world.run("new-session", "-d", "-s", name, "-x", "80", "-y", "24", "cat");
  const ttyd = await Ttyd.start(world, "theirs");
  // In turns, so that whatever else the machine does meets both.
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let turn = 0; turn < 3; turn++) {
    const page = await bench.page();
    await page.goto(`${originOf(world)}/t/ours`);
    await page.locator(".xterm-screen").click();
    ours.push(...(await typeKeys(page)));
    await page.context().close();
    if (!ttyd) continue;
    const other = await bench.page();
    await other.goto(ttyd.url);
    await other.locator(".xterm-screen").click();
    theirs.push(...(await typeKeys(other)));
    await other.context().close();
  }
  await ttyd?.stop();
  const told = (all: number[], part: number) => (all.length > 0 ? ms(quantile(all, part)) : "");
  row(`keystroke to painted glyph, p50 (${ours.length})`, told(ours, 0.5), told(theirs, 0.5), "ahead of ttyd");
  row("keystroke to painted glyph, p99", told(ours, 0.99), told(theirs, 0.99), "ahead of ttyd");
  for (const name of ["ours", "theirs"]) await world.run("kill-session", "-t", name);
}

async function sessions(bench: Bench, count: number, printing: number): Promise<void> {
  const print =
    "n=0; while :; do n=$((n + 1)); printf '\\033[3%dmline %d\\033[m of what a program prints while it works, as wide as that\\n' $((n % 8)) $n; sleep 0.1; done";
  for (let at = 0; at < count; at++) {
    const command = at < printing ? print : "ls -la /usr/bin | head -40; exec cat";
    await bench.world.run("new-session", "-d", "-s", `s${at}`, "-x", "80", "-y", "24", command);
  }
}

async function endSessions(bench: Bench, count: number): Promise<void> {
  for (let at = 0; at < count; at++) await bench.world.run("kill-session", "-t", `s${at}`);
}

async function tiles(bench: Bench): Promise<void> {
  await sessions(bench, TILES, PRINTING);
  const page = await bench.page(WALL);
  await page.goto(`${originOf(bench.world)}/`);
  const small = page.getByRole("button", { name: "small tiles" });
  if (await small.isVisible()) await small.click();
  await until("the tiles are there", async () => (await page.locator("canvas").count()) >= TILES);
  const session = await bench.browser.newBrowserCDPSession();
  const start = await noted(page);
  const before = { frames: start.frames, time: await processorTime(session), at: performance.now() };
  await new Promise((done) => setTimeout(done, LOOK * 1000));
  const seconds = (performance.now() - before.at) / 1000;
  const cost = ((await processorTime(session)) - before.time) / seconds;
  const { frames, tasks } = await noted(page);
  row(
    `${TILES} tiles, ${PRINTING} print 10 lines/s: frames`,
    `${((frames - before.frames) / seconds).toFixed(1)} /s`,
    "",
    "30 /s",
  );
  row("the same: processor of page and drawing", `${(cost * 100).toFixed(0)} % of a core`, "", "50 %");
  row("the same: longest task", ms(Math.max(0, ...tasks.slice(start.tasks.length))), "", "100 ms");
  await page.context().close();
  await endSessions(bench, TILES);
}

async function flood(bench: Bench): Promise<void> {
  const line = "\\033[32mflooding\\033[m with lines of about a hundred characters, which nobody could read as fast";
  const command = `read x; yes "$(printf '${line}')" | head -c ${FLOOD}; echo; echo over; exec cat`;
  await bench.world.run("new-session", "-d", "-s", "s0", "-x", "100", "-y", "30", command);
  const page = await bench.page();
  await page.goto(`${originOf(bench.world)}/`);
  await page.locator("canvas").first().waitFor();
  await until("it is painted", async () => (await noted(page)).first > 0);
  const before = (await noted(page)).tasks.length;
  const at = performance.now();
  await bench.world.run("send-keys", "-t", "s0", "Enter");
  await until(
    "the flood is over",
    async () => (await bench.world.run("capture-pane", "-p", "-t", "s0")).includes("\nover"),
    300,
  );
  const took = (performance.now() - at) / 1000;
  const tasks = (await noted(page)).tasks.slice(before);
  row(
    `flood of ${FLOOD / 1e6} MB in one tile: longest task`,
    `${ms(Math.max(0, ...tasks))} (in ${took.toFixed(1)} s)`,
    "",
    "100 ms",
  );
  await page.context().close();
  await endSessions(bench, 1);
}

async function many(bench: Bench): Promise<void> {
  const count = 200;
  await sessions(bench, count, 0);
  const page = await bench.page();
  await page.goto(`${originOf(bench.world)}/`);
  await until("a tile is painted", async () => (await noted(page)).first > 0);
  const { first, tasks } = await noted(page);
  row(`${count} sessions: load to the first painted tile`, ms(first), "", "");
  row("the same: longest task", ms(Math.max(0, ...tasks)), "", "100 ms");
  for (const [key, what] of [
    ["o", ".thumbnail"],
    ["a", ".entries li"],
    ["p", ".tile"],
  ] as const) {
    const before = (await noted(page)).tasks.length;
    await page.keyboard.press(key);
    await page.locator(what).first().waitFor();
    // All that is shown changes, one after the other.
    for (let at = 0; at < count; at++) await bench.world.run("rename-window", "-t", `s${at}`, `${key}-${at}`);
    const longest = Math.max(0, ...(await noted(page)).tasks.slice(before));
    row(`${count} sessions: a view opens, all are renamed (${key})`, `longest task ${ms(longest)}`, "", "100 ms");
  }
  await page.context().close();
  await endSessions(bench, count);
}

/** How the memory of the tab grows while tiles print: MINUTES long. */
async function memory(bench: Bench): Promise<void> {
  const minutes = Number(process.env.MINUTES ?? 30);
  await sessions(bench, TILES, PRINTING);
  const page = await bench.page(WALL);
  await page.goto(`${originOf(bench.world)}/`);
  await until("the tiles are there", async () => (await page.locator("canvas").count()) > 10);
  const session = await page.context().newCDPSession(page);
  const heap = async () => {
    await session.send("HeapProfiler.collectGarbage");
    const { usedSize } = await session.send("Runtime.getHeapUsage");
    return usedSize / 1048576;
  };
  const sizes: number[] = [];
  for (let minute = 0; minute <= minutes; minute++) {
    if (minute > 0) await new Promise((done) => setTimeout(done, 60_000));
    sizes.push(await heap());
  }
  const told = [0, 0.25, 0.5, 0.75, 1].map((part) => (sizes[Math.round(part * minutes)] ?? 0).toFixed(1)).join(", ");
  row(`heap over ${minutes} minutes, in MiB`, told, "", "flat");
  await page.context().close();
  await endSessions(bench, TILES);
}

const MEASURES = { load, keys, tiles, flood, many, memory };
const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !(name in MEASURES));
if (unknown.length > 0)
  throw new Error(`there is no measure ${unknown.join(", ")}: take ${Object.keys(MEASURES).join(", ")}`);
const bench = await Bench.start();
try {
  const tmux = execFileSync(bench.world.tmux, ["-V"], { encoding: "utf8" }).trim();
  console.log(
    `${cpus().length} x ${cpus()[0]?.model}, load ${loadavg()[0]?.toFixed(1)}, ${tmux}, Chromium ${bench.browser.version()}`,
  );
  row("", "muxwire", "ttyd", "goal");
  for (const [name, measure] of Object.entries(MEASURES)) {
    // Half an hour is taken only by who asks for it.
    if (chosen.length > 0 ? chosen.includes(name) : name !== "memory") await measure(bench);
  }
} finally {
  await bench.stop();
}

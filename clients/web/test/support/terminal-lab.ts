import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import headless, { type ITerminalAddon } from "@xterm/headless";
import { build } from "esbuild";
import { type Browser, chromium, type Page } from "playwright-core";
import { CuttingProxy } from "../../../js/test/support/proxy.ts";
import { until, type World } from "../../../js/test/support/world.ts";
import { type Cell, cellsOf } from "./cells.ts";
import type {} from "./terminal-page.ts";

const CHROMIUM = ["chromium", "chromium-browser", "google-chrome"];
const NONCE = "dGVzdHM";
/** As strict as that of the pages. */
const POLICY = [
  "default-src 'none'",
  `script-src 'nonce-${NONCE}'`,
  `style-src 'self' 'nonce-${NONCE}'`,
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");
const HTML = `<!doctype html><meta charset="utf-8"><title>terminals</title>
<link rel="stylesheet" href="/lab/page.css"><script src="/lab/page.js" nonce="${NONCE}"></script>
<div id="tiles"></div><div id="focus"></div>`;
const CSS = `#focus { width: 900px; height: 500px; overflow: auto; } #tiles { display: flex; flex-wrap: wrap; gap: 2px; }`;

/** A page that a test gives to the browser comes from no address, and may not speak to this machine. */
const UNCHECKED = "--disable-features=LocalNetworkAccessChecks";

export async function launch(...options: string[]): Promise<Browser> {
  const path = (process.env.PATH ?? "").split(":").flatMap((folder) => CHROMIUM.map((name) => join(folder, name)));
  const executablePath = process.env.CHROMIUM ?? path.find((file) => existsSync(file));
  assert.ok(executablePath, "there is no chromium: install Debian's, or name one in CHROMIUM");
  return await chromium.launch({ executablePath, args: [UNCHECKED, ...options] });
}

/** The page, bundled: its script and its style. */
async function bundle(): Promise<{ script: string; style: string }> {
  const at = (path: string) => new URL(path, `file://${process.cwd()}/`).pathname;
  const made = await build({
    entryPoints: [at("test/support/terminal-page.ts"), at("src/terminal/terminal.css")],
    outdir: "/none",
    bundle: true,
    write: false,
    format: "iife",
    target: "es2022",
    logLevel: "warning",
    alias: {
      muxwire: at("../js/src/index.ts"),
      "muxwire/bytes": at("../js/src/bytes.ts"),
      "vendor/focus": at("src/vendor/focus.ts"),
      "vendor/terminal": at("src/vendor/terminal.ts"),
      vendor: at("src/vendor/ui.ts"),
    },
  });
  const text = (ending: string) => made.outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? "";
  return { script: text(".js"), style: text(".css") + CSS };
}

/** A page with tiles and terminals, a server, and what cuts the connection between them. */
export class Lab {
  readonly wrong: string[] = [];
  /** What the page has typed. */
  readonly typed: Array<{ text?: string; keys?: string[]; paste?: boolean }> = [];

  private constructor(
    readonly world: World,
    readonly proxy: CuttingProxy,
    readonly page: Page,
  ) {}

  static async open(world: World, browser: Browser): Promise<Lab> {
    const proxy = await CuttingProxy.start(world.url);
    const { script, style } = await bundle();
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    const lab = new Lab(world, proxy, page);
    const headers = { "content-security-policy": POLICY };
    await page.route("**/lab/", (route) =>
      route.fulfill({ body: HTML, contentType: "text/html; charset=utf-8", headers }),
    );
    await page.route("**/lab/page.js", (route) => route.fulfill({ body: script, contentType: "text/javascript" }));
    await page.route("**/lab/page.css", (route) => route.fulfill({ body: style, contentType: "text/css" }));
    await page.route("**/favicon.ico", (route) => route.fulfill({ status: 204 }));
    page.setDefaultTimeout(30_000);
    page.on("pageerror", (error) => lab.wrong.push(String(error)));
    page.on("console", (message) => {
      if (process.env.DEBUG) console.error(message.text());
      if (["error", "warning"].includes(message.type())) lab.wrong.push(message.text());
    });
    page.on("websocket", (socket) => {
      socket.on("framesent", ({ payload }) => {
        const message = JSON.parse(String(payload));
        if (["send-keys", "command", "prompt", "answer"].includes(message.action)) lab.typed.push(message);
        if (message.type === "input") lab.typed.push(message);
      });
    });
    await page.goto(`http://127.0.0.1:${proxy.port}/lab/`);
    await page.evaluate((token) => globalThis.lab.connect(token), world.token);
    return lab;
  }

  async tile(pane: string, width = 400, height = 240): Promise<void> {
    await this.page.evaluate(([pane, width, height]) => globalThis.lab.tile(pane, width, height), [
      pane,
      width,
      height,
    ] as const);
  }

  async focus(pane: string, options: Parameters<typeof globalThis.lab.openFocus>[1] = {}): Promise<void> {
    await this.page.evaluate(([pane, options]) => globalThis.lab.openFocus(pane, options), [pane, options] as const);
    await this.page.evaluate(() => globalThis.lab.focus?.focus());
  }

  /** What has gone wrong in the page, but for the cuts that were made and what says that WebGL or the machine is slow here. */
  get faults(): string[] {
    return this.wrong.filter(
      (one) =>
        !/WebSocket connection|GPU stall|GL Driver Message|willReadFrequently|webgl context not restored|task queue exceeded/.test(
          one,
        ),
    );
  }

  async close(): Promise<void> {
    await this.page.close();
    this.proxy.close();
  }

  /** Waits until this tile, or the terminal that is worked in, shows exactly what tmux shows. */
  async isExact(pane: string, which: "tile" | "focus"): Promise<void> {
    let told = "";
    const compare = async () => {
      const shown = await this.shown(pane, which);
      const there = await asTmux(this.world, pane);
      told = differences(shown, there);
      return told === "";
    };
    await until("it shows what tmux shows", compare).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${told}`);
    });
  }

  shown(pane: string, which: "tile" | "focus"): Promise<Shown> {
    return this.page.evaluate(
      ([pane, which]) => {
        const one = which === "tile" ? globalThis.lab.tiles.get(pane) : globalThis.lab.focus;
        if (!one) throw new Error("it is not open");
        return globalThis.lab.cells(one);
      },
      [pane, which] as const,
    );
  }
}

/** The add-on reads its tables from the beginning of what Node may have taken out of a pool, and never ends then. */
async function graphemes(): Promise<ITerminalAddon> {
  Buffer.poolSize = 0;
  const { UnicodeGraphemesAddon } = await import("@xterm/addon-unicode-graphemes");
  return new UnicodeGraphemesAddon() as unknown as ITerminalAddon;
}

export interface Shown {
  cols: number;
  rows: number;
  cells: Cell[][];
  cursor: [number, number];
}

/** What tmux says that it shows, read by a terminal that is not of the page. */
export async function asTmux(world: World, pane: string): Promise<Shown> {
  const format = "#{pane_width} #{pane_height} #{cursor_x} #{cursor_y}";
  const [cols = 0, rows = 0, x = 0, y = 0] = (await world.run("display-message", "-p", "-t", pane, format))
    .trim()
    .split(" ")
    .map(Number);
  const captured = await world.run("capture-pane", "-e", "-N", "-p", "-t", pane);
  const terminal = new headless.Terminal({ cols, rows, allowProposedApi: true, scrollback: 0 });
  terminal.loadAddon(await graphemes());
  const lines = captured.replace(/\n$/, "").split("\n");
  await new Promise<void>((done) => terminal.write(lines.map((line) => `\x1b[m${line}`).join("\r\n"), done));
  const cells = cellsOf(terminal.buffer.active as never, cols, rows);
  terminal.dispose();
  return { cols, rows, cells, cursor: [x, y] };
}

/** Where two differ, in words; nothing if they don't. Where tmux trims a line, nothing is the same as a space. */
function differences(one: Shown, other: Shown): string {
  if (one.cols !== other.cols || one.rows !== other.rows) {
    return `${one.cols}x${one.rows} and not ${other.cols}x${other.rows}`;
  }
  const found: string[] = [];
  one.cells.forEach((row, y) => {
    row.forEach((cell, x) => {
      const there = other.cells[y]?.[x];
      if (JSON.stringify(cell) !== JSON.stringify(there)) {
        found.push(`${x},${y}: ${JSON.stringify(cell)} and not ${JSON.stringify(there)}`);
      }
    });
  });
  if (one.cursor.join() !== other.cursor.join()) found.push(`cursor ${one.cursor} and not ${other.cursor}`);
  return found.slice(0, 10).join("\n");
}

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import type { World } from "../../../js/test/support/world.ts";

const CHROMIUM = ["chromium", "chromium-browser", "google-chrome"];
/** Within so many milliseconds what is waited for has to be there, on a busy machine too. */
export const LONG = 30_000;
export const DESK = { width: 1440, height: 900 };
/** Of one device pixel each: what Chromium tells pages of more when it only plays a phone is not what WebGL gets. */
export const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
/** Where pictures are put, if they are wanted. */
const SHOTS = process.env.SHOTS;

export function launch(): Promise<Browser> {
  const path = (process.env.PATH ?? "").split(":").flatMap((folder) => CHROMIUM.map((name) => join(folder, name)));
  const executablePath = process.env.CHROMIUM ?? path.find((file) => existsSync(file));
  assert.ok(executablePath, "there is no chromium: install Debian's, or name one in CHROMIUM");
  return chromium.launch({ executablePath });
}

export const originOf = (world: World): string => new URL(world.url.replace(/^ws/, "http")).origin;

/** A browser's window, and what went wrong in it. */
export class Visit {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly origin: string;
  /** What browsers complain of, and what was asked for elsewhere. */
  readonly wrong: string[] = [];
  /** Panes that are open now, as the page has told the server. */
  readonly opened = new Set<string>();

  private constructor(context: BrowserContext, page: Page, origin: string) {
    this.context = context;
    this.page = page;
    this.origin = origin;
  }

  static async begin(browser: Browser, world: World, options: BrowserContextOptions = {}): Promise<Visit> {
    const context = await browser.newContext({ viewport: DESK, colorScheme: "dark", ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(LONG);
    const visit = new Visit(context, page, originOf(world));
    await visit.#watch();
    return visit;
  }

  async goto(path = ""): Promise<void> {
    await this.page.goto(`${this.origin}/${path}`);
  }

  /** Ends it; `but` is what may have gone wrong. */
  async end(but?: RegExp): Promise<void> {
    // What it was about to do is cut off.
    const wrong = [...this.wrong];
    await this.context.close();
    assert.deepEqual(
      wrong.filter((one) => !but?.test(one)),
      [],
    );
  }

  async shot(name: string): Promise<void> {
    if (SHOTS) await this.page.screenshot({ path: join(SHOTS, `dashboard-${name}.png`) });
  }

  async #watch(): Promise<void> {
    const { page, origin, wrong } = this;
    page.on("pageerror", (error) => wrong.push(String(error)));
    page.on("console", (message) => {
      // What a headless browser without a graphics card says of it is not of the page, nor how busy the machine is.
      if (/GL Driver Message|Automatic fallback to software WebGL|task queue exceeded/.test(message.text())) return;
      if (["error", "warning"].includes(message.type())) wrong.push(message.text());
    });
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (url.protocol !== "data:" && url.origin !== origin) wrong.push(`asked for ${request.url()}`);
    });
    page.on("websocket", (socket) => {
      const open = new Set<string>();
      socket.on("framesent", ({ payload }) => {
        const { action, target } = JSON.parse(String(payload)) as { action: string; target?: { pane?: string } };
        const pane = target?.pane;
        if (!pane) return;
        if (action === "open") {
          this.opened.add(pane);
          open.add(pane);
        } else if (action === "close") this.opened.delete(pane);
      });
      socket.on("close", () => {
        for (const pane of open) this.opened.delete(pane);
      });
    });
    if (process.env.FROM_DISK) {
      await page.route(/\/assets\/[^/]+\/[^/]+$/, (route) => {
        const name = new URL(route.request().url()).pathname.split("/").at(-1) ?? "";
        return route.fulfill({ path: join("bundle", name) });
      });
    }
  }
}

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, afterEach, before } from "node:test";
import type { Browser, Locator, Page } from "playwright-core";
import { until, World } from "../../../js/test/support/world.ts";
import { StandIn } from "./agents.ts";
import { launch, originOf, Visit } from "./browser.ts";

/** What the scenarios of a file share: a server with its tmux, and a browser. */
export let world: World;
export let browser: Browser;
/** The window of the scenario that runs. */
export let visit: Visit;
export let page: Page;
/** What goes wrong in it as is meant to. */
let expected: RegExp | undefined;
/** Sessions that end with the scenario. */
const sessions: string[] = [];

/**
 * Has all scenarios of this file run against a server with these settings. `usual` goes wrong in any of them; `begun` is what
 * is there in all of them.
 */
export function stage(settings: Record<string, string>, usual?: RegExp, begun?: () => Promise<void>): void {
  before(async () => {
    world = await World.start(settings);
    browser = await launch();
    await begun?.();
  });
  after(async () => {
    await browser?.close();
    await world?.stop();
  });
  afterEach(async () => {
    const [ended, but] = [visit as Visit | undefined, expected ?? usual];
    expected = undefined;
    await ended?.end(but);
    for (const name of sessions.splice(0)) await world.run("kill-session", "-t", name).catch(() => undefined);
  });
}

/** What browsers complain of in this scenario is none of the page's faults. */
export function expect(wrong: RegExp): void {
  expected = wrong;
}

type Options = Parameters<typeof Visit.begin>[2];

/** Opens a window, and no page in it yet. */
export async function openWindow(options: Options = {}, of = world): Promise<void> {
  visit = await Visit.begin(browser, of, options);
  page = visit.page;
}

export async function come(path = "", options: Options = {}, of = world): Promise<void> {
  await openWindow(options, of);
  await visit.goto(path);
}

/** A session that ends with the scenario. Returns its pane. */
export async function session(name: string, command = "cat", size = "80x24"): Promise<string> {
  const [cols, rows] = size.split("x") as [string, string];
  const made = ["new-session", "-d", "-P", "-F", "#{pane_id}", "-s", name, "-x", cols, "-y", rows, command];
  sessions.push(name);
  return (await world.run(...made)).trim();
}

/** A session that is made, or renamed, in another way, and ends with the scenario. */
export function ends(name: string): void {
  sessions.push(name);
}

export async function agent(name: string): Promise<StandIn> {
  sessions.push(name);
  return StandIn.start(world, name);
}

export const row = (place: string): Locator =>
  page.locator(".rows > .row", { has: page.locator(".place", { hasText: place }) });
export const tile = (place: string): Locator => page.locator(`.tile[aria-label="${place}"]`);
export const keysSign = (place: string): Locator => page.locator(".keys-sign", { hasText: place });
/** What a pane shows, as tmux has it. */
export const captured = (target: string): Promise<string> => world.run("capture-pane", "-p", "-t", target);

/** Has a pane print a line, and waits until it stands in the history. Returns a moment at which it stood there. */
export async function prints(target: string, text: string): Promise<number> {
  await world.run("send-keys", "-t", target, "-l", text);
  await world.run("send-keys", "-t", target, "Enter");
  await until(`${text} is kept`, async () => {
    const asked = new URLSearchParams({ words: `"${text}"`, sessions: target });
    const found = await fetch(`${originOf(world)}/api/search?${asked}`);
    const { hits } = (await found.json()) as { hits: unknown[] };
    return hits.length > 0;
  });
  return Date.now();
}

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Looks for serious faults that keep people out. */
export async function checkAccess(view: string): Promise<void> {
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

export { until };

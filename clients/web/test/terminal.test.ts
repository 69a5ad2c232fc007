import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import type { Browser } from "playwright-core";
import { until, World } from "../../js/test/support/world.ts";
import { Lab, launch } from "./support/terminal-lab.ts";

let world: World;
let browser: Browser;
let lab: Lab;

before(async () => {
  world = await World.start({ MUXWIRE_TERMINAL_RESIZE: "client" });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await world?.stop();
});
beforeEach(async () => {
  lab = await Lab.open(world, browser);
});
afterEach(async () => {
  const { faults } = lab;
  await lab.close();
  assert.deepEqual(faults, []);
});

/** A session with one pane that runs this; returns the pane. */
async function pane(name: string, command: string, cols = 80, rows = 24): Promise<string> {
  const options = ["-d", "-s", name, "-x", `${cols}`, "-y", `${rows}`, "-P", "-F", "#{pane_id}"];
  return (await world.run("new-session", ...options, command)).trim();
}

const end = (name: string) => world.run("kill-session", "-t", name);

test("a tile and a terminal show a pane as tmux does", async () => {
  const shown = await pane(
    "plain",
    "printf '\\033[31mred \\033[1;4;7mall\\033[m \\033[38;2;1;2;3mtrue\\033[48;5;200mbehind\\033[m\\n'; exec cat",
  );
  await lab.page.evaluate((pane) => globalThis.lab.tile(pane, 400, 240), shown);
  await lab.isExact(shown, "tile");
  await lab.page.evaluate((pane) => globalThis.lab.openFocus(pane), shown);
  await lab.isExact(shown, "focus");
  await lab.page.evaluate(() => globalThis.lab.focus?.focus());
  await lab.page.keyboard.type("hello there");
  await lab.page.keyboard.press("Enter");
  await until("it was typed", async () =>
    (await world.run("capture-pane", "-p", "-t", shown)).includes("hello there\nhello there"),
  );
  await lab.isExact(shown, "focus");
  await lab.isExact(shown, "tile");
  if (process.env.SHOTS) await lab.page.screenshot({ path: `${process.env.SHOTS}/terminal.png` });
  await end("plain");
});

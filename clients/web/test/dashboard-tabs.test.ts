import assert from "node:assert/strict";
import { test } from "node:test";
import type { Locator } from "playwright-core";
import {
  agent,
  captured,
  checkAccess,
  come,
  keysSign,
  page,
  row,
  session,
  stage,
  tile,
  until,
  visit,
  world,
} from "./support/stage.ts";

stage({ MUXWIRE_SECURITY_REQUIRE_AUTH: "false", MUXWIRE_TERMINAL_RESIZE: "client" });

const bar = () => page.getByRole("navigation", { name: "Open panes" });
const tabs = () => bar().locator("li > button:first-child > span").allTextContents();
const current = () => bar().locator("[aria-current] > span").textContent();
const tab = (name: string): Locator => bar().getByRole("button", { name, exact: true });
const size = (name: string) => world.run("display-message", "-p", "-t", name, "#{pane_width}x#{pane_height}");

/** Opens it by its row and types into it, so that its tab stays. */
async function workIn(place: string): Promise<void> {
  await row(place).locator(".main").click();
  await keysSign(place).waitFor();
  await page.keyboard.type("here ");
  await until("it is typed", async () => (await captured(place.slice(0, -4))).includes("here"));
}

test("panes that were typed into stay in tabs, and others make room for the next", async () => {
  for (const name of ["ta", "tb", "tc"]) await session(name);
  await come();
  await row("ta:0.0").locator(".main").click();
  await keysSign("ta:0.0").waitFor();
  assert.deepEqual(await tabs(), ["ta:0.0"]);
  await row("tb:0.0").locator(".main").click();
  await keysSign("tb:0.0").waitFor();
  assert.deepEqual(await tabs(), ["tb:0.0"], "nobody has typed into the first");
  await page.keyboard.type("kept");
  await until("it is typed", async () => (await captured("tb")).includes("kept"));
  await row("ta:0.0").locator(".main").click();
  await until("both are there", async () => (await tabs()).join() === "tb:0.0,ta:0.0");
  await bar().locator("li.passing", { hasText: "ta:0.0" }).waitFor();
  // Two clicks keep it as well.
  await tab("terminal ta:0.0")
    .or(bar().locator("button", { hasText: "ta:0.0" }).first())
    .first()
    .dblclick();
  await bar().locator("li:not(.passing)", { hasText: "ta:0.0" }).waitFor();
  await row("tc:0.0").locator(".main").click();
  await until("all are there", async () => (await tabs()).join() === "tb:0.0,ta:0.0,tc:0.0");
  await row("tb:0.0").locator(".main").click();
  await until("it is shown where it is", async () => (await current()) === "tb:0.0");
  assert.deepEqual(await tabs(), ["tb:0.0", "ta:0.0", "tc:0.0"]);
  await checkAccess("tabs");
  await visit.shot("tabs-dark");
});

test("one goes among tabs with the mouse and with keys, and what one left is as it was", async () => {
  for (const name of ["ka", "kb", "kc"]) await session(name);
  await come();
  for (const place of ["ka:0.0", "kb:0.0", "kc:0.0"]) await workIn(place);
  await page.keyboard.press("Control+Shift+ArrowLeft");
  await keysSign("kb:0.0").waitFor();
  await page.keyboard.type("again");
  await until("it is typed", async () => (await captured("kb")).includes("here again"));
  await page.keyboard.press("Control+Shift+ArrowRight");
  await keysSign("kc:0.0").waitFor();
  await page.keyboard.press("Control+Shift+ArrowRight");
  await keysSign("ka:0.0").waitFor();
  await bar().locator("li button", { hasText: "kc:0.0" }).click();
  await keysSign("kc:0.0").waitFor();
  // While the dashboard has the keys it keeps them.
  await page.keyboard.press("Control+Shift+Space");
  await page.keyboard.press("[");
  await until("it is the one before", async () => (await current()) === "kb:0.0");
  await page.keyboard.press("]");
  await page.keyboard.press("]");
  await until("it goes round", async () => (await current()) === "ka:0.0");
  await keysSign("dashboard").waitFor();
  await page.keyboard.press("Enter");
  await keysSign("ka:0.0").waitFor();
  assert.equal((await captured("kc")).trim(), "here");
  // To the tiles and back: the terminal was not made anew.
  await page.locator(".work .pane:visible .xterm").evaluate((one) => one.setAttribute("data-mark", "old"));
  await page.keyboard.press("Control+Shift+Space");
  await page.keyboard.press("Escape");
  await tile("ka:0.0").waitFor();
  await page.keyboard.press("]");
  await until("it is the one that was left", async () => (await current()) === "ka:0.0");
  await bar().locator("li button", { hasText: "ka:0.0" }).click();
  await keysSign("ka:0.0").waitFor();
  assert.equal(await page.locator('.work .pane:visible .xterm[data-mark="old"]').count(), 1);
});

test("tabs are closed by a button, the middle button and keys", async () => {
  for (const name of ["ca", "cb", "cc", "cd"]) await session(name);
  await come();
  // Behind what shows.
  for (const place of ["ca:0.0", "cb:0.0"]) await tile(place).locator(".main").click({ button: "middle" });
  await tile("cc:0.0")
    .locator(".main")
    .click({ modifiers: ["Control"] });
  await tile("cd:0.0").locator(".main").click();
  await keysSign("cd:0.0").waitFor();
  assert.deepEqual(await tabs(), ["ca:0.0", "cb:0.0", "cc:0.0", "cd:0.0"]);
  await bar().locator("li button", { hasText: "cb:0.0" }).click({ button: "middle" });
  await until("it is closed", async () => (await tabs()).join() === "ca:0.0,cc:0.0,cd:0.0");
  assert.equal(await current(), "cd:0.0");
  await tab("Close cd:0.0").click();
  await until("the one beside shows", async () => (await current()) === "cc:0.0");
  await page.locator(".work .pane:visible .xterm").waitFor();
  await bar().locator("li button", { hasText: "ca:0.0" }).focus();
  await page.keyboard.press("Delete");
  await until("one is left", async () => (await tabs()).join() === "cc:0.0");
  await page.locator(".work .xterm-screen:visible").click();
  await keysSign("cc:0.0").waitFor();
  await page.keyboard.press("Control+Shift+Space");
  await page.keyboard.press("w");
  await tile("cc:0.0").waitFor();
  assert.equal(await bar().count(), 0);
  // Closing what shows leaves the session alone.
  assert.match(await world.run("list-sessions", "-F", "#{session_name}"), /^cc$/m);
});

test("tabs survive a reload, and forget panes that are gone", async () => {
  for (const name of ["ra", "rb", "rc"]) await session(name);
  await come();
  for (const place of ["ra:0.0", "rb:0.0"]) await workIn(place);
  await row("rc:0.0").locator(".main").click();
  await keysSign("rc:0.0").waitFor();
  await page.reload();
  await keysSign("rc:0.0").waitFor();
  await until("all are there", async () => (await tabs()).join() === "ra:0.0,rb:0.0,rc:0.0");
  await bar().locator("li.passing", { hasText: "rc:0.0" }).waitFor();
  await world.run("kill-session", "-t", "ra");
  await until("it is forgotten", async () => (await tabs()).join() === "rb:0.0,rc:0.0");
  // What shows says that it is gone, and is closed by who has read that.
  await world.run("kill-session", "-t", "rc");
  await page.getByText("This pane is gone.").waitFor();
  await page.locator(".pane .empty").getByRole("button", { name: "Close" }).click();
  await until("one is left", async () => (await tabs()).join() === "rb:0.0");
});

test("who has taken the size of a pane has it while another tab shows", async () => {
  await session("sized");
  await session("other");
  await come();
  await workIn("sized:0.0");
  await page.getByRole("button", { name: /80×24/ }).click();
  await page.getByRole("button", { name: /yours, give back/ }).waitFor();
  const taken = await size("sized");
  assert.notEqual(taken.trim(), "80x24");
  await workIn("other:0.0");
  await bar().locator("li", { hasText: "sized:0.0" }).locator(".icon").first().waitFor();
  assert.equal(await size("sized"), taken);
  await page.keyboard.press("Control+Shift+Space");
  await page.keyboard.press("Escape");
  await tile("sized:0.0").waitFor();
  assert.equal(await size("sized"), taken);
  await row("sized:0.0").locator(".main").click();
  await page.getByRole("button", { name: /yours, give back/ }).click();
  await until("tmux has it again", async () => (await size("sized")).trim() === "80x24");
  // Closing the tab gives it back too.
  await page.getByRole("button", { name: /80×24/ }).click();
  await page.getByRole("button", { name: /yours, give back/ }).waitFor();
  await tab("Close sized:0.0").click();
  await until("tmux has it again", async () => (await size("sized")).trim() === "80x24");
});

test("a tab shows the most urgent of its panes", async () => {
  const asks = await agent("urgent");
  await session("calm");
  await come();
  await workIn("calm:0.0");
  await page.keyboard.press("Control+Shift+Space");
  await page.keyboard.press("/");
  const finder = page.locator("dialog[open]").getByRole("combobox");
  await finder.fill("urgent");
  await page
    .locator("dialog[open]")
    .getByRole("option", { name: /urgent:0.0/ })
    .waitFor();
  await page.keyboard.press("Shift+Enter");
  await page.locator(".work.of-2").waitFor();
  await until("they share a tab", async () => (await tabs()).join() === "calm:0.0 + urgent:0.0");
  asks.tell("ask make");
  await bar().getByRole("img", { name: "waiting" }).waitFor();
  // A pane is open in one tab alone: closed there, the other one stays.
  await page.locator(".work .pane", { hasText: "urgent:0.0" }).getByRole("button", { name: "Close" }).click();
  await until("one is left", async () => (await tabs()).join() === "calm:0.0");
});

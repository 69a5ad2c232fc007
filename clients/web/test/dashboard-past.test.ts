import assert from "node:assert/strict";
import { test } from "node:test";
import { PHONE } from "./support/browser.ts";
import {
  captured,
  checkAccess,
  come,
  keysSign,
  openWindow,
  page,
  prints,
  row,
  session,
  stage,
  tile,
  until,
  visit,
  world,
} from "./support/stage.ts";

stage({ MUXWIRE_SECURITY_REQUIRE_AUTH: "false", MUXWIRE_HISTORY_ENABLED: "true" });

const bar = () => page.getByRole("region", { name: "The past" });
const then = (place: string) => page.locator(`.tile.then[aria-label="${place}, as it was"]`);
/** What a terminal of the past shows: it speaks to screen readers in these tests. */
const shown = () => page.locator(".then-screen .xterm-accessibility-tree");
const text = async () => (await shown().textContent()) ?? "";
const askedFor = (name: string) => page.evaluate((key) => new URLSearchParams(location.hash).get(key), name);

/** Shows what terminals show as text. */
async function readable(): Promise<void> {
  await visit.context.addInitScript(() => {
    localStorage.setItem("muxwire.dashboard", JSON.stringify({ reader: "on" }));
  });
}

/** Goes to a time by typing it. */
async function goTo(text: string): Promise<void> {
  await bar().getByLabel("Time", { exact: true }).fill(text);
  await bar().getByRole("button", { name: "Go" }).click();
}

/** As somebody types it in this browser: to the second, so that what is wanted stands there a second later too. */
const typed = (at: number) =>
  page.evaluate((time) => {
    const two = (part: number, digits = 2) => String(part).padStart(digits, "0");
    const date = new Date(time);
    return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${two(date.getMilliseconds(), 3)}`;
  }, at);

test("a pane is seen as it was, by typing a time and by the slider, and nobody types there", async () => {
  const pane = await session("then");
  await openWindow();
  await readable();
  await visit.goto();
  const first = await prints("then", "the first line");
  await prints("then", "the second line");
  await tile("then:0.0").locator(".main").click();
  await keysSign("then:0.0").waitFor();
  await page.keyboard.press("Control+Shift+Space");
  await page.keyboard.press("t");
  await bar().waitFor();
  await shown().getByText("the second line").first().waitFor();
  await goTo(await typed(first));
  await until("it is as it was", async () => !(await text()).includes("the second line"));
  await shown().getByText("the first line").first().waitFor();
  await until("the address says when", async () => Math.abs(Date.parse((await askedFor("at")) ?? "") - first) < 1000);
  await visit.shot("past-pane-dark");
  // What is typed there goes nowhere, and that is said.
  await page.locator(".then-screen .xterm-screen").click();
  await page.keyboard.type("rm -rf");
  await page.keyboard.press("Enter");
  await bar().getByText("Nothing is typed into the past").waitFor();
  await page.keyboard.press("Control+v");
  assert.ok(!(await captured(pane)).includes("rm -rf"), "nothing was typed");
  assert.match((await page.locator(".keys-sign").textContent()) ?? "", /dashboard/);
  // The slider goes on to the end, which is now.
  await bar().getByLabel("Moment").press("End");
  await shown().getByText("the second line").first().waitFor();
  await page.reload();
  await shown().getByText("the second line").first().waitFor();
  await page.keyboard.press("Escape");
  await bar().waitFor({ state: "detached" });
  assert.equal(await askedFor("at"), null);
  await page.keyboard.press("Enter");
  await keysSign("then:0.0").waitFor();
  await page.keyboard.type("live again");
  await until("it is typed", async () => (await captured(pane)).includes("live again"));
});

test("what was printed plays from a moment on, stands still, and goes on", async () => {
  await session("plays");
  await openWindow();
  await readable();
  await visit.goto();
  const first = await prints("plays", "before it plays");
  await prints("plays", "while it plays");
  await prints("plays", "at its end");
  await tile("plays:0.0").locator(".main").click();
  await page.locator(".pane > header").getByRole("button", { name: "Past" }).click();
  await goTo(await typed(first));
  await until("it is as it was", async () => !(await text()).includes("while it plays"));
  await bar().getByLabel("Speed").selectOption("0.25");
  await bar().getByRole("button", { name: "Play" }).click();
  await bar().getByRole("button", { name: "Pause" }).click();
  await bar().getByRole("button", { name: "Play" }).waitFor();
  assert.ok(!(await text()).includes("at its end"), "it stands still");
  await bar().getByLabel("Speed").selectOption("64");
  await bar().getByRole("button", { name: "Play" }).click();
  await shown().getByText("while it plays").first().waitFor();
  await shown().getByText("at its end").first().waitFor();
  await bar().getByText("Up to here.").waitFor();
  await bar().getByRole("button", { name: "Play" }).waitFor();
});

test("the grid is seen as it was, with panes that are gone since, and plays", async () => {
  await session("stays");
  await session("goes");
  await come();
  const before = await prints("goes", "soon gone");
  await prints("stays", "printed later");
  await world.run("kill-session", "-t", "goes");
  await tile("goes:0.0").waitFor({ state: "detached" });
  await page.locator(".filter-bar").getByRole("button", { name: "Past" }).click();
  await then("stays:0.0")
    .getByText(/last printed/)
    .waitFor();
  assert.equal(await page.locator(".tile .answers, .tile:not(.then)").count(), 0, "nothing live is among it");
  await goTo(await typed(before));
  const gone = page.locator(".tile.then", { hasText: "gone since" }).filter({ hasText: "goes:0" });
  await gone.getByText(/last printed/).waitFor();
  await visit.shot("past-grid-dark");
  await checkAccess("the past in the grid");
  // A pane that is gone opens, and its tile comes back with the moment.
  await gone.locator(".main").click();
  await page.locator(".then-screen").waitFor();
  await page
    .locator(".pane > header")
    .getByText(/last printed/)
    .waitFor();
  await checkAccess("the past of a pane");
  await page.getByRole("button", { name: "Back to all panes" }).click();
  await gone.waitFor();
  // The moment moves on by itself.
  const at = await askedFor("at");
  await bar().getByLabel("Speed").selectOption("64");
  await page.locator("body").press("Space");
  await bar().getByText("Up to now.").waitFor();
  await until("the address says so", async () => (await askedFor("at")) !== at);
  await bar().getByRole("button", { name: "Back to live" }).click();
  await tile("stays:0.0").waitFor();
  assert.equal(await page.locator(".tile.then").count(), 0);
});

test("times that are none and times of before the history are told", async () => {
  await session("words");
  await come();
  await prints("words", "something to see");
  await page.keyboard.press("t");
  await bar().waitFor();
  await goTo("half past three");
  await bar().getByText("This is no time.").waitFor();
  await goTo("30d");
  await bar()
    .getByText(/Nothing is kept from before that. The history begins at \d/)
    .waitFor();
  // What begins later has no past there.
  await session("younger");
  await page.locator(`.tile.then[aria-label^="younger"]`).getByText("Nothing is kept of this pane").waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await bar().waitFor({ state: "detached" });
});

test("on a phone the past has its bar above the pane, and nothing to type with", async () => {
  await session("pocket");
  await openWindow(PHONE);
  await readable();
  await visit.goto();
  const first = await prints("pocket", "what was there");
  await prints("pocket", "what came then");
  await row("pocket:0.0").locator(".main").tap();
  await page.locator(".typing-bar").waitFor();
  const fits = async (name: string) => {
    const box = await page.locator(".pane > header").getByRole("button", { name }).boundingBox();
    assert.ok(box && box.x + box.width <= 390, `${name} is cut off`);
  };
  await fits("Search in this pane");
  await page.locator(".pane > header").getByRole("button", { name: "Past" }).tap();
  await page.locator(".typing-bar").waitFor({ state: "detached" });
  await goTo(await typed(first));
  await until("it is as it was", async () => !(await text()).includes("what came then"));
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 390, `${width} pixels wide`);
  await fits("Search in this pane");
  await fits("Download what this pane printed");
  await checkAccess("the past on a phone");
  await visit.shot("past-phone-dark");
  await bar().getByRole("button", { name: "Back to live" }).tap();
  await page.locator(".typing-bar").waitFor();
});

test("panes side by side are seen at one moment, and play together", async () => {
  const left = await session("first-side");
  const right = await session("other-side");
  await openWindow();
  await readable();
  await visit.goto(`#pane=${encodeURIComponent(left)},${encodeURIComponent(right)}`);
  await page.locator(".work.of-2").waitFor();
  const first = await prints("first-side", "to the left");
  await prints("other-side", "to the right");
  await page.locator(".pane > header").first().getByRole("button", { name: "Past" }).click();
  const shows = async (text: string) => (await shown().allTextContents()).filter((one) => one.includes(text)).length;
  await until(
    "both show what is there",
    async () => (await shows("to the left")) + (await shows("to the right")) === 2,
  );
  await goTo(await typed(first));
  await until("one is without", async () => (await shows("to the left")) === 1 && (await shows("to the right")) === 0);
  assert.equal(await bar().getByText("skip idle").count(), 0, "they would drift apart");
  await bar().getByLabel("Speed").selectOption("64");
  await bar().getByRole("button", { name: "Play" }).click();
  await bar().getByText("Up to now.").waitFor();
  await until("both show it again", async () => (await shows("to the left")) + (await shows("to the right")) === 2);
  // One of them alone plays what it printed.
  await page.locator(".pane:visible > header").first().getByRole("button", { name: "Close", exact: true }).click();
  await page.locator(".work.of-1").waitFor();
  await bar().getByText("skip idle").waitFor();
});

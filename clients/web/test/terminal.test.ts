import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
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
const capture = (pane: string) => world.run("capture-pane", "-p", "-t", pane);
/** Waits until the pane shows this. */
const shows = async (pane: string, text: string) => {
  let there = "";
  const isShown = async () => {
    there = await capture(pane);
    return there.includes(text);
  };
  await until(`it shows ${text}`, isShown).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${there.trim()}`);
  });
};
/** A value of the terminal that is worked in, read again and again until it holds. */
async function becomes<T>(what: string, read: () => T, holds: (value: T) => boolean): Promise<void> {
  await until(what, async () => holds((await lab.page.evaluate(read)) as T));
}

const STYLES = [
  "\\033[31mred \\033[1;4;7mall\\033[m \\033[38;2;1;2;3mtrue\\033[48;5;200mbehind\\033[m \\033[2mdim\\033[m\\n",
  "\\033[9mstrike\\033[m \\033[3mitalic\\033[m \\033[38;5;208m256\\033[m \\033[97;100mbright\\033[m\\n",
  "\\344\\270\\255\\346\\226\\207 wide, e\\314\\201 combined, \\360\\237\\230\\200 face\\n",
  "\\342\\224\\214\\342\\224\\200\\342\\224\\220 \\342\\226\\210\\342\\226\\204\\n",
].join("");

test("a tile and a terminal show a pane as tmux does, and what is typed arrives", async () => {
  const shown = await pane("plain", `printf '${STYLES}'; exec cat`);
  await lab.tile(shown);
  await lab.isExact(shown, "tile");
  await lab.focus(shown);
  await lab.isExact(shown, "focus");
  await lab.page.keyboard.type("hello there");
  await lab.page.keyboard.press("Enter");
  await shows(shown, "hello there\nhello there");
  await lab.isExact(shown, "focus");
  await lab.isExact(shown, "tile");
  await becomes(
    "a time is measured",
    () => globalThis.lab.focus?.latency.value,
    (value) => value !== undefined,
  );
  if (process.env.SHOTS) await lab.page.screenshot({ path: `${process.env.SHOTS}/terminal.png` });
  await end("plain");
});

test("what is painted has the colours of the cells", async () => {
  const shown = await pane(
    "pixels",
    "printf '\\033[48;2;200;30;40m  \\033[48;2;10;90;220m  \\033[m\\033[?25l'; exec cat",
    20,
    5,
  );
  await lab.tile(shown, 400, 200);
  await lab.isExact(shown, "tile");
  const colours = () =>
    lab.page.evaluate((pane) => {
      const canvas = globalThis.lab.tiles.get(pane)?.canvas;
      const context = canvas?.getContext("2d");
      const [width, height] = [(canvas?.width ?? 0) / 20, (canvas?.height ?? 0) / 5];
      const at = (col: number, row: number) =>
        [...(context?.getImageData((col + 0.5) * width, (row + 0.5) * height, 1, 1).data ?? [])].slice(0, 3).join();
      return [at(0, 0), at(1, 0), at(2, 0), at(3, 0), at(4, 0), at(0, 4)];
    }, shown);
  const expected = ["200,30,40", "200,30,40", "10,90,220", "10,90,220", "15,20,27", "15,20,27"].join(" ");
  await until("the pixels are right", async () => (await colours()).join(" ") === expected);
  await end("pixels");
});

test("underlines, the cursor's shape and changed colours are those of the program", async () => {
  // Typed into a shell, they come while the page looks; a page that comes later has them from the snapshot.
  const marks = [
    "\\033[4mone\\033[m \\033[4:2mtwo\\033[m \\033[4:3mcurly\\033[m \\033[4:4mdots\\033[m \\033[4:5mdash\\033[m ",
    "\\033[4:3;58:2::255:0:0mred\\033[m \\033[4;58:5:33mblue\\033[m \\033[4:3;31mown\\033[m\\r\\n\\033[5 q",
  ].join("");
  const shown = await pane("marks", `read x; printf '${marks}'; exec cat`);
  await lab.tile(shown);
  await lab.focus(shown);
  await world.run("send-keys", "-t", shown, "Enter");
  await shows(shown, "own");
  const underlines = (which: "tile" | "focus") =>
    lab
      .shown(shown, which)
      .then(({ cells }) => [...new Set(cells.flat().map(([, , , flags]) => flags))].filter(Boolean));
  const all = ["underline", "double", "curly", "dotted", "dashed", "curly rgb 16711680", "underline palette 33"];
  for (const which of ["tile", "focus"] as const) {
    await until("they are there", async () => (await underlines(which)).length === all.length);
    assert.deepEqual(await underlines(which), all);
    // Captures of 3.1c have no colours of underlines.
    if (!(await world.run("-V")).includes("3.1c")) await lab.isExact(shown, which);
  }
  const shape = (which: "tile" | "focus") =>
    lab.page.evaluate(
      ([pane, which]) => {
        const one = which === "tile" ? globalThis.lab.tiles.get(pane) : globalThis.lab.focus;
        return one && globalThis.lab.shape(one);
      },
      [shown, which] as const,
    );
  assert.deepEqual([await shape("tile"), await shape("focus")], ["bar", "bar"]);
  // Where tmux tells the shape, a page that comes later has it from there.
  if ((await world.run("display-message", "-p", "-t", shown, "#{cursor_shape}")).trim()) {
    await lab.page.evaluate(() => globalThis.lab.closeFocus());
    await lab.focus(shown);
    assert.equal(await shape("focus"), "bar");
    assert.deepEqual(await underlines("focus"), all);
  }
  await end("marks");

  const palette = await pane(
    "palette",
    "printf '\\033[?25l\\033[41m      \\033[m'; while read -r x; do printf \"\\033$x\\033[2;1H\"; done",
    20,
    5,
  );
  await lab.page.evaluate(() => globalThis.lab.closeFocus());
  await lab.tile(palette, 400, 200);
  await lab.focus(palette);
  const colours = () =>
    lab.page.evaluate((pane) => {
      const canvas = globalThis.lab.tiles.get(pane)?.canvas;
      const context = canvas?.getContext("2d");
      const [width, height] = [(canvas?.width ?? 0) / 20, (canvas?.height ?? 0) / 5];
      const at = (col: number, row: number) =>
        [...(context?.getImageData((col + 0.5) * width, (row + 0.5) * height, 1, 1).data ?? [])].slice(0, 3).join();
      const { ansi, background } = globalThis.lab.colours();
      return `${at(0, 0)} ${at(19, 4)} / ${ansi[1]} ${background}`;
    }, palette);
  const usual = "240,120,124 15,20,27 / 240,120,124 15,20,27";
  await until("it is as the theme has it", async () => (await colours()) === usual);
  const tells = (text: string) => world.run("send-keys", "-t", palette, text, "Enter");
  await tells("]4;1;rgb:00/80/ff\\007");
  await until("it is changed", async () => (await colours()) === "0,128,255 15,20,27 / 0,128,255 15,20,27");
  await tells("]11;#203040\\007");
  await until("the ground is changed", async () => (await colours()) === "0,128,255 32,48,64 / 0,128,255 32,48,64");
  // A snapshot says nothing of palettes, so that what is known stays.
  await world.run("resize-window", "-t", "palette", "-x", "22", "-y", "5");
  await world.run("resize-window", "-t", "palette", "-x", "20", "-y", "5");
  await lab.isExact(palette, "tile");
  await lab.isExact(palette, "focus");
  await until("it is as it was", async () => (await colours()) === "0,128,255 32,48,64 / 0,128,255 32,48,64");
  await tells("]104;1\\007");
  await until("it is taken back", async () => (await colours()) === "240,120,124 32,48,64 / 240,120,124 32,48,64");
  await tells("]4;1;rgb:00/80/ff\\007");
  await until("it is changed", async () => (await colours()).startsWith("0,128,255"));
  // A reset takes all of it back.
  await tells("c\\033[?25l\\033[41m      \\033[m");
  await until("it is as at first", async () => (await colours()) === usual);
  await end("palette");
});

test("floods, resizes, cuts and lag end in what tmux shows", async () => {
  // Each line that is typed floods the pane, in colours and with words that wrap.
  const flood =
    "while read n; do awk -v n=$n 'BEGIN { for (i = 0; i < n; i++) printf \"\\033[3%dmline %d \\033[1mof\\033[m %d words that may wrap at the end of the line \\342\\224\\200 end %d\\r\\n\", i % 8, i, n, i }'; done";
  const shown = await pane("flood", `exec sh -c '${flood.replaceAll("'", "'\\''")}'`);
  await lab.tile(shown);
  await lab.focus(shown);
  for (const [lines, size, cuts] of [
    [2_000, "90x30", 0],
    [20_000, "61x17", 1],
    [60_000, "120x40", 3],
  ] as const) {
    await world.run("send-keys", "-t", shown, `${lines}`, "Enter");
    const [cols = "", rows = ""] = size.split("x");
    await world.run("resize-window", "-t", "flood", "-x", cols, "-y", rows);
    for (let cut = 0; cut < cuts; cut++) {
      const before = await lab.page.evaluate((pane) => globalThis.lab.said.get(pane)?.length ?? 0, shown);
      lab.proxy.cut();
      await until(
        "the page is back",
        () =>
          lab.page.evaluate(
            ([pane, before]) =>
              globalThis.lab.said.get(pane)?.slice(before).includes("stale") &&
              globalThis.lab.tiles.get(pane)?.freshness.value !== "stale",
            [shown, before] as const,
          ) as Promise<boolean>,
      );
    }
    // The last line is wrapped where the pane is narrow, so its end alone is looked for.
    await until("the flood is over", async () =>
      (await capture(shown)).replaceAll("\n", "").includes(`end ${lines - 1}`),
    );
    await lab.isExact(shown, "tile");
    await lab.isExact(shown, "focus");
  }
  const said = await lab.page.evaluate((pane) => globalThis.lab.said.get(pane), shown);
  assert.ok(said?.includes("lagging"), `${said}: a flood is left out`);
  assert.equal(said?.at(-1), "live");
  await end("flood");
});

/** What terminals answer, and so would type. */
const QUERIES = [
  "\x1b[c",
  "\x1b[0c",
  "\x1b[>c",
  "\x1b[=c",
  "\x1b[5n",
  "\x1b[6n",
  "\x1b[?6n",
  "\x1b[?15n",
  "\x1b[?996n",
  "\x1b[>q",
  "\x1b[>0q",
  "\x1b[4$p",
  "\x1b[?1$p",
  "\x1b[?2026$p",
  "\x1b[14t",
  "\x1b[16t",
  "\x1b[18t",
  "\x1b[21t",
  "\x1b[?u",
  "\x1bP$qm\x1b\\",
  "\x1bP$q q\x1b\\",
  "\x1bP+q544e\x1b\\",
  "\x1b]4;1;?\x07",
  "\x1b]4;1;?;2;?\x1b\\",
  "\x1b]10;?\x07",
  "\x1b]11;?\x1b\\",
  "\x1b]12;?\x07",
  "\x1b]10;?;?;?\x07",
  "\x1b]52;c;?\x07",
  "\x05",
  "\x1bZ",
];

test("nothing is typed but what a person types", async () => {
  const shown = await pane("quiet", "exec cat");
  await lab.tile(shown);
  await lab.focus(shown);
  const said = () => lab.page.evaluate(() => globalThis.lab.heard);
  await lab.page.evaluate(() => globalThis.lab.listen());
  for (const query of QUERIES) await lab.page.evaluate((query) => globalThis.lab.print(query), query);
  assert.deepEqual(await said(), [], "queries have no answers");
  // Focus and themes are reported by the terminal itself, past all queries: only what is sent can be kept back.
  await lab.page.evaluate(() => globalThis.lab.print("\x1b[?1004h\x1b[?2031h"));
  await lab.page.evaluate(() => globalThis.lab.focus?.blur());
  await lab.page.evaluate(() => globalThis.lab.focus?.focus());
  await lab.page.evaluate(() => globalThis.lab.focus?.setTheme(globalThis.lab.themes.light));
  assert.deepEqual(await said(), ["\x1b[I", "\x1b[O", "\x1b[I"]);
  // A program that wants the mouse doesn't get it unasked, nor the wheel's arrow keys on the alternate screen.
  await lab.page.evaluate(() => globalThis.lab.print("\x1b[?1003h\x1b[?1006h\x1b[?1049h\x1b[?1000;1002h"));
  await lab.page.mouse.move(200, 400);
  await lab.page.mouse.down();
  await lab.page.mouse.move(260, 420);
  await lab.page.mouse.up();
  await lab.page.mouse.wheel(0, 300);
  await lab.page.keyboard.press("x");
  await until("the key is sent", () => lab.typed.length > 0);
  assert.deepEqual(
    lab.typed.map(({ text }) => text),
    ["x"],
  );
  // Allowed, it does; and no longer once that is over.
  await lab.page.evaluate(() => globalThis.lab.focus?.setMouse(true));
  await lab.page.evaluate(() => globalThis.lab.print(""));
  await lab.page.mouse.click(210, 410);
  await until("the mouse is sent", () => lab.typed.length >= 3);
  assert.ok(
    lab.typed.slice(1).every(({ text }) => text?.startsWith("\x1b[<")),
    JSON.stringify(lab.typed),
  );
  await lab.page.evaluate(() => globalThis.lab.focus?.setMouse(false));
  await lab.page.evaluate(() => globalThis.lab.print(""));
  lab.typed.length = 0;
  await lab.page.mouse.click(220, 420);
  await lab.page.keyboard.press("y");
  await until("the key is sent", () => lab.typed.length > 0);
  assert.deepEqual(
    lab.typed.map(({ text }) => text),
    ["y"],
  );
  await end("quiet");
});

test("keys, composed text and dead keys arrive byte for byte", async () => {
  const shown = await pane("keys", "stty raw -echo; printf ready; exec cat -vT");
  await shows(shown, "ready");
  await lab.focus(shown);
  for (const key of ["a", "Escape", "Tab", "ArrowUp", "Control+c", "Shift+Tab", "Backspace", "Alt+f"])
    await lab.page.keyboard.press(key);
  await shows(shown, "a^[^I^[[A^C^[[Z^?^[f");
  // What an input method makes comes as a text, without a key of its own.
  await lab.page.keyboard.insertText("\u00e9\u4e2d\ud83d\ude00");
  await shows(shown, "M-CM-)M-dM-8M--M-pM-^_M-^XM-^@");
  assert.deepEqual(await lab.page.evaluate(() => globalThis.lab.problems), []);
  await end("keys");
});

test("what is selected is copied when the button is let go, and by keys", async () => {
  const shown = await pane("copy", "printf 'first words and more'; exec cat");
  await lab.page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await lab.focus(shown, { copyOnSelect: true });
  await lab.isExact(shown, "focus");
  const box = await lab.page.locator("#focus .xterm-screen").boundingBox();
  const at = (col: number) => [(box?.x ?? 0) + (col * (box?.width ?? 0)) / 80, (box?.y ?? 0) + 8] as const;
  const clipboard = () => lab.page.evaluate(() => navigator.clipboard.readText());
  await lab.page.evaluate(() => navigator.clipboard.writeText("before"));
  await lab.page.mouse.move(...at(0));
  await lab.page.mouse.down();
  await lab.page.mouse.move(...at(3));
  await lab.page.mouse.move(...at(5));
  assert.equal(await clipboard(), "before");
  await lab.page.mouse.up();
  await until("it is copied", async () => (await clipboard()) === "first");
  await lab.page.mouse.dblclick(...at(8));
  await until("the word is copied", async () => (await clipboard()) === "words");
  await lab.page.evaluate(() => navigator.clipboard.writeText("before"));
  await lab.page.keyboard.press("Control+Shift+C");
  await until("it is copied by keys", async () => (await clipboard()) === "words");
  assert.deepEqual(lab.typed, []);
  await end("copy");
});

/** Pastes as a person does. */
async function paste(text: string): Promise<void> {
  await lab.page.evaluate((text) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", text);
    document.activeElement?.dispatchEvent(
      new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }),
    );
  }, text);
}

test("a paste of lines is asked for, and arrives whole", async () => {
  const shown = await pane("paste", "stty raw -echo; printf '\\033[?2004hready'; exec cat -v");
  await shows(shown, "ready");
  await lab.focus(shown);
  await paste("one line");
  await shows(shown, "^[[200~one line^[[201~");
  assert.deepEqual(await lab.page.evaluate(() => globalThis.lab.pastes), []);
  await paste("two\nlines");
  await becomes(
    "it is asked for",
    () => globalThis.lab.pastes,
    (pastes) => pastes.length === 1,
  );
  await lab.page.evaluate(() => {
    globalThis.lab.allowsPaste = true;
  });
  // What ends a paste is taken out, so that nobody pastes a key.
  await paste("three\x1b[201~\nlines\n");
  await shows(shown, "^[[200~three");
  const shownText = (await capture(shown)).replaceAll("\n", "");
  assert.ok(!shownText.includes("two"), "what was not allowed is not typed");
  assert.equal(shownText.split("^[[201~").length, 3, shownText);
  await end("paste");
});

test("a long paste arrives in order", async () => {
  const file = `${world.folder}/pasted`;
  const shown = await pane("long", `stty raw -echo; printf ready; exec head -c 150000 > ${file}`);
  await shows(shown, "ready");
  await lab.focus(shown);
  await lab.page.evaluate(() => {
    globalThis.lab.allowsPaste = true;
  });
  const text = Array.from({ length: 20_000 }, (_, at) => String(at).padStart(6, "0"))
    .join("-")
    .padEnd(150_000, "x")
    .slice(0, 150_000);
  await paste(text);
  await until("all of it has come", () => existsSync(file) && statSync(file).size === text.length);
  assert.equal(readFileSync(file, "utf8"), text);
});

test("who may only read types nothing, and is told so", async () => {
  const shown = await pane("read", "exec cat");
  await lab.focus(shown, { canWrite: false });
  await lab.page.keyboard.type("never");
  await paste("never");
  await lab.page.evaluate(() => globalThis.lab.focus?.sendText("never"));
  await becomes(
    "it is told",
    () => globalThis.lab.problems.map(({ message }) => message),
    (all) => all.length === 2 && all.every((one) => one.includes("only read")),
  );
  assert.equal(await lab.page.evaluate(() => globalThis.lab.focus?.hasKeys.value), false);
  await lab.page.evaluate(() => globalThis.lab.focus?.setCanWrite(true));
  assert.equal(await lab.page.evaluate(() => globalThis.lab.focus?.hasKeys.value), true);
  await lab.page.keyboard.type("ok");
  await shows(shown, "ok");
  assert.ok(!(await capture(shown)).includes("never"));
  await end("read");
});

test("what can't be sent is not typed later", async () => {
  const shown = await pane("gone", "exec cat");
  await lab.focus(shown);
  await world.endServer();
  await becomes(
    "it is stale",
    () => globalThis.lab.focus?.freshness.value,
    (fresh) => fresh === "stale",
  );
  await lab.page.keyboard.type("z");
  await becomes(
    "it is told",
    () => globalThis.lab.problems.map(({ kind, text }) => `${kind} ${text}`),
    (all) => all.includes("typing z"),
  );
  await world.serve();
  await becomes(
    "it is live",
    () => globalThis.lab.focus?.freshness.value,
    (fresh) => fresh === "live",
  );
  await lab.page.keyboard.type("w");
  await shows(shown, "w");
  assert.ok(!(await capture(shown)).includes("z"));
  await lab.isExact(shown, "focus");
  await end("gone");
});

test("nothing that a pane says becomes markup, a link to a script, or a clipboard", async () => {
  const markup = "<img src=x onerror=alert(1)>";
  const shown = await pane(
    "hostile",
    `printf '\\033]2;${markup}\\007\\033]0;${markup}\\007\\033]52;c;c3RvbGVu\\007\\033]8;;javascript:alert(1)\\007click\\033]8;;\\007 ${markup} \\033]8;;https://good.example/\\007good\\033]8;;\\007'; exec cat`,
  );
  await lab.tile(shown);
  await lab.focus(shown, { screenReader: true });
  await lab.isExact(shown, "focus");
  await lab.page.keyboard.down("Control");
  const at = await lab.page.locator("#focus .xterm-screen").boundingBox();
  const cell = (col: number) => [(at?.x ?? 0) + (col + 0.5) * ((at?.width ?? 0) / 80), (at?.y ?? 0) + 6] as const;
  await lab.page.mouse.move(...cell(1));
  await lab.page.mouse.click(...cell(2));
  const column = (await capture(shown)).indexOf("good");
  await lab.page.mouse.move(...cell(column));
  await becomes(
    "the link says where it leads",
    () => document.querySelector<HTMLElement>(".focus-terminal")?.title ?? "",
    (title) => title.startsWith("https://good.example/ "),
  );
  await lab.page.mouse.click(...cell(column + 1));
  await lab.page.keyboard.up("Control");
  await becomes(
    "the link was followed",
    () => globalThis.lab.links,
    (links) => links.length > 0,
  );
  assert.deepEqual(await lab.page.evaluate(() => globalThis.lab.links), ["https://good.example/"]);
  assert.equal(await lab.page.locator("img").count(), 0);
  assert.equal(await lab.page.title(), "terminals");
  // A screen reader has the text, as a text.
  await lab.page.locator("#focus .xterm-accessibility", { hasText: markup }).waitFor({ state: "attached" });
  await end("hostile");
});

test("the size is tmux's until it is taken, and again when it is released", async () => {
  const shown = await pane("size", "exec cat", 100, 30);
  const size = async () =>
    (await world.run("display-message", "-p", "-t", shown, "#{pane_width}x#{pane_height}")).trim();
  await lab.tile(shown);
  await lab.focus(shown, { fit: "box" });
  await lab.page.setViewportSize({ width: 500, height: 400 });
  await lab.page.setViewportSize({ width: 1440, height: 900 });
  await lab.isExact(shown, "focus");
  assert.equal(await size(), "100x30");
  await lab.page.evaluate(() => globalThis.lab.focus?.takeSize({ cols: 72, rows: 20 }));
  await becomes(
    "the page has it",
    () => globalThis.lab.focus?.sizeOwner.value.by,
    (by) => by === "page",
  );
  assert.equal(await size(), "72x20");
  await lab.isExact(shown, "focus");
  await lab.isExact(shown, "tile");
  await lab.page.evaluate(() => globalThis.lab.focus?.releaseSize());
  await until("it is released", async () => (await size()) === "100x30");
  await becomes(
    "tmux has it",
    () => globalThis.lab.focus?.sizeOwner.value.by,
    (by) => by === "tmux",
  );
  await lab.isExact(shown, "focus");
  await end("size");
});

test("history is fetched as one scrolls, and what is read stays put", async () => {
  const shown = await pane("history", 'awk \'BEGIN { for (i = 0; i < 1900; i++) print "line " i "." }\'; exec cat');
  await shows(shown, "line 1899.");
  await lab.focus(shown);
  const lines = () => lab.page.evaluate(() => globalThis.lab.view());
  const top = async () => (await lines())[0];
  await lab.isExact(shown, "focus");
  assert.ok(await lab.page.evaluate(() => (globalThis.lab.baseY() ?? 0) <= 500));
  await lab.page.evaluate(() => globalThis.lab.focus?.scrollLines(-100_000));
  await becomes(
    "more has come",
    () => globalThis.lab.baseY() ?? 0,
    (rows) => rows > 1000,
  );
  await becomes(
    "it is there",
    () => globalThis.lab.focus?.loadingHistory.value,
    (loading) => loading === false,
  );
  const read = await top();
  assert.match(read ?? "", /^line 13\d\d\.$/);
  // The pane prints on, and the connection goes: what is read stays where it is.
  await world.run("send-keys", "-t", shown, "one", "Enter", "two", "Enter", "three", "Enter");
  await becomes(
    "there is something unread",
    () => globalThis.lab.focus?.unread.value,
    (unread) => unread === true,
  );
  assert.equal(await top(), read);
  lab.proxy.cut();
  await becomes(
    "it is back",
    () => globalThis.lab.focus?.freshness.value,
    (fresh) => fresh === "live",
  );
  await world.run("resize-window", "-t", "history", "-x", "70", "-y", "20");
  await becomes(
    "it has the size",
    () => globalThis.lab.focus?.size.value?.cols,
    (cols) => cols === 70,
  );
  assert.equal(await top(), read);
  assert.equal(await lab.page.evaluate(() => globalThis.lab.focus?.anchored.value), true);
  await lab.page.evaluate(() => globalThis.lab.focus?.search("line 1666."));
  await becomes(
    "it is found",
    () => globalThis.lab.focus?.found.value?.count,
    (count) => count === 1,
  );
  await lab.page.evaluate(() => globalThis.lab.focus?.search("nowhere"));
  await becomes(
    "it is not found",
    () => globalThis.lab.focus?.found.value?.count,
    (count) => count === 0,
  );
  await lab.page.evaluate(() => globalThis.lab.focus?.endSearch());
  await lab.page.evaluate(() => globalThis.lab.focus?.toBottom());
  await becomes(
    "it follows",
    () => globalThis.lab.focus?.anchored.value,
    (anchored) => anchored === false,
  );
  await lab.isExact(shown, "focus");
  await end("history");
});

test("at most eight terminals draw with WebGL, and one that loses it draws on", async () => {
  const shown = await pane("gl", "printf here; exec cat");
  await shows(shown, "here");
  const renderers = await lab.page.evaluate((pane) => globalThis.lab.many(pane, 10), shown);
  const drawing = renderers.filter((renderer) => renderer === "webgl").length;
  assert.equal(drawing, 8, `${renderers}`);
  await lab.focus(shown);
  assert.equal(await lab.page.evaluate(() => globalThis.lab.focus?.renderer.value), "webgl");
  await lab.page.evaluate(() => globalThis.lab.loseContext());
  await becomes(
    "it falls back",
    () => globalThis.lab.focus?.renderer.value,
    (renderer) => renderer === "dom",
  );
  await lab.page.locator("#focus .xterm-rows", { hasText: "here" }).waitFor();
  await end("gl");
});

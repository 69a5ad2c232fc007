import assert from "node:assert/strict";
import { test } from "node:test";
import headless from "@xterm/headless";
import type { Terminal } from "vendor/terminal";
import { Colours, contrast, PALETTE, RGB } from "../src/terminal/colours.ts";
import { Painter, type Surface } from "../src/terminal/painter.ts";
import { themes } from "../src/terminal/themes.ts";

/** Letters here are 0.6 as wide as high, and the canvas notes what is drawn. */
class Notes {
  canvas = { width: 0, height: 0 };
  fillStyle = "";
  font = "";
  textBaseline: CanvasTextBaseline = "alphabetic";
  globalAlpha = 1;
  letterSpacing = "0px";
  readonly drawn: string[] = [];

  fillRect(x: number, y: number, width: number, height: number): void {
    this.drawn.push(`rect ${this.fillStyle} ${x},${y} ${width}x${height}`);
  }

  fillText(text: string, x: number, y: number, most?: number): void {
    const within = most === undefined ? "" : ` within ${most}`;
    this.drawn.push(
      `text ${this.fillStyle} ${/bold/.test(this.font) ? "bold " : ""}${JSON.stringify(text)} ${x},${y}${within}`,
    );
  }

  measureText(text: string): TextMetrics {
    const size = Number(/([\d.]+)px/.exec(this.font)?.[1]);
    return { width: text.length * size * 0.6 } as TextMetrics;
  }

  drawImage(_: unknown, ...where: number[]): void {
    this.drawn.push(`move ${where.join(" ")}`);
  }
}

const COLS = 10;
const ROWS = 6;

async function lab(text: string) {
  const terminal = new headless.Terminal({ cols: COLS, rows: ROWS, allowProposedApi: true, scrollback: 0 });
  const notes = new Notes();
  const painter = new Painter(notes as unknown as Surface, themes.dark, "test");
  painter.layout(COLS * 12, ROWS * 24, COLS, ROWS);
  const paint = async (more: string, isCursorShown = false) => {
    await new Promise<void>((done) => terminal.write(more, done));
    notes.drawn.length = 0;
    painter.counts.rows = painter.counts.moved = 0;
    const painted = painter.paint(terminal as unknown as Terminal, isCursorShown);
    return { painted, drawn: [...notes.drawn], rows: painter.counts.rows, moved: painter.counts.moved };
  };
  return { terminal, notes, painter, paint, first: await paint(text) };
}

const texts = (drawn: string[]) => drawn.filter((one) => one.startsWith("text"));

test("the first picture is whole, and nothing is drawn twice", async () => {
  const { first, paint } = await lab("hello");
  assert.equal(first.rows, ROWS);
  assert.deepEqual(
    texts(first.drawn).map((one) => one.split(" ")[2]),
    ['"hello"'],
  );
  const again = await paint("");
  assert.deepEqual([again.painted, again.rows, again.drawn], [false, 0, []]);
});

test("only rows that changed are drawn", async () => {
  const { paint } = await lab("one\r\ntwo\r\nthree");
  const { rows, drawn } = await paint("\x1b[2;1Htwo!");
  assert.equal(rows, 1);
  assert.equal(texts(drawn).length, 1);
  assert.match(texts(drawn)[0] ?? "", /"two!"/);
});

test("what has moved up is moved, and only what is new is drawn", async () => {
  const { paint, terminal, notes } = await lab("1\r\n2\r\n3\r\n4\r\n5\r\n6");
  const { rows, moved, drawn } = await paint("\r\n7");
  assert.equal(moved, ROWS - 1);
  assert.equal(rows, 1);
  const cell = notes.canvas.height / ROWS;
  assert.equal(drawn[0], `move 0 ${cell} ${notes.canvas.width} ${cell * 5} 0 0 ${notes.canvas.width} ${cell * 5}`);
  assert.match(texts(drawn)[0] ?? "", /"7"/);
  // A row that moved and changed besides is drawn where it is now.
  const both = await paint("\r\n8\x1b[1;1Hx");
  assert.deepEqual(
    texts(both.drawn).map((one) => one.split(" ")[2]),
    ['"x"', '"8"'],
  );
  assert.equal(terminal.buffer.active.getLine(0)?.translateToString(true), "x");
});

test("random output is painted as if all were drawn anew", async () => {
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    return seed % below;
  };
  const { paint, terminal } = await lab("");
  // What stands on the canvas, row by row, as the last thing that was drawn there.
  const shown: string[] = Array.from({ length: ROWS }, () => "");
  for (let round = 0; round < 500; round++) {
    const lines = [
      "\r\n",
      `\x1b[${random(ROWS) + 1};${random(COLS) + 1}H`,
      "a",
      "\x1b[31mbc",
      "\x1b[m",
      "\x1b[2K",
      "\x1b[L",
      "\x1b[S",
    ];
    const text = Array.from({ length: random(6) }, () => lines[random(lines.length)]).join("");
    const { drawn } = await paint(text, random(2) === 0);
    const cell = 24;
    for (const one of drawn) {
      const move = /^move 0 (\d+) /.exec(one);
      if (move) {
        const gone = shown.splice(0, Number(move[1]) / cell);
        shown.push(...gone.map(() => "?"));
      }
      const rect = /^rect \S+ 0,(\d+) 120x/.exec(one);
      if (rect) shown[Number(rect[1]) / cell] = "";
      const letters = /^text \S+ (?:bold )?(".*") (\d+),(\d+)/.exec(one);
      if (!letters) continue;
      const row = Math.floor(Number(letters[3]) / cell);
      const at = Number(letters[2]) / 12;
      const before = (shown[row] ?? "").padEnd(at);
      const piece = JSON.parse(letters[1] ?? "") as string;
      shown[row] = before.slice(0, at) + piece + before.slice(at + piece.length);
    }
    const there = Array.from({ length: ROWS }, (_, row) =>
      terminal.buffer.active.getLine(row)?.translateToString(true).trimEnd(),
    );
    assert.deepEqual(shown, there, `round ${round}`);
  }
});

test("the cursor is drawn with its colours changed, and leaves nothing behind", async () => {
  const { paint } = await lab("ab\x1b[1;1H");
  const { drawn } = await paint("", true);
  assert.ok(drawn.includes("rect #d5dce6 0,0 12x24"), drawn.join("\n"));
  assert.ok(texts(drawn)[0]?.startsWith('text #0f141b "a" 0,'));
  const moved = await paint("\x1b[1;2H", true);
  assert.ok(texts(moved.drawn).some((one) => one.startsWith('text #d5dce6 "a"')));
  const hidden = await paint("", false);
  assert.equal(hidden.rows, 1);
});

test("colours, styles and lines are those of the cells", async () => {
  const { paint } = await lab("");
  const { drawn } = await paint(
    "\x1b[38;2;1;2;3;48;5;196mx\x1b[m\x1b[1;31my\x1b[m\x1b[7mz\x1b[m\x1b[4mu\x1b[m\x1b[9ms\x1b[m\x1b[8mhidden",
  );
  assert.ok(drawn.includes("rect #ff0000 0,0 12x24"));
  assert.ok(drawn.some((one) => one.startsWith('text #010203 "x"')));
  // Bold red is bright red, as in xterm.js.
  assert.ok(drawn.some((one) => one.startsWith(`text ${themes.dark.ansi[9]} bold "y"`)));
  assert.ok(drawn.includes(`rect ${themes.dark.foreground} 24,0 12x24`));
  assert.ok(drawn.some((one) => one.startsWith(`text ${themes.dark.background} "z"`)));
  assert.ok(drawn.some((one) => new RegExp(`^rect ${themes.dark.foreground} 36,\\d+ 12x\\d$`).test(one)));
  assert.ok(drawn.some((one) => new RegExp(`^rect ${themes.dark.foreground} 48,\\d+ 12x\\d$`).test(one)));
  assert.ok(!drawn.some((one) => one.includes("hidden")));
});

const rects = (drawn: string[], colour: string) =>
  drawn.flatMap((one) => {
    const [, x, y, width, height] =
      new RegExp(`^rect ${colour} (\\d+),(\\d+) (\\d+)x(\\d+)$`).exec(one)?.map(Number) ?? [];
    return x === undefined || y === undefined || height === 24 ? [] : [{ x, y, width, height }];
  });

test("underlines have their style and colour", async () => {
  const { paint } = await lab("");
  const red = "#ff0000";
  const line = async (style: number, text = "ab") =>
    rects((await paint(`\x1b[2J\x1b[H\x1b[4:${style};58:2::255:0:0m${text}\x1b[m`)).drawn, red);
  const [single] = await line(1);
  assert.deepEqual([single?.x, single?.width], [0, 24]);
  const double = await line(2);
  assert.deepEqual(
    double.map(({ x, width }) => [x, width]),
    [
      [0, 24],
      [0, 24],
    ],
  );
  assert.notEqual(double[0]?.y, double[1]?.y);
  const curly = await line(3);
  assert.equal(new Set(curly.map(({ y }) => y)).size, 3);
  assert.equal(
    curly.reduce((sum, { width = 0 }) => sum + width, 0),
    24,
    "without a gap",
  );
  const dotted = await line(4);
  const dashed = await line(5);
  const covered = (all: typeof dotted) => all.reduce((sum, { width = 0 }) => sum + width, 0);
  assert.ok(dotted.length > dashed.length && dashed.length > 1, `${dotted.length} and ${dashed.length}`);
  assert.ok(covered(dotted) < 24 && covered(dashed) < 24);
  for (const { y, height = 0 } of [...double, ...curly, ...dotted, ...dashed]) assert.ok(y >= 0 && y + height <= 24);
  // One of the palette; and without one, the text's own colour.
  const of = async (sgr: string) => (await paint(`\x1b[2J\x1b[H\x1b[${sgr}mab\x1b[m`)).drawn;
  assert.equal(rects(await of("4:3;58:5:196"), red).length > 2, true);
  assert.equal(rects(await of("4;38;2;1;2;3"), "#010203").length, 1);
  assert.equal(rects(await of("24;58:2::255:0:0"), red).length, 0);
  // Another style alone is drawn anew.
  assert.equal((await paint("\x1b[H\x1b[4:3mab\x1b[m")).rows, 1);
  assert.equal((await paint("\x1b[H\x1b[4:4mab\x1b[m")).rows, 1);
  assert.equal((await paint("\x1b[H\x1b[4:4mab\x1b[m")).rows, 0);
});

test("the cursor has the shape that the program gives it", async () => {
  const { paint } = await lab("ab\x1b[H");
  const cursor = themes.dark.cursor;
  const block = await paint("\x1b[2 q", true);
  assert.ok(block.drawn.includes(`rect ${cursor} 0,0 12x24`));
  const under = await paint("\x1b[4 q", true);
  assert.equal(under.rows, 1, "another shape alone is drawn anew");
  assert.deepEqual(rects(under.drawn, cursor), [{ x: 0, y: 22, width: 12, height: 2 }]);
  assert.ok(under.drawn.some((one) => one.startsWith(`text ${themes.dark.foreground} "`)));
  const bar = await paint("\x1b[6 q", true);
  assert.ok(bar.drawn.includes(`rect ${cursor} 0,0 2x24`), bar.drawn.join("\n"));
  const usual = await paint("\x1b[0 q", true);
  assert.ok(usual.drawn.includes(`rect ${cursor} 0,0 12x24`));
});

test("a program changes colours, and takes that back", async () => {
  const colours = new Colours(themes.dark);
  colours.change(1, [1, 2, 3]);
  colours.change(256, [4, 5, 6]);
  colours.change(257, [7, 8, 9]);
  assert.deepEqual(
    [colours.of(PALETTE | 1, 0), colours.foreground, colours.background],
    [0x010203, 0x040506, 0x070809],
  );
  colours.setTheme(themes.light);
  assert.deepEqual(
    [colours.of(PALETTE | 1, 0), colours.foreground],
    [0x010203, 0x040506],
    "another theme changes nothing",
  );
  colours.restore();
  assert.deepEqual([colours.of(PALETTE | 1, 0), colours.foreground], [0xc0262d, 0x040506]);
  colours.restore(256);
  assert.equal(colours.foreground, 0x1f2733);
  colours.restoreAll();
  assert.equal(colours.background, 0xfbfcfd);
});

test("wide, combined and block characters stay within their cells", async () => {
  const { paint } = await lab("");
  const { drawn } = await paint("\u4e2de\u0301\u2588x");
  assert.ok(
    drawn.some((one) => /^text \S+ "\u4e2d" 0,\d+ within 24$/.test(one)),
    drawn.join("\n"),
  );
  assert.ok(drawn.some((one) => /^text \S+ "e\u0301" 24,\d+ within 12$/.test(one)));
  assert.ok(drawn.includes("rect #d5dce6 36,0 12x24"));
  assert.ok(drawn.some((one) => /^text \S+ "x" 48,/.test(one)));
});

test("lines reach the edges of their cells, and meet", async () => {
  const { paint } = await lab("");
  const { drawn } = await paint("┌─┐\x1b[2;1H│ │\x1b[3;1H└━┘");
  const all = rects(drawn, themes.dark.foreground);
  const fills = (x: number, y: number) =>
    drawn.some((one) => {
      const [, left = 0, top = 0, width = 0, height = 0] =
        new RegExp(`^rect ${themes.dark.foreground} (\\d+),(\\d+) (\\d+)x(\\d+)$`).exec(one)?.map(Number) ?? [];
      return x >= left && x < left + width && y >= top && y < top + height;
    });
  assert.ok(all.length > 0);
  // Across the top from the middle of the corner to the middle of the other, and down at both sides.
  const middle = [...Array(24).keys()].find((y) => fills(18, y)) ?? -1;
  for (let x = 6; x < 30; x++) assert.ok(fills(x, middle), `gap at ${x}`);
  assert.ok(!fills(3, middle) && !fills(33, middle));
  const side = [...Array(12).keys()].find((x) => fills(x, 36)) ?? -1;
  for (let y = middle; y < 60; y++) assert.ok(fills(side, y), `gap at ${y}`);
  // A heavy line is thicker than a light one.
  const thick = (x: number, from: number) => [...Array(24).keys()].filter((y) => fills(x, from + y)).length;
  assert.equal(thick(18, 48), 2 * thick(18, 0));
  assert.equal(texts(drawn).length, 0);
});

test("a picture of any size fits its box", () => {
  const notes = new Notes();
  const painter = new Painter(notes as unknown as Surface, themes.light, "test");
  for (const [width, height, cols, rows] of [
    [400, 240, 80, 24],
    [400, 240, 200, 50],
    [33, 21, 80, 24],
    [5000, 100, 80, 24],
    [100, 4000, 500, 2],
  ] as const) {
    painter.layout(width, height, cols, rows);
    assert.ok(notes.canvas.width <= Math.max(width, cols), `${width}x${height}: ${notes.canvas.width}`);
    assert.ok(notes.canvas.height <= Math.max(height, rows * 2), `${width}x${height}: ${notes.canvas.height}`);
    assert.ok(
      notes.canvas.width > 0.7 * width || notes.canvas.height > 0.7 * height || width < cols,
      `${width}x${height}`,
    );
  }
});

test("a theme gives all colours, dim ones, and the contrast that it asks for", () => {
  const colours = new Colours(themes.dark);
  assert.equal(colours.of(PALETTE | 16, 0), 0);
  assert.equal(colours.of(PALETTE | 231, 0), 0xffffff);
  assert.equal(colours.of(PALETTE | 208, 0), 0xff8700);
  assert.equal(colours.of(PALETTE | 232, 0), 0x080808);
  assert.equal(colours.of(PALETTE | 255, 0), 0xeeeeee);
  assert.equal(colours.of(RGB | 0x123456, 0), 0x123456);
  assert.equal(colours.of(0, 0x777777), 0x777777);
  assert.equal(colours.text(0xffffff, 0, true), 0x808080);
  assert.equal(colours.text(0x111111, 0, false), 0x111111);
  for (const [name, theme] of Object.entries(themes)) {
    const least = "minimumContrast" in theme ? theme.minimumContrast : 1;
    const themed = new Colours(theme);
    for (let index = 0; index < 256; index++) {
      const text = themed.text(themed.of(PALETTE | index, 0), themed.background, false);
      assert.ok(contrast(text, themed.background) >= least, `${name}: ${index}`);
    }
    assert.ok(contrast(themed.foreground, themed.background) >= 4, name);
  }
  assert.throws(() => new Colours({ ...themes.dark, cursor: "red" }), /#rrggbb/);
});

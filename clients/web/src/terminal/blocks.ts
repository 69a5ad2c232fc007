import type { Surface } from "./painter.ts";

const FIRST = 0x2580;
const LAST = 0x259f;
const SHADES = 0x2591;
/** Which quarters of a cell are filled, from U+2596 on: upper left, upper right, lower left, lower right. */
const QUARTERS = ["--x-", "---x", "x---", "x-xx", "x--x", "xxx-", "xx-x", "-x--", "-xx-", "-xxx"];

/** Lines, as far as each goes from the middle of its cell: up, right, down, left; 1 is light, 2 is heavy. */
const LINES = new Map(
  [
    "─0101 ━0202 │1010 ┃2020 ┌0110 ┏0220 ┐0011 ┓0022 └1100 ┗2200 ┘1001 ┛2002 ├1110 ┣2220 ┤1011 ┫2022 ┬0111 ┳0222",
    "┴1101 ┻2202 ┼1111 ╋2222 ╭0110 ╮0011 ╰1100 ╯1001 ╴0001 ╵1000 ╶0100 ╷0010 ╸0002 ╹2000 ╺0200 ╻0020 ╼0201 ╽1020",
    "╾0102 ╿2010 ┝1210 ┠2120 ┥1012 ┨2021 ┯0212 ┰0121 ┷1202 ┸2101 ┿1212 ╂2121 ┍0210 ┎0120 ┑0012 ┒0021 ┕1200 ┖2100",
    "┙1002 ┚2001",
  ]
    .join(" ")
    .split(" ")
    .map((entry) => [entry.codePointAt(0) ?? 0, [...entry.slice(1)].map(Number)] as const),
);

/** Whether a character is a block or a line, which has to reach the edges of its cell without a gap. */
export const isBlock = (code: number): boolean => (code >= FIRST && code <= LAST) || LINES.has(code);

/** Fills what a block element or a line fills of a cell. */
export function paintBlock(surface: Surface, code: number, x: number, y: number, width: number, height: number): void {
  const line = LINES.get(code);
  if (line) return paintLine(surface, line, x, y, width, height);
  const fill = (left: number, top: number, right: number, bottom: number) => {
    const [fromX, fromY] = [Math.round(left * width), Math.round(top * height)];
    surface.fillRect(x + fromX, y + fromY, Math.round(right * width) - fromX, Math.round(bottom * height) - fromY);
  };
  if (code === 0x2580) return fill(0, 0, 1, 0.5);
  if (code <= 0x2588) return fill(0, 1 - (code - FIRST) / 8, 1, 1);
  if (code <= 0x258f) return fill(0, 0, (0x2590 - code) / 8, 1);
  if (code === 0x2590) return fill(0.5, 0, 1, 1);
  if (code <= SHADES + 2) {
    surface.globalAlpha = (code - SHADES + 1) / 4;
    fill(0, 0, 1, 1);
    surface.globalAlpha = 1;
    return;
  }
  if (code === 0x2594) return fill(0, 0, 1, 1 / 8);
  if (code === 0x2595) return fill(7 / 8, 0, 1, 1);
  const quarters = QUARTERS[code - 0x2596] ?? "";
  for (let at = 0; at < 4; at++) {
    if (quarters[at] !== "x") continue;
    const [left, top] = [(at % 2) / 2, Math.floor(at / 2) / 2];
    fill(left, top, left + 0.5, top + 0.5);
  }
}

function paintLine(
  surface: Surface,
  [up = 0, right = 0, down = 0, left = 0]: readonly number[],
  x: number,
  y: number,
  width: number,
  height: number,
): void {
  const light = Math.max(1, Math.round(height / 16));
  const thick = (weight: number) => weight * light;
  // Where light lines of this cell and of those beside it meet.
  const [column, row] = [Math.floor((width - light) / 2), Math.floor((height - light) / 2)];
  const across = (weight: number, from: number, to: number) =>
    surface.fillRect(x + from, y + row - Math.floor((thick(weight) - light) / 2), to - from, thick(weight));
  const along = (weight: number, from: number, to: number) =>
    surface.fillRect(x + column - Math.floor((thick(weight) - light) / 2), y + from, thick(weight), to - from);
  // Each reaches to the far side of what it meets, so that corners are whole.
  const [wide, high] = [thick(Math.max(up, down, 1)), thick(Math.max(left, right, 1))];
  const [middleX, middleY] = [column - Math.floor((wide - light) / 2), row - Math.floor((high - light) / 2)];
  if (left && left === right) across(left, 0, width);
  else {
    if (left) across(left, 0, middleX + wide);
    if (right) across(right, middleX, width);
  }
  if (up && up === down) along(up, 0, height);
  else {
    if (up) along(up, 0, middleY + high);
    if (down) along(down, middleY, height);
  }
}

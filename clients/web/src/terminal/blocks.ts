import type { Surface } from "./painter.ts";

const FIRST = 0x2580;
const LAST = 0x259f;
const SHADES = 0x2591;
/** Which quarters of a cell are filled, from U+2596 on: upper left, upper right, lower left, lower right. */
const QUARTERS = ["--x-", "---x", "x---", "x-xx", "x--x", "xxx-", "xx-x", "-x--", "-xx-", "-xxx"];

/** Whether a character is a block, which has to fill its cell without a gap. */
export const isBlock = (code: number): boolean => code >= FIRST && code <= LAST;

/** Fills what a block element fills of a cell. */
export function paintBlock(surface: Surface, code: number, x: number, y: number, width: number, height: number): void {
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

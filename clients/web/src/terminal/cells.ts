import type { IBufferCell, Terminal } from "vendor/terminal";
import { DEFAULT, PALETTE, RGB } from "./colours.ts";
import { cursorShape, underlineOf } from "./internals.ts";

/** Words of a cell: what it holds, its text's colour, what is behind it, its underline. */
export const WORDS = 4;
/** The first word: the code point, or the number of a text of several. */
export const CODE = 0x1fffff;
export const COMBINED = 1 << 31;
const WIDTH_SHIFT = 24;
/** Flags beside the text's colour. */
export const BOLD = 1 << 26;
export const DIM = 1 << 27;
export const ITALIC = 1 << 28;
export const STRIKE = 1 << 30;
/** Flags beside the colour behind. */
export const INVERSE = 1 << 26;
export const INVISIBLE = 1 << 27;
export const OVERLINE = 1 << 28;

/** Beside the colour of an underline: its style, from 1 for a single line to 5. None is 0. */
const STYLE_SHIFT = 26;
export const styleOf = (word: number): number => word >>> STYLE_SHIFT;
/** Beside the column of the cursor: its shape. */
const SHAPE_SHIFT = 24;
const SHAPES = ["block", "underline", "bar"] as const;
export const columnOf = (cursor: number): number => (cursor < 0 ? -1 : cursor & 0xffffff);
export const shapeOf = (cursor: number): (typeof SHAPES)[number] => SHAPES[cursor >> SHAPE_SHIFT] ?? "block";

export const widthOf = (word: number): number => (word >>> WIDTH_SHIFT) & 3;

/** What a terminal shows, in numbers: cheap to compare with what it showed before. */
export class Cells {
  cols = 0;
  rows = 0;
  words = new Int32Array(0);
  /** The column of the cursor in each row and its shape, -1 in those without it. */
  cursor = new Int32Array(0);
  /** One number of each row, which tells most rows apart. */
  sums = new Int32Array(0);

  resize(cols: number, rows: number): void {
    if (cols === this.cols && rows === this.rows) return;
    this.cols = cols;
    this.rows = rows;
    this.words = new Int32Array(cols * rows * WORDS);
    this.cursor = new Int32Array(rows);
    this.sums = new Int32Array(rows);
  }

  row(row: number): Int32Array {
    return this.words.subarray(row * this.cols * WORDS, (row + 1) * this.cols * WORDS);
  }

  /** Whether a row of this looks like a row of another one of the same width. */
  isSame(row: number, other: Cells, otherRow: number): boolean {
    if (this.sums[row] !== other.sums[otherRow] || this.cursor[row] !== other.cursor[otherRow]) return false;
    const mine = this.row(row);
    const theirs = other.row(otherRow);
    return mine.every((word, at) => word === theirs[at]);
  }
}

/** The texts of cells that hold more than one code point, by number. */
export class Combined {
  #texts: string[] = [];
  readonly #numbers = new Map<string, number>();

  get size(): number {
    return this.#texts.length;
  }

  clear(): void {
    this.#texts = [];
    this.#numbers.clear();
  }

  number(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#numbers.set(text, this.#texts.length);
    return this.#texts.push(text) - 1;
  }

  text(number: number): string {
    return this.#texts[number] ?? "\ufffd";
  }
}

/** Reads what a terminal shows now. */
export function read(terminal: Terminal, isCursorShown: boolean, combined: Combined, into: Cells): void {
  const { cols, rows } = terminal;
  const buffer = terminal.buffer.active;
  const { words } = into;
  const top = buffer.baseY;
  const cell = buffer.getNullCell();
  into.cursor.fill(-1);
  if (isCursorShown && buffer.cursorY < rows) {
    const shape = SHAPES.indexOf(cursorShape(terminal));
    into.cursor[buffer.cursorY] = Math.min(buffer.cursorX, cols - 1) | (shape << SHAPE_SHIFT);
  }
  let at = 0;
  for (let y = 0; y < rows; y++) {
    const row = buffer.getLine(top + y);
    let sum = 0;
    for (let x = 0; x < cols; x++, at += WORDS) {
      if (!row?.getCell(x, cell)) {
        words[at] = words[at + 1] = words[at + 2] = words[at + 3] = 0;
        continue;
      }
      const chars = cell.getChars();
      const code = cell.getCode();
      const isOne = chars.length <= (code > 0xffff ? 2 : 1);
      const what = (isOne ? code : COMBINED | combined.number(chars)) | (cell.getWidth() << WIDTH_SHIFT);
      const text =
        colour(cell.isFgPalette(), cell.isFgRGB(), cell.getFgColor()) |
        (cell.isBold() ? BOLD : 0) |
        (cell.isDim() ? DIM : 0) |
        (cell.isItalic() ? ITALIC : 0) |
        (cell.isStrikethrough() ? STRIKE : 0);
      const behind =
        colour(cell.isBgPalette(), cell.isBgRGB(), cell.getBgColor()) |
        (cell.isInverse() ? INVERSE : 0) |
        (cell.isInvisible() ? INVISIBLE : 0) |
        (cell.isOverline() ? OVERLINE : 0);
      const line = cell.isUnderline() ? underline(cell) : 0;
      words[at] = what;
      words[at + 1] = text;
      words[at + 2] = behind;
      words[at + 3] = line;
      sum = (Math.imul(sum, 31) + what) | 0;
      sum = (Math.imul(sum, 31) + text) | 0;
      sum = (Math.imul(sum, 31) + (behind ^ line)) | 0;
    }
    into.sums[y] = sum;
  }
}

function underline(cell: IBufferCell): number {
  const { style, mode, colour } = underlineOf(cell);
  return (style << STYLE_SHIFT) | (mode === "rgb" ? RGB | colour : mode === "palette" ? PALETTE | colour : DEFAULT);
}

function colour(isPalette: boolean, isRgb: boolean, value: number): number {
  if (isRgb) return RGB | value;
  return isPalette ? PALETTE | value : DEFAULT;
}

/** By how many rows what was shown has moved up, if that leaves fewer rows to paint; otherwise 0. */
export function scrolled(before: Cells, now: Cells): number {
  const count = (by: number) => {
    let same = 0;
    for (let row = 0; row + by < now.rows; row++) if (now.sums[row] === before.sums[row + by]) same += 1;
    return same;
  };
  const still = count(0);
  // Few rows have changed: nothing is to be won.
  if (now.rows - still <= 3) return 0;
  let [best, most] = [0, still + 2];
  for (let by = 1; by < now.rows; by++) {
    const same = count(by);
    if (same > most) [best, most] = [by, same];
  }
  return best;
}

import type { Terminal } from "vendor/terminal";
import { isBlock, paintBlock } from "./blocks.ts";
import {
  BOLD,
  Cells,
  CODE,
  COMBINED,
  Combined,
  columnOf,
  DIM,
  INVERSE,
  INVISIBLE,
  ITALIC,
  OVERLINE,
  read,
  STRIKE,
  scrolled,
  shapeOf,
  styleOf,
  WORDS,
  widthOf,
} from "./cells.ts";
import { Colours, PALETTE, type Rgb } from "./colours.ts";
import type { ColourChange } from "./internals.ts";
import type { Theme } from "./types.ts";
import { paintUnderline } from "./underlines.ts";

/** What a painter needs of a canvas: a test gives it one that notes what is drawn. */
export type Surface = Pick<
  CanvasRenderingContext2D,
  "fillStyle" | "font" | "textBaseline" | "globalAlpha" | "fillRect" | "fillText" | "measureText" | "drawImage"
> & { letterSpacing?: string; canvas: { width: number; height: number } };

/** Of the height of a letter. */
const LINE_HEIGHT = 1.2;
/** Texts of several code points that are remembered before all is painted anew. */
const MOST_COMBINED = 4096;
const ASCII = { first: 0x21, last: 0x7e };

interface Style {
  readonly text: Rgb;
  readonly behind: Rgb;
  /** Bold and italic: 0 to 3. */
  readonly face: number;
  readonly lines: number;
  /** The style of the underline; 0 is none. */
  readonly underline: number;
  readonly underlineColour: Rgb;
  readonly isHidden: boolean;
}

/** Draws what a terminal shows, as large as a box allows. Only rows that changed are drawn. */
export class Painter {
  /** How often rows were drawn, and how often rows were moved: for tests and measures. */
  readonly counts = { rows: 0, moved: 0 };
  readonly #surface: Surface;
  readonly #combined = new Combined();
  readonly #faces: string[] = [];
  readonly #x: number[] = [];
  readonly #colours: Colours;
  #family: string;
  #before = new Cells();
  #now = new Cells();
  #isWhole = false;
  #cellHeight = 0;
  #baseline = 0;
  /** What stands between letters so that each is a cell wide; not a number where letters are drawn one by one. */
  #spacing = Number.NaN;

  constructor(surface: Surface, theme: Theme, family: string) {
    this.#surface = surface;
    this.#colours = new Colours(theme);
    this.#family = family;
  }

  setTheme(theme: Theme): void {
    this.#colours.setTheme(theme);
    this.#isWhole = false;
  }

  /** The program in the pane has changed colours, or taken that back; without changes, all of that. */
  setColours(changes?: readonly ColourChange[]): void {
    if (!changes) this.#colours.restoreAll();
    for (const change of changes ?? []) {
      if (change.type === 1) this.#colours.change(change.index, change.color);
      else if (change.type === 2) this.#colours.restore(change.index);
    }
    this.#isWhole = false;
  }

  setFamily(family: string): void {
    this.#family = family;
  }

  /** Makes the bitmap as large as it can be for a pane in a box, in device pixels. */
  layout(width: number, height: number, cols: number, rows: number): void {
    const surface = this.#surface;
    surface.font = `100px ${this.#family}`;
    const advance = surface.measureText("MMMMMMMMMM").width / 1000;
    const fit = Math.max(1, Math.min(width / (cols * advance), height / (rows * LINE_HEIGHT)));
    const wide = fit * advance;
    // Whole pixels are sharper, but cost too much of a small cell.
    const cellWidth = wide >= 5 ? Math.floor(wide) : wide;
    this.#cellHeight = Math.max(2, Math.floor(fit * LINE_HEIGHT));
    const size = Math.min(cellWidth / advance, this.#cellHeight / LINE_HEIGHT);
    this.#x.length = 0;
    for (let col = 0; col <= cols; col++) this.#x.push(Math.round(col * cellWidth));
    surface.canvas.width = Math.max(1, this.#x[cols] ?? 1);
    surface.canvas.height = this.#cellHeight * rows;
    for (let face = 0; face < 4; face++) {
      this.#faces[face] = `${face & 2 ? "italic " : ""}${face & 1 ? "bold " : ""}${size.toFixed(2)}px ${this.#family}`;
    }
    // Resizing a canvas forgets all of these.
    surface.textBaseline = "alphabetic";
    surface.font = this.#faces[0] ?? "";
    this.#spacing = surface.letterSpacing === undefined ? Number.NaN : cellWidth - surface.measureText("M").width;
    this.#baseline = Math.round((this.#cellHeight - size) / 2 + size * 0.8);
    this.#before.resize(cols, rows);
    this.#now.resize(cols, rows);
    this.#isWhole = false;
  }

  /** Draws what differs from what is drawn. Returns whether anything did. */
  paint(terminal: Terminal, isCursorShown: boolean): boolean {
    const now = this.#now;
    if (terminal.cols !== now.cols || terminal.rows !== now.rows) return false;
    if (this.#combined.size > MOST_COMBINED) {
      this.#combined.clear();
      this.#isWhole = false;
    }
    read(terminal, isCursorShown, this.#combined, now);
    const before = this.#before;
    const by = this.#isWhole ? scrolled(before, now) : 0;
    if (by > 0) this.#move(by);
    let painted = by > 0;
    for (let row = 0; row < now.rows; row++) {
      // What came from below the last row is not there.
      const from = row + by;
      if (this.#isWhole && from < now.rows && now.isSame(row, before, from)) continue;
      this.#row(row);
      painted = true;
    }
    this.#before = now;
    this.#now = before;
    this.#isWhole = true;
    return painted;
  }

  #move(by: number): void {
    const { canvas } = this.#surface;
    const height = (this.#now.rows - by) * this.#cellHeight;
    const from = by * this.#cellHeight;
    this.#surface.drawImage(canvas as HTMLCanvasElement, 0, from, canvas.width, height, 0, 0, canvas.width, height);
    this.counts.moved += this.#now.rows - by;
  }

  #row(row: number): void {
    this.counts.rows += 1;
    const { cols } = this.#now;
    const words = this.#now.row(row);
    const cursor = columnOf(this.#now.cursor[row] ?? -1);
    const isBlock = shapeOf(this.#now.cursor[row] ?? -1) === "block";
    this.#fill(row, 0, cols, this.#colours.background);
    let at = 0;
    while (at < cols) {
      const end = this.#endOfStyle(words, at, cursor);
      const style = this.#style(words, at, at === cursor && isBlock);
      if (style.behind !== this.#colours.background) this.#fill(row, at, end, style.behind);
      if (!style.isHidden) this.#texts(row, words, at, end, style);
      at = end;
    }
    if (cursor >= 0 && !isBlock) this.#cursor(row, cursor);
  }

  /** A cursor that leaves the cell below it as it is. */
  #cursor(row: number, at: number): void {
    const [left, top, height] = [this.#x[at] ?? 0, row * this.#cellHeight, this.#cellHeight];
    const thick = Math.max(1, Math.round(height / 10));
    this.#surface.fillStyle = this.#colours.css(this.#colours.cursor);
    if (shapeOf(this.#now.cursor[row] ?? -1) === "bar") return this.#surface.fillRect(left, top, thick, height);
    const isWide = widthOf(this.#now.row(row)[at * WORDS] ?? 0) === 2;
    const right = this.#x[Math.min(at + (isWide ? 2 : 1), this.#now.cols)] ?? left;
    this.#surface.fillRect(left, top + height - thick, right - left, thick);
  }

  /** Up to where cells look alike but for their texts. The cursor stands alone. */
  #endOfStyle(words: Int32Array, start: number, cursor: number): number {
    const { cols } = this.#now;
    let end = start + 1;
    if (start === cursor) return widthOf(words[start * WORDS] ?? 0) === 2 ? Math.min(end + 1, cols) : end;
    const from = start * WORDS;
    for (; end < cols && end !== cursor; end++) {
      const at = end * WORDS;
      if (words[at + 1] !== words[from + 1] || words[at + 2] !== words[from + 2] || words[at + 3] !== words[from + 3]) {
        break;
      }
    }
    return end;
  }

  #style(words: Int32Array, at: number, isCursor: boolean): Style {
    const text = words[at * WORDS + 1] ?? 0;
    const behind = words[at * WORDS + 2] ?? 0;
    const underline = words[at * WORDS + 3] ?? 0;
    const colours = this.#colours;
    // As xterm.js does, and terminals before it: bold is bright.
    const isBright = text & BOLD && (text & 0x3000000) === PALETTE && (text & 0xffffff) < 8;
    let fore = colours.of(isBright ? text + 8 : text, colours.foreground);
    let back = colours.of(behind, colours.background);
    if (behind & INVERSE) [fore, back] = [back, fore];
    if (isCursor) [fore, back] = [back, colours.cursor];
    const isDim = Boolean(text & DIM) && !isCursor;
    return {
      text: colours.text(fore, back, isDim),
      behind: back,
      face: (text & BOLD ? 1 : 0) | (text & ITALIC ? 2 : 0),
      lines: (text & STRIKE) | (behind & OVERLINE),
      underline: styleOf(underline),
      underlineColour: colours.text(colours.of(underline, fore), back, isDim),
      isHidden: Boolean(behind & INVISIBLE),
    };
  }

  #texts(row: number, words: Int32Array, start: number, end: number, style: Style): void {
    const surface = this.#surface;
    surface.fillStyle = this.#colours.css(style.text);
    let run = "";
    let runAt = start;
    const flush = () => {
      if (run.trimEnd()) this.#run(row, runAt, run.trimEnd(), style.face);
      run = "";
    };
    for (let at = start; at < end; at++) {
      const word = words[at * WORDS] ?? 0;
      const code = word & CODE;
      const isCombined = (word & COMBINED) !== 0;
      const isPlain = !isCombined && code >= ASCII.first && code <= ASCII.last;
      const isBlank = !isCombined && (code === 0 || code === 0x20);
      if ((isPlain || (isBlank && run)) && !Number.isNaN(this.#spacing)) {
        if (!run) runAt = at;
        run += isBlank ? " " : String.fromCharCode(code);
        continue;
      }
      flush();
      if (isBlank) continue;
      this.#one(row, at, isCombined ? this.#combined.text(code) : code, widthOf(word), style.face);
    }
    flush();
    if (style.lines) this.#lines(row, start, end, style.lines);
    if (style.underline) this.#underline(row, start, end, style);
  }

  #run(row: number, at: number, text: string, face: number): void {
    const surface = this.#surface;
    surface.font = this.#faces[face] ?? "";
    surface.letterSpacing = `${this.#spacing}px`;
    surface.fillText(text, this.#x[at] ?? 0, row * this.#cellHeight + this.#baseline);
  }

  /** One cell: never wider than what the terminal counts for it. */
  #one(row: number, at: number, what: string | number, width: number, face: number): void {
    const left = this.#x[at] ?? 0;
    const right = this.#x[Math.min(at + Math.max(1, width), this.#now.cols)] ?? left;
    const top = row * this.#cellHeight;
    if (typeof what === "number" && isBlock(what)) {
      return paintBlock(this.#surface, what, left, top, right - left, this.#cellHeight);
    }
    const surface = this.#surface;
    surface.font = this.#faces[face] ?? "";
    if (!Number.isNaN(this.#spacing)) surface.letterSpacing = "0px";
    const text = typeof what === "string" ? what : String.fromCodePoint(what);
    surface.fillText(text, left, top + this.#baseline, right - left);
  }

  #lines(row: number, start: number, end: number, lines: number): void {
    const left = this.#x[start] ?? 0;
    const width = (this.#x[end] ?? left) - left;
    const top = row * this.#cellHeight;
    const thick = Math.max(1, Math.round(this.#cellHeight / 14));
    if (lines & STRIKE) this.#surface.fillRect(left, top + Math.round(this.#baseline * 0.66), width, thick);
    if (lines & OVERLINE) this.#surface.fillRect(left, top, width, thick);
  }

  #underline(row: number, start: number, end: number, { underline, underlineColour }: Style): void {
    const left = this.#x[start] ?? 0;
    const thick = Math.max(1, Math.round(this.#cellHeight / 14));
    const below = Math.min(this.#baseline + thick, this.#cellHeight - thick);
    this.#surface.fillStyle = this.#colours.css(underlineColour);
    paintUnderline(this.#surface, underline, {
      left,
      right: this.#x[end] ?? left,
      top: row * this.#cellHeight + below,
      bottom: (row + 1) * this.#cellHeight,
      thick,
    });
  }

  #fill(row: number, start: number, end: number, colour: Rgb): void {
    const left = this.#x[start] ?? 0;
    this.#surface.fillStyle = this.#colours.css(colour);
    this.#surface.fillRect(left, row * this.#cellHeight, (this.#x[end] ?? left) - left, this.#cellHeight);
  }
}

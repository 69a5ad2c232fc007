import type { IBuffer, IBufferCell } from "vendor/terminal";
import { underlineOf } from "../../src/terminal/internals.ts";

/** A cell as it is compared: its text, its colours and what else it looks like. */
export type Cell = [text: string, fore: string, behind: string, flags: string];

/** What a terminal shows, cell by cell. Runs in Node too, over the terminal that is compared with. */
export function cellsOf(buffer: IBuffer, cols: number, rows: number): Cell[][] {
  return Array.from({ length: rows }, (_, y) => {
    const line = buffer.getLine(buffer.baseY + y);
    return Array.from({ length: cols }, (_, x): Cell => {
      const cell = line?.getCell(x);
      if (!cell) return ["", "", "", ""];
      const fore = cell.isFgDefault() ? "" : `${cell.isFgRGB() ? "#" : ""}${cell.getFgColor()}`;
      const behind = cell.isBgDefault() ? "" : `${cell.isBgRGB() ? "#" : ""}${cell.getBgColor()}`;
      const flags = [
        cell.isBold() && "bold",
        cell.isDim() && "dim",
        cell.isItalic() && "italic",
        cell.isUnderline() && underlineText(cell),
        cell.isInverse() && "inverse",
        cell.isStrikethrough() && "strike",
        cell.isInvisible() && "invisible",
      ];
      const text = cell.getChars() || (cell.getWidth() === 0 ? "" : " ");
      return [text, fore, behind, flags.filter(Boolean).join(" ")];
    });
  });
}

const STYLES = ["no", "underline", "double", "curly", "dotted", "dashed"];

function underlineText(cell: IBufferCell): string {
  const { style, mode, colour } = underlineOf(cell);
  const name = STYLES[style] ?? `underline ${style}`;
  return mode === "text" ? name : `${name} ${mode} ${colour}`;
}

import type { IBuffer } from "vendor/terminal";

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
        cell.isUnderline() && "underline",
        cell.isInverse() && "inverse",
        cell.isStrikethrough() && "strike",
        cell.isInvisible() && "invisible",
      ];
      const text = cell.getChars() || (cell.getWidth() === 0 ? "" : " ");
      return [text, fore, behind, flags.filter(Boolean).join(" ")];
    });
  });
}

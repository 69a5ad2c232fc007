/** Where a pane is in its window, in characters. */
export interface Cell {
  readonly pane: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The panes of a layout string of tmux, such as `b25d,80x24,0,0{40x24,0,0,1,39x24,41,0,2}`; none if it is no such string. */
export function cellsOf(layout: string): Cell[] {
  const cells: Cell[] = [];
  const node = /(\d+)x(\d+),(\d+),(\d+)(?:,(\d+)(?![\dx]))?/y;
  node.lastIndex = layout.indexOf(",") + 1;
  while (node.lastIndex < layout.length) {
    const from = node.lastIndex;
    const found = node.exec(layout);
    if (found) {
      const [, width, height, x, y, pane] = found;
      if (pane === undefined) continue;
      cells.push({ pane: `%${pane}`, x: Number(x), y: Number(y), width: Number(width), height: Number(height) });
    } else if (/[{}[\],]/.test(layout[from] ?? "")) {
      node.lastIndex = from + 1;
    } else {
      return [];
    }
  }
  return cells;
}

import type { Surface } from "./painter.ts";

/** Where an underline has room, in pixels of the bitmap. */
interface Room {
  readonly left: number;
  readonly right: number;
  /** Where a single line begins; the others begin there or above it. */
  readonly top: number;
  readonly bottom: number;
  readonly thick: number;
}

/** Paints an underline in one of the styles that terminals count: single, double, curly, dotted, dashed. */
export function paintUnderline(surface: Surface, style: number, room: Room): void {
  const { left, right, top, bottom, thick } = room;
  const line = (y: number) => surface.fillRect(left, y, right - left, thick);
  switch (style) {
    case 2: {
      const lower = Math.min(top + 2 * thick, bottom - thick);
      line(lower - 2 * thick);
      return line(lower);
    }
    case 3:
      return paintWave(surface, room);
    case 4:
      return paintPieces(surface, room, thick, 2 * thick);
    case 5:
      return paintPieces(surface, room, 3 * thick, 5 * thick);
    default:
      return line(top);
  }
}

/** Pieces of a line, each so long, whose beginnings are so far apart. What stands beside it goes on with the same pattern. */
function paintPieces(surface: Surface, { left, right, top, thick }: Room, long: number, apart: number): void {
  for (let at = left - (left % apart); at < right; at += apart) {
    const [from, to] = [Math.max(at, left), Math.min(at + long, right)];
    if (to > from) surface.fillRect(from, top, to - from, thick);
  }
}

/** A wave of steps as wide as the line is thick. */
function paintWave(surface: Surface, { left, right, top, bottom, thick }: Room): void {
  const lowest = Math.min(top + thick, bottom - thick);
  // Up, up, down, down.
  const heights = [lowest, lowest - thick, lowest - 2 * thick, lowest - thick];
  for (let at = left - (left % thick); at < right; at += thick) {
    const [from, to] = [Math.max(at, left), Math.min(at + thick, right)];
    surface.fillRect(from, heights[Math.round(at / thick) % heights.length] ?? lowest, to - from, thick);
  }
}

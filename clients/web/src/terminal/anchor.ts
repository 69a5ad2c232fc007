import type { Terminal } from "vendor/terminal";

/** So many lines are looked for. */
const LINES = 4;

/** Where a person reads: the lines at the top of the view, and how far from the end they were. */
export interface Anchor {
  readonly lines: readonly string[];
  readonly fromEnd: number;
}

export function isAnchored({ buffer: { active } }: Terminal): boolean {
  return active.viewportY < active.baseY;
}

/** Where the view is, unless it follows what is printed. */
export function anchorOf(terminal: Terminal): Anchor | undefined {
  if (!isAnchored(terminal)) return undefined;
  const { active } = terminal.buffer;
  const lines = Array.from({ length: LINES }, (_, at) => lineAt(terminal, active.viewportY + at));
  return { lines, fromEnd: active.baseY - active.viewportY };
}

/** Shows these lines again, where they stand by now: those nearest to where they were expected. */
export function restore(terminal: Terminal, { lines, fromEnd }: Anchor): void {
  const { baseY } = terminal.buffer.active;
  const expected = Math.max(0, baseY - fromEnd);
  const isHere = (row: number) => lines.every((line, at) => lineAt(terminal, row + at) === line);
  // Lines only come in at the end, so what is read can only be further up.
  for (let away = 0; away <= baseY; away++) {
    if (expected - away >= 0 && isHere(expected - away)) return terminal.scrollToLine(expected - away);
    if (expected + away < baseY && isHere(expected + away)) return terminal.scrollToLine(expected + away);
  }
  terminal.scrollToLine(expected);
}

function lineAt({ buffer: { active } }: Terminal, row: number): string {
  return active.getLine(row)?.translateToString(true) ?? "";
}

import type { Terminal } from "vendor/terminal";

/** What a terminal shows, from the top, without trailing spaces. */
export function shownLines(terminal: Terminal): string[] {
  const buffer = terminal.buffer.active;
  return Array.from(
    { length: terminal.rows },
    (_, row) => buffer.getLine(buffer.baseY + row)?.translateToString(true) ?? "",
  );
}

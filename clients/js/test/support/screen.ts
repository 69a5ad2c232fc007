import headless from "@xterm/headless";
import type { PaneItem } from "../../src/index.js";

/** An independent terminal: what it shows is compared with what tmux shows. */
export class Screen {
  readonly #terminal = new headless.Terminal({ cols: 80, rows: 24, allowProposedApi: true, scrollback: 0 });

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((done) => this.#terminal.write(bytes, done));
  }

  async take(item: PaneItem): Promise<void> {
    if (item.type === "snapshot") this.#terminal.resize(item.cols, item.rows);
    if (item.type === "snapshot" || item.type === "output") await this.write(item.bytes);
  }

  /** The lines without trailing spaces, as `capture-pane -p` gives them, and the cursor. */
  get shown(): string {
    const buffer = this.#terminal.buffer.active;
    const lines = Array.from({ length: this.#terminal.rows }, (_, row) => text(buffer.getLine(buffer.baseY + row)));
    return `${lines
      .map((line) => line.trimEnd())
      .join("\n")
      .trimEnd()}\n${buffer.cursorX},${buffer.cursorY}`;
  }
}

/** The second half of a wide character of which the first half was overwritten is a space, as in tmux. */
function text(line: ReturnType<headless.Terminal["buffer"]["active"]["getLine"]>): string {
  const cells = Array.from({ length: line?.length ?? 0 }, (_, column) => line?.getCell(column));
  return cells.map((cell, at) => cell?.getChars() || (at > 0 && cells[at - 1]?.getWidth() === 2 ? "" : " ")).join("");
}

/** What tmux shows, in the same form. */
export function asShown(captured: string, cursor: string): string {
  const lines = captured.split("\n").map((line) => line.trimEnd());
  return `${lines.join("\n").trimEnd()}\n${cursor.trim()}`;
}

import { type IBuffer, Terminal, UnicodeGraphemesAddon } from "vendor/terminal";

/** So many lines above the screen are kept: the last. */
const LINES = 20_000;
/** So many rows are read before others have a turn. */
const TURN = 1000;

/** Reads what a pane printed, and says what stands there in the end. Nothing is drawn. */
export class TextReader {
  readonly #terminal = new Terminal({ allowProposedApi: true, disableStdin: true, scrollback: LINES, logLevel: "off" });

  constructor() {
    this.#terminal.loadAddon(new UnicodeGraphemesAddon());
  }

  resize(cols: number, rows: number): void {
    this.#terminal.resize(cols, rows);
  }

  /** Resolves once it is read. */
  write(text: string | Uint8Array): Promise<void> {
    return new Promise((done) => this.#terminal.write(text, done));
  }

  /** All lines, and what a program shows on the alternate screen behind them. */
  async text(): Promise<string> {
    const { active, normal } = this.#terminal.buffer;
    const lines = await linesOf(normal);
    if (active.type === "alternate") lines.push(...(await linesOf(active)));
    while (lines.at(-1) === "") lines.pop();
    return lines.map((line) => `${line}\n`).join("");
  }

  dispose(): void {
    this.#terminal.dispose();
  }
}

async function linesOf(buffer: IBuffer): Promise<string[]> {
  const lines: string[] = [];
  for (let row = 0; row < buffer.length; row += 1) {
    const line = buffer.getLine(row);
    // The blanks at the end of a row count where the line goes on.
    const text = line?.translateToString(buffer.getLine(row + 1)?.isWrapped !== true) ?? "";
    if (line?.isWrapped && lines.length > 0) lines.push(`${lines.pop() ?? ""}${text}`);
    else lines.push(text);
    if (row % TURN === TURN - 1) await new Promise((turn) => setTimeout(turn));
  }
  return lines;
}

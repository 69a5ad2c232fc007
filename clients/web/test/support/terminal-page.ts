// The page of test/terminal.test.ts: tiles and terminals without a dashboard around them.
import { Client } from "muxwire";
import {
  createFocus,
  createTile,
  type Focus,
  type Problem,
  TILE_WINDOW,
  type Tile,
  themes,
} from "../../src/terminal/index.ts";
import { terminals } from "../../src/terminal/internals.ts";
import { type Cell, cellsOf } from "./cells.ts";

class Lab {
  readonly themes = themes;
  readonly problems: Problem[] = [];
  readonly tiles = new Map<string, Tile>();
  readonly pastes: string[] = [];
  frames = 0;
  focus: Focus | undefined;
  allowsPaste = false;
  #client: Client | undefined;
  #focusClient: Client | undefined;

  connect(token: string): void {
    const url = new URL("/monitor", location.href.replace(/^http/, "ws"));
    this.#client = new Client(url, { token });
    this.#focusClient = new Client(url, { token });
  }

  async tile(pane: string, width: number, height: number): Promise<void> {
    const client = this.#client;
    if (!client) throw new Error("connect first");
    const box = document.createElement("div");
    box.style.width = `${width}px`;
    box.style.height = `${height}px`;
    const open = () => client.open(pane, { ackWindow: TILE_WINDOW });
    const onFrame = () => {
      this.frames += 1;
    };
    const tile = createTile({ open, theme: themes.dark, onFrame });
    box.append(tile.canvas);
    document.querySelector("#tiles")?.append(box);
    this.tiles.set(pane, tile);
    await tile.painted;
  }

  async openFocus(
    pane: string,
    options: { canWrite?: boolean; mouse?: boolean; screenReader?: boolean; fit?: "box" | "font" } = {},
  ): Promise<void> {
    const client = this.#focusClient;
    const element = document.querySelector<HTMLElement>("#focus");
    if (!client || !element) throw new Error("connect first");
    this.focus = await createFocus({
      element,
      client,
      target: { pane },
      theme: themes.dark,
      nonce: document.querySelector("script")?.nonce ?? "",
      canWrite: true,
      onProblem: (problem) => this.problems.push(problem),
      confirmPaste: ({ text }) => {
        this.pastes.push(text);
        return Promise.resolve(this.allowsPaste);
      },
      ...options,
    });
    await this.focus.painted;
  }

  cells(which: Tile | Focus): { cols: number; rows: number; cells: Cell[][]; cursor: [number, number] } {
    const terminal = terminals.get(which);
    if (!terminal) throw new Error("it has no terminal");
    const { cols, rows, buffer } = terminal;
    return {
      cols,
      rows,
      cells: cellsOf(buffer.active, cols, rows),
      cursor: [buffer.active.cursorX, buffer.active.cursorY],
    };
  }

  terminal(which: Tile | Focus) {
    return terminals.get(which);
  }
}

declare global {
  var lab: Lab;
}
globalThis.lab = new Lab();

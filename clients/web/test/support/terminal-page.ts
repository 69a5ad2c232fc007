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
import { cursorShape, terminals } from "../../src/terminal/internals.ts";
import { type Cell, cellsOf } from "./cells.ts";

class Lab {
  readonly themes = themes;
  readonly problems: Problem[] = [];
  readonly tiles = new Map<string, Tile>();
  readonly pastes: string[] = [];
  readonly links: string[] = [];
  readonly heard: string[] = [];
  /** How fresh each pane was said to be, one after the other. */
  readonly said = new Map<string, string[]>();
  frames = 0;
  focus: Focus | undefined;
  allowsPaste = false;
  #token = "";
  #client: Client | undefined;
  #focusClient: Client | undefined;

  connect(token: string): void {
    this.#token = token;
    this.#client = this.#make();
    this.#focusClient = this.#make();
  }

  #make(): Client {
    return new Client(new URL("/monitor", location.href.replace(/^http/, "ws")), { token: this.#token });
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
    const said: string[] = [];
    this.said.set(pane, said);
    tile.freshness.subscribe((fresh) => said.push(fresh));
    await tile.painted;
  }

  closeFocus(): void {
    this.focus?.dispose();
    this.focus = undefined;
  }

  /** Has the terminal read this, as if the pane had printed it. */
  print(text: string): Promise<void> {
    const terminal = this.focus && terminals.get(this.focus);
    return new Promise((done) => terminal?.write(text, done));
  }

  /** What the terminal would send, typed or not. */
  listen(): void {
    if (this.focus) terminals.get(this.focus)?.onData((data) => this.heard.push(data));
  }

  /** The lines in view. */
  view(): string[] {
    const terminal = this.focus && terminals.get(this.focus);
    const buffer = terminal?.buffer.active;
    return Array.from(
      { length: terminal?.rows ?? 0 },
      (_, row) => buffer?.getLine(buffer.viewportY + row)?.translateToString(true) ?? "",
    );
  }

  baseY(): number | undefined {
    return this.focus && terminals.get(this.focus)?.buffer.active.baseY;
  }

  /** Opens so many terminals, each with a client of its own; returns with what they draw. */
  async many(pane: string, count: number): Promise<string[]> {
    const opened: Focus[] = [];
    for (let at = 0; at < count; at++) {
      const client = this.#make();
      const element = document.createElement("div");
      // What is out of view is not drawn.
      element.style.cssText = `position: fixed; top: ${at * 40}px; right: 0; width: 300px; height: 40px; overflow: hidden`;
      document.body.append(element);
      const nonce = document.querySelector("script")?.nonce ?? "";
      const focus = await createFocus({
        element,
        client,
        target: { pane },
        theme: themes.dark,
        nonce,
        canWrite: false,
      });
      await focus.painted;
      opened.push(focus);
    }
    const renderers = opened.map(({ renderer }) => renderer.value);
    for (const focus of opened) focus.dispose();
    return renderers;
  }

  /** Ends the WebGL contexts of the terminal, as a browser does that has too many. */
  loseContext(): void {
    for (const canvas of document.querySelectorAll<HTMLCanvasElement>("#focus canvas")) {
      canvas.getContext("webgl2")?.getExtension("WEBGL_lose_context")?.loseContext();
    }
  }

  async openFocus(
    pane: string,
    options: {
      canWrite?: boolean;
      mouse?: boolean;
      screenReader?: boolean;
      copyOnSelect?: boolean;
      fit?: "box" | "font";
    } = {},
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
      onLink: (url) => this.links.push(url),
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

  shape(which: Tile | Focus): string {
    const terminal = terminals.get(which);
    if (!terminal) throw new Error("it has no terminal");
    return cursorShape(terminal);
  }

  /** The colours that the terminal draws with, by xterm.js's own account. */
  colours(): { ansi: string[]; background: string } {
    const terminal = this.focus && terminals.get(this.focus);
    const { _core } = terminal as unknown as {
      _core: { _themeService: { colors: { ansi: { rgba: number }[]; background: { rgba: number } } } };
    };
    const { ansi, background } = _core._themeService.colors;
    const text = ({ rgba }: { rgba: number }) => [rgba >>> 24, (rgba >>> 16) & 0xff, (rgba >>> 8) & 0xff].join();
    return { ansi: ansi.map(text), background: text(background) };
  }

  terminal(which: Tile | Focus) {
    return terminals.get(which);
  }
}

declare global {
  var lab: Lab;
}
globalThis.lab = new Lab();

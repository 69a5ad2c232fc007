import { MuxwireError } from "muxwire";
import { signal } from "vendor";
import { Terminal, UnicodeGraphemesAddon } from "vendor/terminal";
import { forget, nextFrame, paintSoon } from "./frames.ts";
import { isCursorHidden, onColours, terminals } from "./internals.ts";
import { Painter } from "./painter.ts";
import { shownLines } from "./text.ts";
import type { Freshness, Size, Source, SourceItem, Theme, Tile, TileOptions } from "./types.ts";

/** How many bytes of a pane may be on their way to a tile: a flood is left out rather than drawn. */
export const TILE_WINDOW = 65_536;
export const MONOSPACE = 'ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace';
/** So many bytes are read for a frame; then the frame is waited for. */
const FRAME_BYTES = 32_768;
/** How long a program may take for a picture, in milliseconds; then what there is of it shows. As xterm.js has it. */
const LONGEST_UPDATE = 1000;

/** Shows a pane. */
export function createTile(options: TileOptions): Tile {
  return new PaneTile(options);
}

class PaneTile implements Tile {
  readonly canvas = document.createElement("canvas");
  readonly size = signal<Size | undefined>(undefined);
  readonly freshness = signal<Freshness>("loading");
  readonly painted: Promise<void>;
  readonly #pane: Source;
  readonly #terminal = new Terminal({ allowProposedApi: true, disableStdin: true, scrollback: 0, logLevel: "off" });
  readonly #painter: Painter;
  readonly #onFrame: (() => void) | undefined;
  readonly #watch = new ResizeObserver(() => this.#onParent());
  readonly #paintNow = () => this.#paint();
  #onPainted: () => void = () => undefined;
  #box: { width: number; height: number } | undefined;
  #isOwnBox = false;
  #isLaidOut = false;
  #isPaused = false;
  /** A snapshot is being read, of which no part is shown. */
  #isHeld = false;
  #isDisposed = false;
  #pixels = 0;
  #sinceFrame = 0;
  /** Since when the program in the pane has asked for no half of a picture to be shown. */
  #updatingSince: number | undefined;

  constructor({ open, theme, fontFamily, onFrame }: TileOptions) {
    const surface = this.canvas.getContext("2d", { alpha: false });
    if (!surface) throw new Error("this browser has no canvas to draw on");
    this.#painter = new Painter(surface, theme, fontFamily ?? MONOSPACE);
    this.#onFrame = onFrame;
    terminals.set(this, this.#terminal);
    this.#terminal.loadAddon(new UnicodeGraphemesAddon());
    onColours(this.#terminal, (changes) => this.#painter.setColours(changes));
    // What the program resets is all as at first. A snapshot begins so too, and says nothing of palettes.
    this.#terminal.parser.registerEscHandler({ final: "c" }, () => {
      if (!this.#isHeld) this.#painter.setColours();
      return false;
    });
    this.painted = new Promise((done) => {
      this.#onPainted = done;
    });
    this.#pane = open();
    void this.#read();
    queueMicrotask(() => this.#onParent());
  }

  lines(): string[] {
    return shownLines(this.#terminal);
  }

  setBox(width: number, height: number): void {
    this.#isOwnBox = true;
    this.#watch.disconnect();
    this.#setBox(width, height);
  }

  setTheme(theme: Theme): void {
    this.#painter.setTheme(theme);
    this.#soon();
  }

  setFamily(fontFamily: string): void {
    this.#painter.setFamily(fontFamily);
    this.#isLaidOut = false;
    this.#soon();
  }

  pause(): void {
    this.#isPaused = true;
    forget(this.#paintNow);
  }

  resume(): void {
    this.#isPaused = false;
    this.#soon();
  }

  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    forget(this.#paintNow);
    this.#watch.disconnect();
    this.#pane.close();
    this.#terminal.dispose();
    this.#onPainted();
  }

  async #read(): Promise<void> {
    const leave = this.#pane.onChange(() => this.#onConnection());
    try {
      for await (const item of this.#pane) await this.#take(item);
    } catch (error) {
      // What is refused has ended: the page says why, from what it knows of the pane.
      if (!(error instanceof MuxwireError)) throw error;
    } finally {
      leave();
      this.freshness.value = "ended";
      this.#onPainted();
    }
  }

  async #take(item: SourceItem): Promise<void> {
    if (item.type === "gap" || item.type === "lagged") {
      this.freshness.value = "lagging";
      return;
    }
    if (item.type === "snapshot") {
      this.#isHeld = true;
      this.#terminal.resize(item.cols, item.rows);
      await this.#write(item.bytes);
      this.#isHeld = false;
      this.#setSize(item);
      if (this.#pane.isOpen) this.freshness.value = "live";
      this.#soon();
    } else if (item.type === "output") {
      await this.#write(item.bytes);
      this.#soon();
    }
    this.#sinceFrame += "bytes" in item ? item.bytes.length : 0;
    if (this.#sinceFrame < FRAME_BYTES) return;
    await nextFrame();
    this.#sinceFrame = 0;
  }

  #write(bytes: Uint8Array): Promise<void> {
    return new Promise((done) => {
      if (this.#isDisposed) return done();
      this.#terminal.write(bytes, done);
    });
  }

  #onConnection(): void {
    if (this.#pane.isOpen) {
      if (this.freshness.value === "stale") this.freshness.value = "live";
    } else if (this.freshness.value !== "loading") {
      this.freshness.value = "stale";
    }
  }

  #setSize({ cols, rows }: Size): void {
    const known = this.size.value;
    if (known?.cols === cols && known.rows === rows) return;
    this.#isLaidOut = false;
    this.size.value = { cols, rows };
  }

  #onParent(): void {
    if (this.#isOwnBox || this.#isDisposed) return;
    const parent = this.canvas.parentElement;
    if (!parent) return;
    this.#watch.observe(parent);
    this.#setBox(parent.clientWidth, parent.clientHeight);
  }

  #setBox(width: number, height: number): void {
    if (this.#box?.width === width && this.#box.height === height) return;
    this.#box = { width, height };
    this.#isLaidOut = false;
    this.#soon();
  }

  #soon(): void {
    if (!this.#isPaused && !this.#isDisposed) paintSoon(this.#paintNow);
  }

  #paint(): void {
    if (!this.#box && !this.#isOwnBox) this.#onParent();
    const size = this.size.value;
    const box = this.#box;
    // What is hidden has no width; a program may ask that no half of a picture is shown.
    if (!size || !box || box.width < 1 || box.height < 1 || this.#isHeld) return;
    if (this.#isUpdating()) return;
    if (!this.#isLaidOut || this.#pixels !== devicePixelRatio) {
      this.#isLaidOut = true;
      this.#pixels = devicePixelRatio;
      this.#painter.layout(box.width * this.#pixels, box.height * this.#pixels, size.cols, size.rows);
      this.canvas.style.width = `${this.canvas.width / this.#pixels}px`;
      this.canvas.style.height = `${this.canvas.height / this.#pixels}px`;
    }
    if (!this.#painter.paint(this.#terminal, !isCursorHidden(this.#terminal))) return;
    this.#onPainted();
    this.#onFrame?.();
  }

  #isUpdating(): boolean {
    if (!this.#terminal.modes.synchronizedOutputMode) {
      this.#updatingSince = undefined;
      return false;
    }
    const now = performance.now();
    if (this.#updatingSince === undefined) {
      this.#updatingSince = now;
      setTimeout(() => this.#soon(), LONGEST_UPDATE);
    }
    return now - this.#updatingSince < LONGEST_UPDATE;
  }
}

import { type Client, MuxwireError, printable, type Target } from "muxwire";
import { encode, join } from "muxwire/bytes";
import { signal } from "vendor";
import { type IDisposable, Terminal, UnicodeGraphemesAddon } from "vendor/terminal";
import { anchorOf, isAnchored, restore } from "./anchor.ts";
import { lease, release, type Tenant } from "./contexts.ts";
import { cellSize, onUserInput, restoreColours, terminals } from "./internals.ts";
import { nonceStyles } from "./nonce.ts";
import { themeOf } from "./options.ts";
import { MouseModes, swallowQueries } from "./queries.ts";
import { Sizing } from "./sizing.ts";
import { shownLines } from "./text.ts";
import { MONOSPACE } from "./tile.ts";
import type {
  Focus,
  FocusOptions,
  Found,
  Freshness,
  Problem,
  SearchOptions,
  Shown,
  Size,
  Source,
  SourceItem,
  Theme,
} from "./types.ts";
import { Typing } from "./typing.ts";

/** Lines of history that come first, and how many at most. */
const FIRST_LINES = 500;
const MOST_LINES = 20_000;
/** How much more of it is fetched each time. */
const MORE = 4;
const FONT_SIZE = 14;
/** Largest and smallest letters of a terminal that fits a box, in CSS pixels. */
const LARGEST = 24;
const SMALLEST = 4;
/** Colours of what a search has found. */
const MATCHES = {
  matchBackground: "#8a6d1d",
  activeMatchBackground: "#c98b00",
  matchOverviewRuler: "#8a6d1d",
  activeMatchColorOverviewRuler: "#c98b00",
};
/** Draws nothing until the picture is whole, and then all of it. */
const BEGIN_UPDATE = "\x1b[?2026h";
const END_UPDATE = "\x1b[?2026l";
const RESET = "\x1bc";

/** Opens a pane to work in it. What it needs besides is loaded first. */
export async function createFocus(options: FocusOptions): Promise<Focus> {
  const addons = await import("vendor/focus");
  return new PaneFocus(options, addons);
}

type Addons = typeof import("vendor/focus");

class PaneFocus implements Focus, Tenant {
  readonly element: HTMLElement;
  readonly painted: Promise<void>;
  readonly pane = signal<string | undefined>(undefined);
  readonly size = signal<Size | undefined>(undefined);
  readonly freshness = signal<Freshness>("loading");
  readonly hasKeys = signal(false);
  readonly anchored = signal(false);
  readonly unread = signal(false);
  readonly loadingHistory = signal(false);
  readonly found = signal<Found | undefined>(undefined);
  readonly renderer = signal<"webgl" | "dom">("dom");
  readonly latency = signal<number | undefined>(undefined);
  readonly #options: FocusOptions;
  readonly #addons: Addons;
  readonly #client: Client;
  readonly #target: Target;
  readonly #terminal: Terminal;
  readonly #search: InstanceType<Addons["SearchAddon"]>;
  readonly #mouse: MouseModes;
  readonly #typing: Typing;
  readonly #sizing: Sizing;
  readonly #ends: Array<() => void> = [];
  readonly #watch = new ResizeObserver(() => this.#fit());
  readonly #holder = document.createElement("div");
  #webgl: InstanceType<Addons["WebglAddon"]> | undefined;
  #hadLoss = false;
  #onPainted: () => void = () => undefined;
  #current: Source | undefined;
  #session: string | undefined;
  #history = { loaded: 0, there: 0 };
  #scrollback: number;
  #canWrite: boolean;
  #font: { family: string; size: number; fit: "font" | "box" };
  /** A snapshot is being read. */
  #isHeld = false;
  /** A person did what the next data comes from. */
  #isTyped = false;
  #typedAt: number | undefined;
  #isDisposed = false;

  constructor(options: FocusOptions, addons: Addons) {
    this.#options = options;
    this.#addons = addons;
    this.element = options.element;
    this.#client = options.client;
    this.#target = options.target;
    this.#canWrite = options.canWrite;
    this.#scrollback = options.scrollback ?? FIRST_LINES;
    this.#font = {
      family: options.fontFamily ?? MONOSPACE,
      size: options.fontSize ?? FONT_SIZE,
      fit: options.fit ?? "font",
    };
    this.painted = new Promise((done) => {
      this.#onPainted = done;
    });
    const onProblem = (problem: Problem) => options.onProblem?.(problem);
    this.#sizing = new Sizing(options.client, onProblem);
    this.#typing = new Typing(options.client, {
      target: () => (this.#current?.isOpen ? this.#current.id : undefined),
      isAllowed: () => this.#canWrite,
      confirmPaste: options.confirmPaste,
      onTyped: options.onTyped,
      onProblem,
    });
    this.#ends.push(nonceStyles(options.nonce));
    this.#terminal = this.#makeTerminal();
    terminals.set(this, this.#terminal);
    this.#search = new addons.SearchAddon({ highlightLimit: 1000 });
    this.#mouse = new MouseModes(this.#terminal, options.mouse ?? false);
    this.#load();
    this.#listen();
    this.#open();
    void this.#read();
  }

  get sizeOwner() {
    return this.#sizing.owner;
  }

  focus(): void {
    this.#terminal.focus();
  }

  blur(): void {
    this.#terminal.blur();
  }

  sendKeys(keys: string[]): Promise<void> {
    this.toBottom();
    return this.#typing.keys(keys);
  }

  sendText(text: string): Promise<void> {
    this.toBottom();
    return this.#typing.text(text);
  }

  paste(text: string): Promise<void> {
    return this.#typing.paste(text);
  }

  selection(): string {
    return this.#terminal.getSelection();
  }

  async copy(): Promise<boolean> {
    const text = this.selection();
    if (!text) return false;
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch (error) {
      this.#options.onProblem?.({ kind: "copy", message: `nothing was copied: ${printable(String(error))}`, text });
      return false;
    }
  }

  selectAll(): void {
    this.#terminal.selectAll();
  }

  search(text: string, { back, caseSensitive, regex }: SearchOptions = {}): void {
    if (!text) return this.endSearch();
    const options = { decorations: MATCHES, caseSensitive: caseSensitive ?? false, regex: regex ?? false };
    if (back) this.#search.findPrevious(text, options);
    else this.#search.findNext(text, options);
  }

  endSearch(): void {
    this.#search.clearDecorations();
    this.#terminal.clearSelection();
    this.found.value = undefined;
  }

  toBottom(): void {
    this.#terminal.scrollToBottom();
    this.#onView();
  }

  scrollLines(lines: number): void {
    this.#terminal.scrollLines(lines);
    this.#onView();
  }

  scrollPages(pages: number): void {
    this.#terminal.scrollPages(pages);
    this.#onView();
  }

  takeSize(size: Size = this.fitting()): void {
    const pane = this.#current?.id;
    if (this.#session && pane) this.#sizing.take(this.#session, pane, size);
  }

  releaseSize(): void {
    this.#sizing.release();
  }

  fitting(): Size {
    const cell = cellSize(this.#terminal);
    const current = this.#terminal.options.fontSize ?? this.#font.size;
    const { clientWidth, clientHeight } = this.element;
    if (!cell || clientWidth < 1 || clientHeight < 1) return { cols: this.#terminal.cols, rows: this.#terminal.rows };
    const scale = this.#font.size / current;
    return {
      cols: Math.max(2, Math.floor(clientWidth / (cell.width * scale))),
      rows: Math.max(2, Math.floor(clientHeight / (cell.height * scale))),
    };
  }

  setCanWrite(canWrite: boolean): void {
    this.#canWrite = canWrite;
    this.#terminal.options.disableStdin = !canWrite;
    this.#onKeys();
  }

  setTheme(theme: Theme): void {
    this.#terminal.options.theme = themeOf(theme);
    this.#holder.style.background = theme.background;
    this.#terminal.options.minimumContrastRatio = theme.minimumContrast ?? 1;
  }

  setFont({ family, size, fit }: { family?: string; size?: number; fit?: "font" | "box" }): void {
    this.#font = { family: family ?? this.#font.family, size: size ?? this.#font.size, fit: fit ?? this.#font.fit };
    this.#terminal.options.fontFamily = this.#font.family;
    if (this.#font.fit === "font") this.#terminal.options.fontSize = this.#font.size;
    this.#fit();
  }

  setScreenReader(on: boolean): void {
    this.#terminal.options.screenReaderMode = on;
  }

  setMouse(on: boolean): void {
    this.#mouse.allow(on);
  }

  lines(): string[] {
    return shownLines(this.#terminal);
  }

  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#sizing.release();
    this.#current?.close();
    for (const end of this.#ends) end();
    this.#watch.disconnect();
    this.#mouse.dispose();
    release(this);
    this.#terminal.dispose();
    this.#holder.remove();
    this.hasKeys.value = false;
    this.#onPainted();
  }

  /** Another terminal draws with WebGL in its stead. */
  evict(): void {
    this.#webgl?.dispose();
    this.#webgl = undefined;
    this.renderer.value = "dom";
  }

  #makeTerminal(): Terminal {
    const { theme, screenReader, scrollback } = this.#options;
    return new Terminal({
      allowProposedApi: true,
      cursorBlink: false,
      customGlyphs: true,
      disableStdin: !this.#canWrite,
      fontFamily: this.#font.family,
      fontSize: this.#font.size,
      linkHandler: {
        activate: (event, url) => this.#onLink(event, url),
        hover: (_, url) => this.#hint(url),
        leave: () => this.#hint(""),
      },
      logLevel: "off",
      minimumContrastRatio: theme.minimumContrast ?? 1,
      screenReaderMode: screenReader ?? false,
      scrollback: Math.max(MOST_LINES, scrollback ?? 0),
      theme: themeOf(theme),
    });
  }

  #load(): void {
    const terminal = this.#terminal;
    terminal.loadAddon(new UnicodeGraphemesAddon());
    terminal.loadAddon(this.#search);
    const links = { hover: (_: MouseEvent, url: string) => this.#hint(url), leave: () => this.#hint("") };
    terminal.loadAddon(new this.#addons.WebLinksAddon((event, url) => this.#onLink(event, url), links));
    this.#own(swallowQueries(terminal));
    this.#holder.className = "focus-terminal";
    this.#holder.style.background = this.#options.theme.background;
    this.element.append(this.#holder);
    terminal.open(this.#holder);
    this.#draw();
    this.#watch.observe(this.element);
  }

  #own(owned: IDisposable): void {
    this.#ends.push(() => owned.dispose());
  }

  #listen(): void {
    const terminal = this.#terminal;
    this.#own(
      onUserInput(terminal, () => {
        this.#isTyped = true;
      }),
    );
    // As in tiles: what the program resets is all as at first, and a snapshot says nothing of palettes.
    this.#own(
      terminal.parser.registerEscHandler({ final: "c" }, () => {
        if (!this.#isHeld) restoreColours(terminal);
        return false;
      }),
    );
    this.#own(terminal.onData((data) => this.#onData(data)));
    this.#own(terminal.onBinary((data) => this.#onBinary(data)));
    this.#own(terminal.onRender(() => this.#onRender()));
    this.#own(terminal.onScroll(() => this.#onView()));
    this.#own(
      this.#search.onDidChangeResults(({ resultIndex, resultCount }) => {
        this.found.value = { count: resultCount, index: resultIndex };
      }),
    );
    terminal.attachCustomKeyEventHandler((event) => this.#onKey(event));
    terminal.attachCustomWheelEventHandler(() => this.#allowsWheel());
    const area = terminal.textarea;
    area?.addEventListener("focus", () => this.#onKeys());
    area?.addEventListener("blur", () => this.#onKeys());
    this.#holder.addEventListener("mousedown", () => this.#onMouseDown(), { capture: true });
    this.#holder.addEventListener("paste", (event) => this.#onPaste(event), { capture: true });
  }

  /** Begins to read the pane, or begins anew with more of its history. */
  #open(): void {
    const { source } = this.#options;
    this.#current = source ? source() : this.#client.open(this.#target, { scrollback: this.#scrollback });
  }

  async #read(): Promise<void> {
    try {
      for (;;) {
        const pane = this.#current;
        if (!pane) return;
        const leave = pane.onChange(() => this.#onConnection());
        try {
          for await (const item of pane) await this.#take(pane, item);
        } finally {
          leave();
        }
        // It was opened anew by this terminal, or it is over.
        if (this.#current === pane) return;
      }
    } catch (error) {
      if (!(error instanceof MuxwireError)) throw error;
      const message = `the pane can't be shown: ${printable(error.message)}`;
      this.#options.onProblem?.({ kind: "pane", message, error });
    } finally {
      this.freshness.value = "ended";
      this.#onKeys();
      this.#onPainted();
    }
  }

  async #take(pane: Source, item: SourceItem): Promise<void> {
    if (this.#isDisposed) return;
    this.pane.value = pane.id;
    if (item.type === "gap" || item.type === "lagged") this.freshness.value = "lagging";
    else if (item.type === "snapshot") await this.#show(pane, item);
    else if (item.type === "output") {
      await this.#write(item.bytes);
      if (this.anchored.value) this.unread.value = true;
    } else if (item.type === "resized") {
      this.#terminal.resize(item.cols, item.rows);
      this.#setSize({ cols: item.cols, rows: item.rows });
    }
  }

  /** The whole pane, at once: size, history and screen in one picture. */
  async #show(pane: Source, { bytes, cols, rows, message }: Shown): Promise<void> {
    const terminal = this.#terminal;
    this.#session = message.session_id;
    this.#history = { loaded: message.data.scrollback?.lines ?? 0, there: message.data.history };
    const anchor = anchorOf(terminal);
    const selected = terminal.hasSelection();
    await this.#write(encode(BEGIN_UPDATE));
    if (this.#isDisposed) return;
    terminal.resize(cols, rows);
    // The reset that the bytes begin with ends an update, so that another one begins right behind it.
    const isReset = bytes[0] === 0x1b && bytes[1] === 0x63;
    this.#isHeld = true;
    await this.#write(join([encode(`${RESET}${BEGIN_UPDATE}`), isReset ? bytes.subarray(2) : bytes]));
    this.#isHeld = false;
    if (this.#isDisposed) return;
    if (!message.data.modes.synchronized_output) terminal.write(END_UPDATE);
    if (anchor) restore(terminal, anchor);
    else terminal.scrollToBottom();
    if (selected) terminal.clearSelection();
    this.#setSize({ cols, rows });
    this.loadingHistory.value = false;
    if (pane.isOpen) this.freshness.value = "live";
    this.#onKeys();
  }

  #write(bytes: Uint8Array): Promise<void> {
    return new Promise((done) => {
      if (this.#isDisposed) return done();
      this.#terminal.write(bytes, done);
    });
  }

  #setSize(size: Size): void {
    const known = this.size.value;
    if (known?.cols !== size.cols || known.rows !== size.rows) this.size.value = size;
    this.#sizing.onSize(size);
    this.#fit();
  }

  #onConnection(): void {
    if (this.#current?.isOpen) {
      if (this.freshness.value === "stale") this.freshness.value = "live";
    } else if (this.freshness.value !== "loading") {
      this.freshness.value = "stale";
    }
    this.#onKeys();
  }

  /** Only what a person did is sent: not what the terminal answers, or says when it gets the focus or another theme. */
  #onData(data: string): void {
    const isTyped = this.#isTyped;
    this.#isTyped = false;
    if (!isTyped) return;
    this.#typedAt ??= performance.now();
    void this.#typing.text(data);
  }

  /** The mouse, in the oldest way to report it: what is no ASCII there is no text, and can't be sent. */
  #onBinary(data: string): void {
    if (/^[\x00-\x7f]*$/.test(data)) void this.#typing.text(data);
  }

  #onPaste(event: ClipboardEvent): void {
    event.preventDefault();
    event.stopPropagation();
    void this.#typing.paste(event.clipboardData?.getData("text/plain") ?? "");
  }

  /** Returns whether the terminal gets the key. */
  #onKey(event: KeyboardEvent): boolean {
    if (event.type !== "keydown") return true;
    if (this.#options.onKey?.(event)) return false;
    const isCopy = event.ctrlKey && ((event.shiftKey && event.code === "KeyC") || event.code === "Insert");
    if (!isCopy || event.altKey || event.metaKey) return true;
    event.preventDefault();
    void this.copy();
    return false;
  }

  /** On the alternate screen the wheel would press arrow keys, which answer dialogs. */
  #allowsWheel(): boolean {
    const { modes, buffer } = this.#terminal;
    return modes.mouseTrackingMode !== "none" || buffer.active.type === "normal";
  }

  #onKeys(): void {
    const area = this.#terminal.textarea;
    const isHere = area !== undefined && document.activeElement === area;
    this.hasKeys.value = isHere && this.#canWrite && this.freshness.value !== "ended";
    if (isHere) this.#draw();
  }

  #onRender(): void {
    if (this.size.value) this.#onPainted();
    if (this.#typedAt !== undefined) {
      this.latency.value = performance.now() - this.#typedAt;
      this.#typedAt = undefined;
    }
    this.#onView();
  }

  #onView(): void {
    const anchored = isAnchored(this.#terminal);
    this.anchored.value = anchored;
    if (!anchored) this.unread.value = false;
    const { loaded, there } = this.#history;
    const { viewportY, type } = this.#terminal.buffer.active;
    const isNearTop = anchored && type === "normal" && viewportY < this.#terminal.rows;
    if (!isNearTop || loaded >= there || this.#scrollback >= MOST_LINES || this.loadingHistory.value) return;
    if (!this.#current?.isOpen || this.#options.source) return;
    this.loadingHistory.value = true;
    this.#scrollback = Math.min(this.#scrollback * MORE, MOST_LINES);
    this.#open();
  }

  /** What is selected with the mouse is copied once the button is let go, wherever that is. */
  #onMouseDown(): void {
    if (!this.#options.copyOnSelect) return;
    const letGo = () => {
      if (!this.#isDisposed && this.#terminal.hasSelection()) void this.copy();
    };
    document.addEventListener("mouseup", letGo, { once: true });
  }

  #onLink(event: MouseEvent, url: string): void {
    if (!(event.ctrlKey || event.metaKey)) return;
    if (!/^https?:\/\//i.test(url)) return;
    if (this.#options.onLink) this.#options.onLink(url);
    else window.open(url, "_blank", "noopener,noreferrer");
  }

  #hint(url: string): void {
    this.#holder.title = url ? `${printable(url)} (Ctrl+click opens it)` : "";
  }

  /** Draws with WebGL if that can be had, and with elements of the page otherwise. */
  #draw(): void {
    lease(this);
    if (this.#webgl || this.#hadLoss) return;
    const webgl = new this.#addons.WebglAddon();
    try {
      this.#terminal.loadAddon(webgl);
    } catch {
      // This browser has none, or no more of it.
      webgl.dispose();
      release(this);
      this.#hadLoss = true;
      return;
    }
    webgl.onContextLoss(() => {
      this.#hadLoss = true;
      release(this);
      this.evict();
    });
    this.#webgl = webgl;
    this.renderer.value = "webgl";
  }

  #fit(): void {
    const { fit } = this.#font;
    const cell = cellSize(this.#terminal);
    const { clientWidth, clientHeight } = this.element;
    if (fit === "font" || !cell || !this.size.value || clientWidth < 1 || clientHeight < 1) return;
    const { cols, rows } = this.#terminal;
    const current = this.#terminal.options.fontSize ?? FONT_SIZE;
    const scale = Math.min(clientWidth / (cols * cell.width), clientHeight / (rows * cell.height));
    let size = Math.min(LARGEST, Math.max(SMALLEST, Math.floor(current * scale * 2) / 2));
    // Cells are whole device pixels, so that letters may need to be a little smaller.
    for (; size >= SMALLEST; size -= 0.5) {
      if (size !== this.#terminal.options.fontSize) this.#terminal.options.fontSize = size;
      const now = cellSize(this.#terminal);
      if (!now || (now.width * cols <= clientWidth && now.height * rows <= clientHeight)) break;
    }
  }
}

import type { Client, MuxwireError, PaneItem, PaneScreen, PaneSnapshot, Target } from "muxwire";
import type { ReadonlySignal } from "vendor";

/** Colours of a terminal, as CSS writes them in hex digits. */
export interface Theme {
  readonly background: string;
  readonly foreground: string;
  readonly cursor: string;
  readonly selection: string;
  /** The 16 of ANSI: eight, and eight bright ones. */
  readonly ansi: readonly string[];
  /** Text is made lighter or darker until it has this contrast with what is behind it. None if it is left out. */
  readonly minimumContrast?: number;
}

/** How large a pane is, in cells. */
export interface Size {
  readonly cols: number;
  readonly rows: number;
}

/** How what is shown stands to the pane. */
export type Freshness =
  /** Nothing has come yet. */
  | "loading"
  | "live"
  /** Output was left out, a snapshot follows. What is shown is the last frame. */
  | "lagging"
  /** There is no connection. What is shown is the last frame. */
  | "stale"
  /** The pane is gone, or was closed. */
  | "ended";

/** A whole screen, as panes yield it, or as it was once. */
export interface Shown extends Pick<PaneSnapshot, "type" | "bytes" | "cols" | "rows"> {
  readonly message: { readonly session_id?: string; readonly data: PaneScreen };
}

/** What a terminal is given. Panes that are live bring a screen with another size. */
export type SourceItem = Exclude<PaneItem, PaneSnapshot> | Shown | ({ readonly type: "resized" } & Size);

/** What a terminal shows: a pane, or what is like one. */
export interface Source extends AsyncIterable<SourceItem> {
  /** tmux's id of the pane, once it is known. */
  readonly id: string;
  readonly isOpen: boolean;
  onChange(listener: () => void): () => void;
  close(): void;
}

export interface TileOptions {
  /** Opens the pane: with a small window, so that floods are left out rather than drawn (`TILE_WINDOW`). */
  readonly open: () => Source;
  readonly theme: Theme;
  /** As CSS has it; the page's monospace if it is left out. */
  readonly fontFamily?: string;
  /** Is called behind each frame that was painted. */
  readonly onFrame?: () => void;
}

/** A pane that is looked at: it shows and never types, never answers, never resizes anything. */
export interface Tile {
  /**
   * The caller puts it somewhere. It takes the largest size within `box` that has the pane's shape, so that cells are whole
   * device pixels; without a box, within the size of its parent element.
   */
  readonly canvas: HTMLCanvasElement;
  readonly size: ReadonlySignal<Size | undefined>;
  readonly freshness: ReadonlySignal<Freshness>;
  /** Is kept when the first frame was painted, or the tile ended before that. */
  readonly painted: Promise<void>;
  /** What shows now, from the top, without trailing spaces: hostile text. */
  lines(): string[];
  /** CSS pixels that it may take. */
  setBox(width: number, height: number): void;
  setTheme(theme: Theme): void;
  /** As CSS has it. */
  setFamily(fontFamily: string): void;
  /** Paints nothing until `resume`. The pane is read on. */
  pause(): void;
  resume(): void;
  /** Closes the pane. */
  dispose(): void;
}

/** Who decides how large the pane is. */
export interface SizeOwner {
  /** `tmux`: its own clients. `page`: this terminal has taken the size. `asked`: it has asked, and nothing is granted yet. */
  readonly by: "tmux" | "page" | "asked";
}

export interface FocusOptions {
  /** Filled, and emptied by `dispose`. The terminal takes all of it. */
  readonly element: HTMLElement;
  /**
   * For its pane and what is typed: not one that has the same pane open for a tile, since a client has a pane open once.
   * All focused terminals may share one.
   */
  readonly client: Client;
  /** The pane, best by its id. */
  readonly target: Target;
  /** What is shown in the place of the pane as it is: nothing that is typed goes anywhere then. */
  readonly source?: () => Source;
  readonly theme: Theme;
  /** For the style elements that xterm.js makes, under a strict Content-Security-Policy. */
  readonly nonce: string;
  /** Whether this person may type. */
  readonly canWrite: boolean;
  /** How the pane's cells become pixels: at `fontSize`, scrolled if they are more than the element has, or as large as fits. */
  readonly fit?: "font" | "box";
  readonly fontFamily?: string;
  readonly fontSize?: number;
  readonly screenReader?: boolean;
  /** Whether what is selected with the mouse is copied when the button is let go. */
  readonly copyOnSelect?: boolean;
  /** Whether mouse and wheel go to a program that asked for them. Off at first, so that a click never types. */
  readonly mouse?: boolean;
  /** Lines of history that come with the first snapshot. More are fetched as one scrolls. */
  readonly scrollback?: number;
  /** The first to see a key that is pressed: `true` if the page takes it, and then the terminal never sees it. */
  readonly onKey?: (event: KeyboardEvent) => boolean;
  /** A paste of several lines, or of many characters: `true` sends it. Without this, such a paste is refused. */
  readonly confirmPaste?: (paste: Paste) => Promise<boolean>;
  /** Something is typed, pasted or pressed, and on its way. */
  readonly onTyped?: () => void;
  /** What could not be typed, or not be shown, and why. */
  readonly onProblem?: (problem: Problem) => void;
  /** A link was chosen (with Ctrl or Cmd): its address is http or https. Without this, it opens in a tab of its own. */
  readonly onLink?: (url: string) => void;
}

export interface Paste {
  readonly text: string;
  readonly lines: number;
}

export interface Problem {
  readonly kind: "typing" | "size" | "pane" | "copy";
  /** For a person: hostile parts are escaped. */
  readonly message: string;
  readonly error?: MuxwireError;
  /** What was not typed, so that it can be shown. */
  readonly text?: string;
}

export interface SearchOptions {
  readonly back?: boolean;
  readonly caseSensitive?: boolean;
  readonly regex?: boolean;
}

/** How many places a search has found, and at which it is, from 0; -1 if it is at none. */
export interface Found {
  readonly count: number;
  readonly index: number;
}

/** A pane that is worked in. */
export interface Focus {
  readonly element: HTMLElement;
  /** Resolves when the first snapshot is painted, or the terminal ended before that. */
  readonly painted: Promise<void>;
  /** tmux's id, once the pane was found. */
  readonly pane: ReadonlySignal<string | undefined>;
  readonly size: ReadonlySignal<Size | undefined>;
  readonly freshness: ReadonlySignal<Freshness>;
  /** Keys go to the pane: the visible sign hangs on it. */
  readonly hasKeys: ReadonlySignal<boolean>;
  /** It stays where it is while the pane prints, since a person has scrolled up. */
  readonly anchored: ReadonlySignal<boolean>;
  /** Lines have come below an anchored view. */
  readonly unread: ReadonlySignal<boolean>;
  /** Older lines of history are on their way. */
  readonly loadingHistory: ReadonlySignal<boolean>;
  readonly found: ReadonlySignal<Found | undefined>;
  readonly sizeOwner: ReadonlySignal<SizeOwner>;
  readonly renderer: ReadonlySignal<"webgl" | "dom">;
  /** The last milliseconds from a key that was typed to the frame that showed what came of it. */
  readonly latency: ReadonlySignal<number | undefined>;

  focus(): void;
  blur(): void;
  /** As from a keyboard: tmux's names of keys. */
  sendKeys(keys: string[]): Promise<void>;
  /** As from a keyboard, byte for byte. */
  sendText(text: string): Promise<void>;
  /** As from the clipboard, asked for above a size. */
  paste(text: string): Promise<void>;
  /** What is selected, or nothing. */
  selection(): string;
  /** Copies what is selected. `false` if nothing is, or the browser forbids it. */
  copy(): Promise<boolean>;
  selectAll(): void;

  search(text: string, options?: SearchOptions): void;
  endSearch(): void;
  /** To the newest line, and stays there. */
  toBottom(): void;
  scrollLines(lines: number): void;
  scrollPages(pages: number): void;

  /** Asks tmux to make the pane as large as the element is at `fontSize`, or this large. */
  takeSize(size?: Size): void;
  /** Gives the size back to tmux's own clients. */
  releaseSize(): void;
  /** What would fit into the element at the font's size. */
  fitting(): Size;

  setCanWrite(canWrite: boolean): void;
  setTheme(theme: Theme): void;
  setFont(font: { family?: string; size?: number; fit?: "font" | "box" }): void;
  setScreenReader(on: boolean): void;
  setMouse(on: boolean): void;
  lines(): string[];
  dispose(): void;
}

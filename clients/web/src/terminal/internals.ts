import type { IBufferCell, IDisposable, Terminal } from "vendor/terminal";

/** What xterm.js 6.0.0 has no public name for. Its version is pinned; a test tries all of these. */
interface Core {
  readonly coreService: {
    readonly isCursorHidden: boolean;
    readonly decPrivateModes: { readonly cursorStyle?: "block" | "underline" | "bar" };
    readonly onUserInput: (listener: () => void) => IDisposable;
  };
  readonly _inputHandler: { readonly onColor: (listener: (changes: ColourChange[]) => void) => IDisposable };
  readonly _themeService?: { restoreColor(index?: number): void };
  readonly _renderService?: {
    readonly dimensions: { readonly css: { readonly cell: { readonly width: number; readonly height: number } } };
  };
}

const core = (terminal: Terminal): Core => (terminal as unknown as { _core: Core })._core;

/** Whether the program in the pane has hidden the cursor. */
export const isCursorHidden = (terminal: Terminal): boolean => core(terminal).coreService.isCursorHidden;

/** What the program in the pane has made of the cursor (DECSCUSR). */
export const cursorShape = (terminal: Terminal): "block" | "underline" | "bar" =>
  core(terminal).coreService.decPrivateModes.cursorStyle ?? "block";

/** What a program does to a colour: one of 256, or one of those in `OWN_COLOURS`; without an index, to all of the 256. */
export type ColourChange =
  | { readonly type: 0; readonly index: number }
  | { readonly type: 1; readonly index: number; readonly color: readonly [number, number, number] }
  | { readonly type: 2; readonly index?: number };

/** The numbers of the colours that are none of the 256: foreground, background, cursor. */
export const OWN_COLOURS = [256, 257, 258] as const;

/** Is called when a program changes colours (OSC 4, 10 to 12), or takes that back (OSC 104, 110 to 112). */
export const onColours = (terminal: Terminal, listener: (changes: ColourChange[]) => void): IDisposable =>
  core(terminal)._inputHandler.onColor(listener);

/** Takes back what programs have made of the colours of a terminal that was opened. */
export function restoreColours(terminal: Terminal): void {
  for (const index of [undefined, ...OWN_COLOURS]) core(terminal)._themeService?.restoreColor(index);
}

/** The style of a cell's underline, from 1: single, double, curly, dotted, dashed; and its colour, if it has one of its own. */
export function underlineOf(cell: IBufferCell): { style: number; mode: "text" | "palette" | "rgb"; colour: number } {
  const inner = cell as unknown as {
    getUnderlineStyle(): number;
    hasExtendedAttrs(): number;
    readonly extended: { readonly underlineColor: number };
  };
  // All bits are set where none was chosen; of the upper byte, two say how it is meant.
  const chosen = inner.hasExtendedAttrs() ? inner.extended.underlineColor : -1;
  const kind = chosen === -1 ? 0 : (chosen >>> 24) & 3;
  const mode = kind === 0 ? "text" : kind === 3 ? "rgb" : "palette";
  return { style: inner.getUnderlineStyle(), mode, colour: chosen & (mode === "rgb" ? 0xffffff : 0xff) };
}

/** Is called right before `onData` with what a person did, and not before what the terminal says of itself. */
export const onUserInput = (terminal: Terminal, listener: () => void): IDisposable =>
  core(terminal).coreService.onUserInput(listener);

/** How large a cell is in CSS pixels, once the terminal was opened and could be measured. */
export function cellSize(terminal: Terminal): { width: number; height: number } | undefined {
  const cell = core(terminal)._renderService?.dimensions.css.cell;
  return cell && cell.width > 0 && cell.height > 0 ? cell : undefined;
}

/** The terminals behind what pages hold: tests look at their cells. */
export const terminals = new WeakMap<object, Terminal>();

import type { IDisposable, Terminal } from "vendor/terminal";

/** What xterm.js 6.0.0 has no public name for. Its version is pinned; a test tries all of these. */
interface Core {
  readonly coreService: {
    readonly isCursorHidden: boolean;
    readonly onUserInput: (listener: () => void) => IDisposable;
  };
  readonly _renderService?: {
    readonly dimensions: { readonly css: { readonly cell: { readonly width: number; readonly height: number } } };
  };
}

const core = (terminal: Terminal): Core => (terminal as unknown as { _core: Core })._core;

/** Whether the program in the pane has hidden the cursor. */
export const isCursorHidden = (terminal: Terminal): boolean => core(terminal).coreService.isCursorHidden;

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

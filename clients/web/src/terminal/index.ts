// The terminal in the browser: all that the pages know of it.
export { createFocus } from "./focus.ts";
export { forget, paintSoon } from "./frames.ts";
export { TextReader } from "./plain-text.ts";
export { themes } from "./themes.ts";
export { createTile, MONOSPACE, TILE_WINDOW } from "./tile.ts";
export type * from "./types.ts";

import type { ITheme } from "vendor/terminal";
import type { Theme } from "./types.ts";

const NAMES = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;

/** A theme as xterm.js has it. */
export function themeOf({ background, foreground, cursor, selection, ansi }: Theme): ITheme {
  const theme: ITheme = { background, foreground, cursor, cursorAccent: background, selectionBackground: selection };
  NAMES.forEach((name, at) => {
    const bright = `bright${name[0]?.toUpperCase()}${name.slice(1)}` as keyof ITheme;
    Object.assign(theme, { [name]: ansi[at], [bright]: ansi[at + 8] });
  });
  return theme;
}

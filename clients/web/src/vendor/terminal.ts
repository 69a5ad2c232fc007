// What terminals are made of, in a bundle of its own: pages without one never load it.
export { UnicodeGraphemesAddon } from "@xterm/addon-unicode-graphemes";
export { type IBuffer, type IBufferCell, type IDisposable, type ITheme, Terminal } from "@xterm/xterm";

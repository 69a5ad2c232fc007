// What a terminal needs that is worked in, and one that is looked at does not: loaded with the first of them.
export { SearchAddon } from "@xterm/addon-search";
export { WebLinksAddon } from "@xterm/addon-web-links";
export { WebglAddon } from "@xterm/addon-webgl";

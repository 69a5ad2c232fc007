import { computed, effect, signal } from "vendor";
import { MONOSPACE, type Theme, themes } from "../terminal/index.ts";

export const THEMES = ["system", "dark", "light", "contrast"] as const;
export type ThemeName = (typeof THEMES)[number];
export const SIZES = ["small", "medium", "large"] as const;
export type TileSize = (typeof SIZES)[number];
/** Colours of terminals: those of the page's theme, or others whatever that is. */
export const PALETTES = ["as the page", ...(Object.keys(themes) as (keyof typeof themes)[])] as const;
export type PaletteName = (typeof PALETTES)[number];
/** Sizes of a terminal's font in pixels; `fit` is as large as the whole pane fits. */
export const FONTS = ["fit", "11", "12", "13", "14", "16", "18"] as const;
export type FontSize = (typeof FONTS)[number];

const KEY = "muxwire.dashboard";
export const SWITCHES = ["off", "on"] as const;
export type Switch = (typeof SWITCHES)[number];
const USUAL = {
  theme: "system",
  tiles: "medium",
  palette: "as the page",
  font: "fit",
  family: "",
  reader: "off",
  mouse: "off",
} as const;

/** The terminal colours of the page's own themes. */
const OWN: Record<Exclude<ThemeName, "system">, Theme> = {
  dark: { ...themes.dark, background: "#0d100f", foreground: "#d7dedb", cursor: "#6fd3ad", selection: "#24463a" },
  light: themes.light,
  contrast: themes["contrast dark"],
};

/** What the person prefers in this browser. */
export class Settings {
  readonly theme = signal<ThemeName>(USUAL.theme);
  readonly tiles = signal<TileSize>(USUAL.tiles);
  readonly palette = signal<PaletteName>(USUAL.palette);
  readonly font = signal<FontSize>(USUAL.font);
  /** The name of a font for terminals that is installed here; none for that of the system. */
  readonly family = signal<string>(USUAL.family);
  /** The fonts of terminals, as CSS has them. */
  readonly families = computed(() => (this.family.value ? `"${this.family.value}", ${MONOSPACE}` : MONOSPACE));
  /** Terminals say what they show to screen readers. */
  readonly reader = signal<Switch>(USUAL.reader);
  /** The mouse goes to programs that ask for it. */
  readonly mouse = signal<Switch>(USUAL.mouse);
  readonly #dark = matchMedia("(prefers-color-scheme: dark)");
  readonly #contrast = matchMedia("(prefers-contrast: more)");
  readonly #system = signal<Exclude<ThemeName, "system">>("light");
  /** The theme that shows. */
  readonly name = computed(() => (this.theme.value === "system" ? this.#system.value : this.theme.value));
  readonly terminal = computed<Theme>(() => {
    const { value } = this.palette;
    return value === "as the page" ? OWN[this.name.value] : themes[value];
  });

  constructor() {
    const known = read();
    this.theme.value = THEMES.find((name) => name === known.theme) ?? USUAL.theme;
    this.tiles.value = SIZES.find((name) => name === known.tiles) ?? USUAL.tiles;
    this.palette.value = PALETTES.find((name) => name === known.palette) ?? USUAL.palette;
    this.font.value = FONTS.find((name) => name === known.font) ?? USUAL.font;
    this.family.value = familyOf(known.family);
    this.reader.value = SWITCHES.find((name) => name === known.reader) ?? USUAL.reader;
    this.mouse.value = SWITCHES.find((name) => name === known.mouse) ?? USUAL.mouse;
    const look = () => {
      this.#system.value = this.#contrast.matches ? "contrast" : this.#dark.matches ? "dark" : "light";
    };
    look();
    this.#dark.addEventListener("change", look);
    this.#contrast.addEventListener("change", look);
    effect(() => {
      document.documentElement.dataset.theme = this.name.value;
      document.documentElement.style.setProperty("--screen", this.terminal.value.background);
    });
    effect(() => {
      const { theme, tiles, palette, font, family, reader, mouse } = this;
      const all = { theme, tiles, palette, font, family, reader, mouse };
      write(Object.fromEntries(Object.entries(all).map(([name, { value }]) => [name, value])) as Kept);
    });
  }
}

/** A name of a font, without what would be more than a name in CSS. */
export function familyOf(text: unknown): string {
  if (typeof text !== "string") return "";
  const name = text.replace(/[^\p{L}\p{N} ._+-]/gu, "").replace(/ +/g, " ");
  return name.trim().slice(0, 60);
}

function read(): Record<string, unknown> {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return typeof kept === "object" && kept !== null ? (kept as Record<string, unknown>) : {};
  } catch {
    // Nothing is kept, or what is kept is of another version, or this browser keeps nothing.
    return {};
  }
}

type Kept = Record<keyof typeof USUAL, string>;

function write(settings: Kept): void {
  const changed = Object.entries(settings).filter(([name, value]) => value !== USUAL[name as keyof typeof USUAL]);
  try {
    if (changed.length === 0) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(changed)));
  } catch {
    // This browser keeps nothing: the settings hold until the page is left.
  }
}

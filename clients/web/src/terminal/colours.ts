import type { Theme } from "./types.ts";

/** A colour in 24 bits. */
export type Rgb = number;

/** How a cell names a colour: its own default, one of 256, or itself. In the upper byte. */
export const DEFAULT = 0;
export const PALETTE = 1 << 24;
export const RGB = 2 << 24;
const MODE = 3 << 24;

/** The steps of the colour cube. */
const CUBE = [0, 95, 135, 175, 215, 255];

/** The numbers of the colours that are none of the 256. */
const FOREGROUND = 256;
const BACKGROUND = 257;
const CURSOR = 258;

/** What colours come to in a theme, and by what the program in the pane has made of them. */
export class Colours {
  #theme: { readonly background: Rgb; readonly foreground: Rgb; readonly cursor: Rgb; readonly ansi: readonly Rgb[] };
  /** What the program has changed, by number. */
  readonly #changed = new Map<number, Rgb>();
  #contrast: number;
  readonly #css = new Map<Rgb, string>();
  readonly #adjusted = new Map<number, Rgb>();

  constructor(theme: Theme) {
    this.#theme = read(theme);
    this.#contrast = theme.minimumContrast ?? 1;
  }

  get background(): Rgb {
    return this.#changed.get(BACKGROUND) ?? this.#theme.background;
  }

  get foreground(): Rgb {
    return this.#changed.get(FOREGROUND) ?? this.#theme.foreground;
  }

  get cursor(): Rgb {
    return this.#changed.get(CURSOR) ?? this.#theme.cursor;
  }

  setTheme(theme: Theme): void {
    this.#theme = read(theme);
    this.#contrast = theme.minimumContrast ?? 1;
    this.#adjusted.clear();
  }

  /** The program has changed one of the 256, or its own foreground, background or cursor (256 to 258). */
  change(index: number, [red, green, blue]: readonly [number, number, number]): void {
    this.#changed.set(index, (red << 16) | (green << 8) | blue);
  }

  /** The program takes back what it has made of this one; without a number, of the 256. */
  restore(index?: number): void {
    if (index !== undefined) this.#changed.delete(index);
    else for (const changed of [...this.#changed.keys()]) if (changed < FOREGROUND) this.#changed.delete(changed);
  }

  /** All is as the theme has it. */
  restoreAll(): void {
    this.#changed.clear();
  }

  /** What a cell's colour is, `otherwise` if it names none. */
  of(colour: number, otherwise: Rgb): Rgb {
    if ((colour & MODE) === DEFAULT) return otherwise;
    if ((colour & MODE) === RGB) return colour & 0xffffff;
    return this.#indexed(colour & 0xff);
  }

  /** The text's colour on what is behind it: with the contrast that the theme asks for, or half as strong. */
  text(colour: Rgb, behind: Rgb, isDim: boolean): Rgb {
    if (!isDim && this.#contrast <= 1) return colour;
    // 49 bits: exact as a number.
    const key = (colour * 0x1000000 + behind) * 2 + Number(isDim);
    const known = this.#adjusted.get(key);
    if (known !== undefined) return known;
    const adjusted = isDim ? mix(colour, behind, 0.5) : readable(colour, behind, this.#contrast);
    if (this.#adjusted.size > 4096) this.#adjusted.clear();
    this.#adjusted.set(key, adjusted);
    return adjusted;
  }

  css(colour: Rgb): string {
    const known = this.#css.get(colour);
    if (known) return known;
    const css = `#${colour.toString(16).padStart(6, "0")}`;
    if (this.#css.size > 4096) this.#css.clear();
    this.#css.set(colour, css);
    return css;
  }

  #indexed(index: number): Rgb {
    const changed = this.#changed.get(index);
    if (changed !== undefined) return changed;
    if (index < 16) return this.#theme.ansi[index] ?? this.foreground;
    if (index >= 232) {
      const grey = 8 + (index - 232) * 10;
      return (grey << 16) | (grey << 8) | grey;
    }
    const at = index - 16;
    const step = (of: number) => CUBE[of % 6] ?? 0;
    return (step(Math.floor(at / 36)) << 16) | (step(Math.floor(at / 6)) << 8) | step(at);
  }
}

function read({ background, foreground, cursor, ansi }: Theme) {
  return { background: parse(background), foreground: parse(foreground), cursor: parse(cursor), ansi: ansi.map(parse) };
}

function parse(css: string): Rgb {
  if (!/^#[0-9a-f]{6}$/i.test(css)) throw new TypeError(`a theme's colours are written as #rrggbb, and not as ${css}`);
  return Number.parseInt(css.slice(1), 16);
}

function mix(one: Rgb, other: Rgb, part: number): Rgb {
  const channel = (shift: number) =>
    Math.round(((one >> shift) & 0xff) * (1 - part) + ((other >> shift) & 0xff) * part) << shift;
  return channel(16) | channel(8) | channel(0);
}

/** As the Web Content Accessibility Guidelines have it. */
export function contrast(one: Rgb, other: Rgb): number {
  const [darker, lighter] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(colour: Rgb): number {
  const channel = (shift: number) => {
    const part = ((colour >> shift) & 0xff) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(16) + 0.7152 * channel(8) + 0.0722 * channel(0);
}

/** The first colour on the way to black, or to white, that has the contrast; whichever has more of it if neither has. */
function readable(colour: Rgb, behind: Rgb, least: number): Rgb {
  if (contrast(colour, behind) >= least) return colour;
  const end = contrast(0xffffff, behind) > contrast(0, behind) ? 0xffffff : 0;
  for (let part = 0.1; part < 1; part += 0.1) {
    const mixed = mix(colour, end, part);
    if (contrast(mixed, behind) >= least) return mixed;
  }
  return end;
}

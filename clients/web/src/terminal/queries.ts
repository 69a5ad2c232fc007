import type { IDisposable, Terminal } from "vendor/terminal";

/** Sequences that a terminal answers, and so types into the pane: what programs ask, tmux answers. */
const ASKED: ReadonlyArray<{ prefix?: string; intermediates?: string; final: string }> = [
  { final: "c" },
  { prefix: ">", final: "c" },
  { prefix: "=", final: "c" },
  { final: "n" },
  { prefix: "?", final: "n" },
  { prefix: ">", final: "q" },
  { intermediates: "$", final: "p" },
  { prefix: "?", intermediates: "$", final: "p" },
  { final: "t" },
  { prefix: "?", final: "u" },
];
const COLOURS = [4, 10, 11, 12];
/** DECSET of what reports the mouse, or changes how. */
const MOUSE = new Set([9, 1000, 1001, 1002, 1003, 1005, 1006, 1015, 1016]);
/** A clipboard that panes write to, or read. */
const CLIPBOARD = 52;

/** Takes all queries out of what a terminal reads. */
export function swallowQueries({ parser }: Terminal): IDisposable {
  const hooks = [
    ...ASKED.map((asked) => parser.registerCsiHandler(asked, () => true)),
    parser.registerDcsHandler({ intermediates: "$", final: "q" }, () => true),
    parser.registerDcsHandler({ intermediates: "+", final: "q" }, () => true),
    ...COLOURS.map((code) => parser.registerOscHandler(code, (data) => data.split(";").includes("?"))),
    parser.registerOscHandler(CLIPBOARD, () => true),
  ];
  return {
    dispose: () => {
      for (const hook of hooks) hook.dispose();
    },
  };
}

/** What a program wants to hear of the mouse: kept from the terminal unless a person allows it. */
export class MouseModes {
  readonly #terminal: Terminal;
  readonly #wanted = new Set<number>();
  readonly #hooks: IDisposable[];
  #isAllowed: boolean;

  constructor(terminal: Terminal, isAllowed: boolean) {
    this.#terminal = terminal;
    this.#isAllowed = isAllowed;
    const { parser } = terminal;
    this.#hooks = [
      parser.registerCsiHandler({ prefix: "?", final: "h" }, (params) => this.#onModes(params, true)),
      parser.registerCsiHandler({ prefix: "?", final: "l" }, (params) => this.#onModes(params, false)),
      parser.registerEscHandler({ final: "c" }, () => this.#onReset()),
    ];
  }

  allow(isAllowed: boolean): void {
    if (isAllowed === this.#isAllowed) return;
    const modes = [...this.#wanted].join(";");
    // Before it is allowed nothing is on, and behind it nothing stays on; `allow` itself must not be noticed as the pane's.
    if (modes && !isAllowed) this.#terminal.write(`\x1b[?${modes}l`, () => this.#restore(modes));
    this.#isAllowed = isAllowed;
    if (modes && isAllowed) this.#terminal.write(`\x1b[?${modes}h`);
  }

  dispose(): void {
    for (const hook of this.#hooks) hook.dispose();
  }

  #restore(modes: string): void {
    for (const mode of modes.split(";")) this.#wanted.add(Number(mode));
  }

  #onModes(params: (number | number[])[], isOn: boolean): boolean {
    const modes = params.flat();
    const mouse = modes.filter((mode) => MOUSE.has(mode));
    for (const mode of mouse) {
      if (isOn) this.#wanted.add(mode);
      else this.#wanted.delete(mode);
    }
    if (this.#isAllowed || !isOn || mouse.length === 0) return false;
    if (mouse.length < modes.length) {
      // The others are for the terminal. Those of the mouse end right behind them.
      const others = modes.filter((mode) => !MOUSE.has(mode)).join(";");
      this.#terminal.write(`\x1b[?${others}h`);
    }
    return true;
  }

  #onReset(): boolean {
    this.#wanted.clear();
    return false;
  }
}

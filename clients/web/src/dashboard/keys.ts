import type { Board } from "./board.ts";
import type { Item } from "./items.ts";

/** Whether a key is for what has the focus, and not for the page. */
export function isTyping({ target }: KeyboardEvent): boolean {
  // Nobody types into the past, so that its keys are those of the page.
  if (!(target instanceof HTMLElement) || target.closest(".past-pane .terminal")) return false;
  if (target.isContentEditable || /^(SELECT|TEXTAREA)$/.test(target.tagName)) return true;
  return target instanceof HTMLInputElement && !["radio", "checkbox", "button"].includes(target.type);
}

const STEPS: Record<string, "left" | "down" | "up" | "right"> = {
  h: "left",
  j: "down",
  k: "up",
  l: "right",
  ArrowLeft: "left",
  ArrowDown: "down",
  ArrowUp: "up",
  ArrowRight: "right",
};

/** Keys while no terminal has them. Returns what ends that. */
export function listen(board: Board): () => void {
  const pressed = (event: KeyboardEvent) => {
    const inTerminal = event.target instanceof HTMLElement && event.target.closest(".terminal") !== null;
    if (event.defaultPrevented || event.isComposing || (inTerminal && board.typingInto.value !== undefined)) return;
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      board.sheet.value = board.sheet.value === "palette" ? undefined : "palette";
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || board.sheet.value !== undefined) return;
    if (isTyping(event)) {
      if (event.key === "Escape" && event.target instanceof HTMLElement) event.target.blur();
      return;
    }
    if (act(board, event)) event.preventDefault();
  };
  addEventListener("keydown", pressed);
  return () => removeEventListener("keydown", pressed);
}

function act(board: Board, event: KeyboardEvent): boolean {
  const { key } = event;
  const done = board.past.isOn.peek() ? actInPast(board, event) : undefined;
  if (done !== undefined) return done;
  const step = STEPS[key];
  if (step) return move(board, step, event);
  if (/^[1-9]$/.test(key)) return answer(board, Number(key));
  switch (key) {
    case "n":
    case "N":
      show(board, board.next(key === "N"));
      return true;
    case "Enter":
      return enter(board, event);
    case "s":
      board.go({ kind: "view", view: "history" });
      // It is there in the next frame.
      requestAnimationFrame(() => document.getElementById("filter")?.focus());
      return true;
    case "t":
      board.toPast();
      return true;
    case "x":
      void board.seen(chosen(board));
      return true;
    case "c":
      return compose(board);
    case "/":
      board.sheet.value = "search";
      return true;
    case "?":
      board.sheet.value = "help";
      return true;
    case "f":
      document.getElementById("filter")?.focus();
      return true;
    case "p":
    case "o":
    case "a":
    case "d":
      board.go({ kind: "view", view: VIEW_KEYS[key] });
      return true;
    case "[":
    case "]":
      board.step(key === "]" ? 1 : -1);
      return true;
    case "w":
      return shut(board);
    case "Escape":
      if (board.place.value.kind === "panes") board.back();
      return true;
    default:
      return false;
  }
}

/** Seconds that a key goes back or on. */
const JUMPS: Record<string, number> = { ",": -10, ".": 10, "<": -60, ">": 60 };

/** Keys that mean something else, or nothing, while the past is looked at. `undefined` for all others. */
function actInPast(board: Board, { key, target }: KeyboardEvent): boolean | undefined {
  const { past } = board;
  const on = target instanceof HTMLElement ? target : undefined;
  const isControl = on?.closest("button, a, summary, input") != null;
  if (key === "Escape") {
    board.toLive();
    return true;
  }
  if (key === " " && !isControl) {
    past.toggle();
    return true;
  }
  // What somebody types who has not seen that it is the past leads nowhere, and least of all to what is live.
  const isTyped = on?.closest(".terminal") != null && (key.length === 1 || TYPED.includes(key));
  const isAnswer = /^[1-9c]$/.test(key) || (key === "Enter" && board.place.peek().kind === "panes" && !isControl);
  if (isTyped || isAnswer) {
    past.refuse();
    return true;
  }
  const jump = JUMPS[key];
  if (jump !== undefined) past.step(jump * 1000);
  else if (key === "t") board.toLive();
  else return undefined;
  return true;
}

/** Keys with names that are typed as letters are. */
const TYPED = ["Enter", "Tab", "Backspace", "Delete", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"];
/** Keys that lead to views. */
const VIEW_KEYS = { p: "panes", o: "overview", a: "activity", d: "digest" } as const;

function chosen(board: Board): Item[] {
  const item = board.live.item(board.active ?? board.chosen.value);
  return item ? [item] : [];
}

/** Only of the pane that is open or visibly has the keys: nobody answers a dialog that is not looked at. */
function answer(board: Board, choice: number): boolean {
  const [item] = chosen(board);
  const focused = document.activeElement?.closest<HTMLElement>("[data-pane]")?.dataset.pane;
  if (item?.pane !== focused && board.place.value.kind !== "panes") return false;
  const options = item?.agent?.dialog?.options ?? [];
  if (!item || choice > options.length) return false;
  void board.answer(item, choice);
  return true;
}

function shut(board: Board): boolean {
  const { active } = board;
  if (active === undefined) return false;
  board.shut(active);
  return true;
}

function compose(board: Board): boolean {
  if (!board.canWrite) return false;
  const agents = chosen(board).filter(({ agent }) => agent);
  if (agents.length > 0 && (board.addressed.value.size === 0 || board.place.value.kind === "panes")) {
    board.addressed.value = new Set(agents.map(({ pane }) => pane));
  }
  board.sheet.value = "composer";
  return true;
}

/** A button or link that has the focus takes Enter itself, but for Shift. */
function enter(board: Board, event: KeyboardEvent): boolean {
  const isControl = event.target instanceof HTMLElement && event.target.closest("button, a, summary, input") !== null;
  const onPane = event.target instanceof HTMLElement && event.target.closest("[data-pane]") !== null;
  if (isControl && !(event.shiftKey && onPane)) return false;
  if (board.place.value.kind === "panes" && !event.shiftKey) {
    document.dispatchEvent(new CustomEvent("muxwire-type"));
    return true;
  }
  const pane = board.chosen.value;
  if (pane === undefined) return false;
  board.open(pane, event.shiftKey);
  return true;
}

/** Focuses what shows this pane: its row, if rows have the focus or no tile shows it. */
export function show(board: Board, item: Item | undefined): void {
  if (!item || board.place.value.kind === "panes") return;
  const inRows = document.activeElement?.closest(".rows") !== null && document.activeElement !== document.body;
  const found = (where: string) =>
    document.querySelector<HTMLElement>(
      `${where} [data-pane="${item.pane}"] > button.main, ${where}[data-pane="${item.pane}"] > button.main`,
    );
  const target = inRows ? (found(".rows") ?? found(".tile")) : (found(".tile") ?? found(".rows"));
  target?.focus();
  target?.scrollIntoView({ block: "nearest" });
}

/** To the neighbour of what has the focus, or of what is chosen. */
function move(board: Board, step: "left" | "down" | "up" | "right", event: KeyboardEvent): boolean {
  const at = event.target instanceof HTMLElement ? event.target.closest<HTMLElement>("[data-pane]") : null;
  const inRows = at?.closest(".rows") != null;
  if (board.place.value.kind === "panes" && !inRows) return false;
  if (
    at &&
    event.target instanceof HTMLElement &&
    event.target.closest(".answers") &&
    (step === "left" || step === "right")
  ) {
    return beside(event.target, step);
  }
  const all = [...document.querySelectorAll<HTMLElement>(inRows ? ".rows > [data-pane]" : "main [data-pane]")];
  const from = at && all.includes(at) ? at : all.find((one) => one.dataset.pane === board.chosen.value);
  const to = from ? neighbour(from, all, inRows && (step === "left" || step === "right") ? undefined : step) : all[0];
  const button = to?.querySelector<HTMLElement>("button.main");
  if (!button) return inRows || all.length > 0;
  button.focus();
  to?.scrollIntoView({ block: "nearest" });
  return true;
}

function beside(target: HTMLElement, step: "left" | "right"): boolean {
  const all = [...(target.closest(".answers")?.querySelectorAll<HTMLElement>("button") ?? [])];
  all[all.indexOf(target) + (step === "left" ? -1 : 1)]?.focus();
  return true;
}

/** The nearest one in this direction: those that lie across from it first. */
function neighbour(
  from: HTMLElement,
  all: readonly HTMLElement[],
  step: "left" | "down" | "up" | "right" | undefined,
): HTMLElement | undefined {
  if (step === undefined) return undefined;
  const middle = (one: HTMLElement) => {
    const { left, top, width, height } = one.getBoundingClientRect();
    return { x: left + width / 2, y: top + height / 2 };
  };
  const here = middle(from);
  const isDown = step === "down" || step === "up";
  const sign = step === "down" || step === "right" ? 1 : -1;
  let best: { one: HTMLElement; far: number } | undefined;
  for (const one of all) {
    const { x, y } = middle(one);
    const along = (isDown ? y - here.y : x - here.x) * sign;
    const across = Math.abs(isDown ? x - here.x : y - here.y);
    if (one === from || along < 4) continue;
    const far = along + across * 3;
    if (!best || far < best.far) best = { one, far };
  }
  return best?.one;
}

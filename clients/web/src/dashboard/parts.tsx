import { type Signal, signal } from "vendor";
import type { Board, Receipt } from "./board.ts";
import type { Item } from "./items.ts";
import { ageText, plain } from "./words.ts";

/** This browser's clock, in whole seconds while the page is looked at. */
const now: Signal<number> = signal(Date.now());
setInterval(() => {
  if (document.visibilityState === "visible") now.value = Date.now();
}, 1000);
document.addEventListener("visibilitychange", () => {
  now.value = Date.now();
});

export { now };

export function Age({ board, since }: { board: Board; since: number | undefined }) {
  if (since === undefined) return null;
  const text = ageText(now.value + board.door.ahead.value - since);
  return (
    <time class="age tabular" dateTime={new Date(since).toISOString()}>
      {text}
    </time>
  );
}

/** What opens a pane: with the middle button, Ctrl or Cmd, in a tab behind what shows. */
export function opens(board: Board, pane: string) {
  return {
    onClick: (event: MouseEvent) => {
      if (event.ctrlKey || event.metaKey) board.openBehind(pane);
      else board.open(pane);
    },
    onMouseDown: (event: MouseEvent) => {
      // It would begin to scroll.
      if (event.button === 1) event.preventDefault();
    },
    onAuxClick: (event: MouseEvent) => {
      if (event.button !== 1) return;
      event.preventDefault();
      board.openBehind(pane);
    },
  };
}

/** A choice of so few letters is never cut. */
const BRIEF = 8;

/** The choices of a dialog, each a key and a tap away. */
export function Answers({ board, item, moves = false }: { board: Board; item: Item; moves?: boolean }) {
  const options = item.agent?.dialog?.options ?? [];
  if (options.length === 0 || !board.canWrite) return null;
  return (
    <fieldset class="answers" disabled={!board.canAnswer(item) || (moves && !board.stands.value)}>
      <legend class="unseen">Answer {item.place}</legend>
      {options.map((option, at) => (
        <button
          key={`${item.agent?.dialog?.fingerprint} ${at}`}
          type="button"
          class={plain(option).length <= BRIEF ? "brief" : undefined}
          title={plain(option)}
          onClick={() => void board.answer(item, at + 1)}
        >
          <kbd>{at + 1}</kbd>
          <span>{plain(option)}</span>
        </button>
      ))}
    </fieldset>
  );
}

/** For so long it is said that something was done. */
const RECEIPT_SHOWS = 30_000;
const RECEIPTS = { pending: "…", done: "✓", failed: "✕" } as const;

export function ReceiptLine({ receipt }: { receipt: Receipt | undefined }) {
  if (!receipt || (receipt.state === "done" && now.value - receipt.at > RECEIPT_SHOWS)) return null;
  return (
    <p class={`receipt ${receipt.state}`}>
      <span aria-hidden="true">{RECEIPTS[receipt.state]}</span> {plain(receipt.text)}
    </p>
  );
}

/** What has failed, if anything has, with what to do about it. */
export function Failure({ text }: { text: string }) {
  return text ? (
    <p class="receipt failed" role="alert">
      <span>
        <Remedy text={text} />
      </span>
    </p>
  ) : null;
}

/** A text in which what stands in backticks is code. */
export function Remedy({ text }: { text: string }) {
  const parts = text.split("`");
  return <>{parts.map((part, at) => (at % 2 === 1 ? <code key={at}>{part}</code> : part))}</>;
}

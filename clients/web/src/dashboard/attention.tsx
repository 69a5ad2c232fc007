import { useComputed, useEffect, useRef } from "vendor";
import { type Board, hasAnswers } from "./board.ts";
import { useGrowing } from "./growing.ts";
import { calls, type Item, passes } from "./items.ts";
import { Age, Answers, opens, ReceiptLine } from "./parts.tsx";
import { Shape } from "./shape.tsx";
import { countText, plain, reasonText } from "./words.ts";

/** All panes, those first that need somebody. */
export function Attention({ board }: { board: Board }) {
  const { live, shown, held, gone, filter, counts } = board;
  const list = useRef<HTMLUListElement>(null);
  useHold(board, list);
  const known = new Map(live.items.value.map((item) => [item.pane, item]));
  const { order, tall } = shown.value;
  const rows = order
    .map((pane) => known.get(pane) ?? (held.value ? gone.get(pane) : undefined))
    .filter((item) => item !== undefined)
    .filter((item) => passes(item, filter.value));
  const count = useGrowing(rows.length);
  const unseen = live.items.value.filter(({ need }) => need === "finished");
  return (
    <section class="attention" aria-labelledby="attention-title">
      <header>
        <h2 id="attention-title">{counts.value.calls > 0 ? `${counts.value.calls} need you` : "Nothing needs you"}</h2>
        <p class="counts tabular">
          <Counts board={board} />
        </p>
        {unseen.length > 0 ? (
          <button
            type="button"
            class="quiet small"
            onClick={() => void board.seen(unseen)}
            title="Mark all that finished as seen"
          >
            Seen
          </button>
        ) : null}
      </header>
      {rows.length === 0 ? <Nothing board={board} /> : null}
      <ul ref={list} class="rows" aria-label="Panes, those first that need you">
        {rows.slice(0, count).map((item, at) => (
          <Row
            key={item.pane}
            board={board}
            item={item}
            isFirst={at === 0}
            isGone={!known.has(item.pane)}
            hasRoom={tall.has(item.pane)}
          />
        ))}
      </ul>
      <p class="holding" aria-hidden="true" hidden={!held.value}>
        Order held while you point here
      </p>
    </section>
  );
}

function Counts({ board }: { board: Board }) {
  const { waiting, error, finished, busy } = board.counts.value;
  const parts = [
    ["waiting", waiting],
    ["error", error],
    ["finished", finished],
    ["busy", busy],
  ] as const;
  return (
    <>
      {parts
        .filter(([, count]) => count > 0)
        .map(([need, count]) => (
          <span key={need} class="count">
            <Shape need={need} />
            {count}
          </span>
        ))}
    </>
  );
}

function Nothing({ board }: { board: Board }) {
  const { live, filter } = board;
  if (!live.ready.value) return <p class="empty">Waiting for the server.</p>;
  if (live.items.value.length > 0) {
    return (
      <p class="empty">
        No pane passes the filter.{" "}
        <button type="button" class="link" onClick={() => clear(board)}>
          Show all
        </button>
      </p>
    );
  }
  return (
    <p class="empty">
      {filter.value.text ? "Nothing is found." : "No pane yet."} Start one where muxwire runs:{" "}
      <code>tmux new-session -d</code>
    </p>
  );
}

export function clear(board: Board): void {
  board.filter.value = { session: undefined, need: undefined, text: "" };
}

interface RowProps {
  board: Board;
  item: Item;
  isFirst: boolean;
  isGone: boolean;
  /** There is room for answers. */
  hasRoom: boolean;
}

function Row({ board, item, isFirst, isGone, hasRoom }: RowProps) {
  const { chosen, glances, receipts } = board;
  const { pane, agent, need } = item;
  // Of what all rows share, each is drawn anew for its own part alone.
  const isChosen = useComputed(() => chosen.value === pane).value;
  const isEntry = useComputed(() => chosen.value === undefined).value && isFirst;
  const isOpen = useComputed(() => board.opened.includes(pane)).value;
  const line = useComputed(() => glances.lines.value.get(pane) ?? "").value;
  const receipt = useComputed(() => receipts.value.get(pane)).value;
  const message = agent?.message ? plain(agent.message) : "";
  const reason = reasonText(item);
  const classes = [
    "row",
    need,
    calls(item) ? "calls" : "",
    isChosen ? "chosen" : "",
    isOpen ? "open" : "",
    isGone ? "gone" : "",
    item.exit ? "dead" : "",
  ];
  const choose = () => {
    chosen.value = pane;
  };
  return (
    <li class={classes.filter(Boolean).join(" ")} data-pane={pane}>
      <button
        type="button"
        class="main"
        tabIndex={isChosen || isEntry ? 0 : -1}
        aria-current={isOpen ? "true" : undefined}
        disabled={isGone}
        onFocus={choose}
        {...opens(board, pane)}
      >
        <Shape need={need} />
        <span class="what">
          <span class="place">{item.place}</span>
          <span class="who">{agent ? agent.agent_type : item.command}</span>
          {item.rings ? <span class="bell">bell</span> : null}
          <Age board={board} since={item.since} />
        </span>
        <span class="why">
          {isGone ? "gone" : reason}
          {message && !isGone ? <span class="says"> {message}</span> : null}
        </span>
        {need === "idle" || need === "none" ? null : <span class="line">{line}</span>}
      </button>
      {hasRoom ? (
        <div class="room">
          {hasAnswers(item) && !isGone ? <Answers board={board} item={item} moves /> : null}
          <ReceiptLine receipt={receipt} />
        </div>
      ) : (
        <ReceiptLine receipt={receipt} />
      )}
    </li>
  );
}

/** A finger that was lifted, or a list that was scrolled, holds rows for so many milliseconds. */
const TOUCH = 1500;

/** Rows stay where they are while a mouse is above them or one of them has the focus, and while fingers are about. */
function useHold({ held, glances, shown }: Board, list: { current: HTMLUListElement | null }): void {
  useEffect(() => {
    const rows = list.current;
    if (!rows) return;
    let points = false;
    let touches = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = () => {
      held.value = points || touches || rows.matches(":focus-visible, :has(:focus-visible)");
    };
    const over = ({ pointerType }: PointerEvent) => {
      points = pointerType !== "touch";
      look();
    };
    const touched = () => {
      touches = true;
      clearTimeout(timer);
      timer = setTimeout(() => {
        touches = false;
        look();
      }, TOUCH);
      look();
    };
    const out = () => {
      points = false;
      look();
    };
    const later = () => queueMicrotask(look);
    rows.addEventListener("pointerenter", over);
    rows.addEventListener("pointerleave", out);
    rows.addEventListener("touchstart", touched, { passive: true });
    rows.addEventListener("touchend", touched, { passive: true });
    rows.addEventListener("scroll", touched, { passive: true });
    rows.addEventListener("focusin", look);
    rows.addEventListener("focusout", later);
    const end = glances.follow(() => shown.peek().order);
    return () => {
      rows.removeEventListener("pointerenter", over);
      rows.removeEventListener("pointerleave", out);
      rows.removeEventListener("touchstart", touched);
      rows.removeEventListener("touchend", touched);
      rows.removeEventListener("scroll", touched);
      clearTimeout(timer);
      rows.removeEventListener("focusin", look);
      rows.removeEventListener("focusout", later);
      held.value = false;
      end();
    };
  }, [held, glances, shown, list]);
}

export function attentionText({ calls: calling }: { calls: number }): string {
  return calling === 0 ? "nothing needs you" : countText(calling, "needs you", "need you");
}

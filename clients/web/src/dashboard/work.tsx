import { useEffect, useRef, useSignal } from "vendor";
import type { Focus } from "../terminal/index.ts";
import type { Board } from "./board.ts";
import { type Item, numberOf } from "./items.ts";
import { Age, Answers, ReceiptLine } from "./parts.tsx";
import { PastButton, Printed } from "./past-bar.tsx";
import { PastScreen, type Then } from "./past-screen.tsx";
import type { PastSource } from "./past-source.ts";
import { PHONE } from "./route.ts";
import { Screen } from "./screen.tsx";
import { Icon, Shape } from "./shape.tsx";
import { plain, reasonText } from "./words.ts";

/** So many terminals live on while another tab or view shows, so that they are as they were left. */
const LIVE_ON = 8;

/** Panes to work in, one or several side by side. */
export function Work({ board, nonce }: { board: Board; nonce: string }) {
  const full = useRef<HTMLElement>(null);
  const alive = usePanes(board);
  const { opened, active } = board;
  useSwipes(board, full);
  return (
    <section class={`work of-${opened.length}`} ref={full} aria-label="Terminal" hidden={opened.length === 0}>
      {alive.map((pane) => (
        <Pane
          key={pane}
          board={board}
          pane={pane}
          nonce={nonce}
          order={opened.indexOf(pane)}
          isActive={pane === active}
          root={full}
        />
      ))}
    </section>
  );
}

/** The panes that show, and those of other tabs that showed last, in an order that does not change. */
function usePanes(board: Board): readonly string[] {
  const recent = useRef<readonly string[]>([]);
  const { opened, tabs, sized } = board;
  const open = new Set(tabs.value.flatMap(({ panes }) => panes));
  const others = recent.current.filter((pane) => open.has(pane) && !opened.includes(pane));
  // A phone has no tabs, and no memory to waste.
  const most = matchMedia(PHONE).matches ? 0 : LIVE_ON;
  // Whoever has the size of a pane keeps it.
  recent.current = [...opened, ...others.filter((pane, at) => at + opened.length < most || sized.value.has(pane))];
  return [...recent.current].sort((one, other) => numberOf(one) - numberOf(other));
}

interface PaneProps {
  board: Board;
  pane: string;
  nonce: string;
  /** Its place among those that show; -1 if it does not. */
  order: number;
  isActive: boolean;
  root: { current: HTMLElement | null };
}

function Pane({ board, pane, nonce, order, isActive, root }: PaneProps) {
  const focus = useSignal<Focus | undefined>(undefined);
  const then = useSignal<Then>({});
  const isPast = board.past.isOn.value && order >= 0;
  const searches = useSignal(false);
  const item = board.live.item(pane);
  const hasKeys = focus.value?.hasKeys.value === true;
  const terminal = focus.value;
  useEffect(() => {
    const leave = () => {
      if (board.typingInto.peek() === pane) board.typingInto.value = undefined;
    };
    // At once, so that the very next key goes where the sign says.
    const end = terminal?.hasKeys.subscribe((has) => {
      if (!has) return leave();
      board.typingInto.value = pane;
      board.enters(pane);
    });
    return () => {
      end?.();
      leave();
    };
  }, [board, pane, terminal]);
  useEffect(() => {
    if (!isActive || isPast) return;
    const type = () => focus.peek()?.focus();
    document.addEventListener("muxwire-type", type);
    return () => document.removeEventListener("muxwire-type", type);
  }, [isActive, isPast, focus]);
  useEffect(() => {
    // One that has not painted gets the keys when it has.
    if (!terminal?.size.peek()) return;
    if (order < 0 || isPast) terminal.blur();
    else if (isActive && board.takesKeys && board.canWrite && !isTouch()) terminal.focus();
  }, [board, terminal, order < 0, isActive, isPast]);
  const isSized = terminal !== undefined && terminal.sizeOwner.value.by !== "tmux";
  useEffect(() => {
    if (!isSized) return;
    board.sized.value = new Set(board.sized.value).add(pane);
    return () => {
      board.sized.value = new Set([...board.sized.value].filter((other) => other !== pane));
    };
  }, [board, pane, isSized]);
  const isGone = board.live.ready.value && !item;
  const shown = isPast ? then.value.focus : focus.value;
  return (
    <article
      class={`pane ${isPast ? "past-pane" : (item?.need ?? "none")} ${hasKeys ? "typing" : ""}`}
      aria-label={`${item?.place ?? pane}${isPast ? ", as it was" : ""}`}
      hidden={order < 0}
      style={{ order }}
    >
      <Head
        board={board}
        pane={pane}
        item={item}
        focus={focus.value}
        then={isPast ? then.value.source : undefined}
        root={root}
        search={() => (searches.value = !searches.value)}
      />
      {searches.value && shown ? <SearchBar focus={shown} close={() => (searches.value = false)} /> : null}
      {isPast ? <PastScreen board={board} pane={pane} nonce={nonce} then={then} /> : null}
      {isGone ? (
        isPast ? null : (
          <div class="empty large">
            <p>This pane is gone.</p>
            <button type="button" onClick={() => board.shut(pane)}>
              Close
            </button>
          </div>
        )
      ) : (
        <Screen
          client={board.terminals}
          target={{ pane }}
          settings={board.settings}
          nonce={nonce}
          isHidden={isPast}
          canWrite={board.canWrite && !isPast}
          takesKeys={isActive && !isPast && board.takesKeys && board.sheet.value === undefined && !isTouch()}
          onKey={(event) => pageKey(board, focus.peek(), event)}
          onTyped={() => board.typed(pane)}
          onProblem={(text) => board.failed(pane, text)}
          onFocus={(made) => {
            focus.value = made;
          }}
        />
      )}
      {focus.value?.loadingHistory.value && !isPast ? <p class="loading">Older lines are on their way</p> : null}
      {shown?.anchored.value ? (
        <button type="button" class="bottom" onClick={() => shown.toBottom()}>
          {shown.unread.value ? "New lines below" : "To the newest line"}
        </button>
      ) : null}
      {item && !isPast ? (
        <footer>
          <Answers board={board} item={item} />
          <ReceiptLine receipt={board.receipts.value.get(pane)} />
          {board.canWrite ? <TypingBar board={board} item={item} focus={focus.value} /> : null}
        </footer>
      ) : null}
    </article>
  );
}

const isTouch = () => matchMedia("(pointer: coarse)").matches;

/** Keys that the dashboard keeps while a terminal has all others. */
function pageKey(board: Board, focus: Focus | undefined, event: KeyboardEvent): boolean {
  if (!event.ctrlKey || !event.shiftKey || event.altKey || event.metaKey) return false;
  const isPressed = event.type === "keydown";
  switch (event.code) {
    case "Space":
      if (isPressed) {
        focus?.blur();
        board.said.value = "The dashboard has the keys. Enter goes on typing.";
      }
      return true;
    case "ArrowDown":
    case "ArrowUp":
      if (isPressed) board.next(event.code === "ArrowUp");
      return true;
    case "ArrowRight":
    case "ArrowLeft":
      if (isPressed) board.step(event.code === "ArrowRight" ? 1 : -1);
      return true;
    default:
      return false;
  }
}

interface HeadProps {
  board: Board;
  pane: string;
  item: Item | undefined;
  focus: Focus | undefined;
  /** Where the past comes from that shows in its place. */
  then: PastSource | undefined;
  root: { current: HTMLElement | null };
  search(): void;
}

function Head({ board, pane, item, focus, then, root, search }: HeadProps) {
  const fresh = board.live.link.value.kind === "live" ? (focus?.freshness.value ?? "loading") : "stale";
  const size = focus?.size.value;
  const fullscreen = () => {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void root.current?.requestFullscreen().catch((error: unknown) => board.failed(pane, String(error)));
  };
  return (
    <header>
      <button type="button" class="quiet back" onClick={() => board.back()}>
        <Icon name="back" />
        <span class="unseen">Back to all panes</span>
      </button>
      {board.past.isOn.value ? (
        <>
          <Icon name="clock" />
          <h2>{item?.place ?? board.past.gone.value.find((gone) => gone.pane === pane)?.place ?? pane}</h2>
          <span class="about">
            <Printed board={board} at={then?.printed.value} />
          </span>
        </>
      ) : (
        <>
          {item ? <Shape need={item.need} /> : null}
          <h2>{item?.place ?? pane}</h2>
          <span class="about">
            {item?.agent ? `${item.agent.agent_type}, ` : ""}
            {item ? reasonText(item) : ""}
            {item?.agent?.message ? <span class="says"> {plain(item.agent.message)}</span> : null}
          </span>
          {item ? <Age board={board} since={item.since} /> : null}
          {fresh === "live" || fresh === "loading" ? null : <span class="fresh">{fresh}</span>}
          {focus ? <SizeSign focus={focus} canWrite={board.canWrite} size={size} /> : null}
        </>
      )}
      <PastButton board={board} brief />
      <button
        type="button"
        class="quiet save"
        title="Download what this pane printed"
        onClick={() => board.downloadOf(pane)}
      >
        <Icon name="save" />
        <span class="unseen">Download what this pane printed</span>
      </button>
      <button type="button" class="quiet" onClick={search} title="Search in this pane">
        <Icon name="search" />
        <span class="unseen">Search in this pane</span>
      </button>
      <button type="button" class="quiet wide" onClick={fullscreen} title="Full screen">
        <Icon name="full" />
        <span class="unseen">Full screen</span>
      </button>
      <button type="button" class="quiet wide" onClick={() => board.shut(pane)} title="Close (w)">
        <Icon name="close" />
        <span class="unseen">Close</span>
      </button>
    </header>
  );
}

/** Who decides how large the pane is; nothing changes that unasked. */
function SizeSign({
  focus,
  canWrite,
  size,
}: {
  focus: Focus;
  canWrite: boolean;
  size: { cols: number; rows: number } | undefined;
}) {
  const { by } = focus.sizeOwner.value;
  const text = size ? `${size.cols}×${size.rows}` : "";
  if (!canWrite) return <span class="size tabular">{text}</span>;
  return by === "tmux" ? (
    <button
      type="button"
      class="size tabular"
      title="The size is that of tmux. Take it for this window"
      onClick={() => focus.takeSize()}
    >
      {text} <span class="wide">tmux</span>
    </button>
  ) : (
    <button
      type="button"
      class="size taken tabular"
      title="This page has the size. Give it back to tmux"
      onClick={() => focus.releaseSize()}
    >
      {text} <span>{by === "asked" ? "asked" : "yours"}, give back</span>
    </button>
  );
}

function SearchBar({ focus, close }: { focus: Focus; close(): void }) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    field.current?.focus();
    return () => focus.endSearch();
  }, [focus]);
  const found = focus.found.value;
  const look = (back: boolean) => focus.search(field.current?.value ?? "", { back });
  return (
    <div class="search-bar">
      <input
        ref={field}
        type="search"
        aria-label="Search in this pane"
        placeholder="Search in this pane"
        spellcheck={false}
        onInput={() => look(false)}
        onKeyDown={(event) => {
          if (event.key === "Enter") look(!event.shiftKey);
          else if (event.key === "Escape") {
            event.stopPropagation();
            close();
            focus.focus();
          }
        }}
      />
      <span class="tabular" role="status">
        {found ? `${found.index + 1} of ${found.count}` : ""}
      </span>
      <button type="button" onClick={() => look(true)}>
        Older
      </button>
      <button type="button" onClick={() => look(false)}>
        Newer
      </button>
      <button type="button" class="quiet" onClick={close}>
        <Icon name="close" />
        <span class="unseen">End the search</span>
      </button>
    </div>
  );
}

/** Keys that phones have not: their names for tmux, and how they are shown. */
const BAR = [
  ["Escape", "Esc"],
  ["Tab", "Tab"],
  ["Left", "←"],
  ["Down", "↓"],
  ["Up", "↑"],
  ["Right", "→"],
  ["Enter", "⏎"],
  ["C-c", "^C"],
] as const;
const WITH_CTRL = ["a", "b", "c", "d", "e", "k", "l", "n", "o", "p", "r", "t", "u", "w", "x", "z"];
const KEY_NAMES: Record<string, string> = {
  Left: "Left arrow",
  Down: "Down arrow",
  Up: "Up arrow",
  Right: "Right arrow",
  "C-c": "Ctrl C",
};

/** For fingers: keys, and a field for lines and prompts, apart from each other. */
function TypingBar({ board, item, focus }: { board: Board; item: Item; focus: Focus | undefined }) {
  const isCtrl = useSignal(false);
  const { pane, agent } = item;
  const text = board.drafts.value.get(pane) ?? "";
  const isBusy = useSignal(false);
  const press = (key: string) => {
    isCtrl.value = false;
    focus?.sendKeys([key]).catch((error: unknown) => board.failed(pane, String(error)));
  };
  const send = async () => {
    if (!text || isBusy.value) return;
    isBusy.value = true;
    const taken = await (agent ? board.prompt(pane, text, agent.status === "busy") : board.type(pane, text));
    isBusy.value = false;
    if (taken) board.draft(pane, "");
  };
  return (
    <div class="typing-bar">
      <div class="key-bar" role="toolbar" aria-label="Keys">
        <button type="button" aria-pressed={isCtrl.value} onClick={() => (isCtrl.value = !isCtrl.value)}>
          Ctrl
        </button>
        {isCtrl.value
          ? WITH_CTRL.map((key) => (
              <button
                key={key}
                type="button"
                aria-label={`Ctrl ${key.toUpperCase()}`}
                onClick={() => press(`C-${key}`)}
              >
                ^{key.toUpperCase()}
              </button>
            ))
          : BAR.map(([key, label]) => (
              <button key={key} type="button" aria-label={KEY_NAMES[key]} onClick={() => press(key)}>
                {label}
              </button>
            ))}
      </div>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <textarea
          rows={1}
          aria-label={agent ? `Prompt for ${agent.agent_type}` : `Line for ${item.place}`}
          placeholder={agent ? `Prompt for ${agent.agent_type}` : "Line to type"}
          value={text}
          onInput={({ currentTarget }) => board.draft(pane, currentTarget.value)}
        />
        <button type="submit" class="main" disabled={!text || isBusy.value}>
          {isBusy.value ? "…" : "Send"}
        </button>
      </form>
    </div>
  );
}

/** A finger has moved at least so many pixels to the side. */
const SWIPE = 70;

/** A swipe to the side goes to the pane beside, in the order of the list. */
function useSwipes(board: Board, root: { current: HTMLElement | null }): void {
  useEffect(() => {
    const element = root.current;
    if (!element) return;
    let from: { x: number; y: number } | undefined;
    let room = { before: false, behind: false };
    const began = ({ touches, target }: TouchEvent) => {
      const touch = touches.length === 1 ? touches[0] : undefined;
      const on = target instanceof HTMLElement ? target : null;
      const isTyping = on?.closest(".typing-bar, .answers") != null;
      // What can be scrolled to that side is scrolled.
      const { scrollLeft = 0, scrollWidth = 0, clientWidth = 0 } = on?.closest(".xterm") ?? {};
      room = { before: scrollLeft > 1, behind: scrollLeft + clientWidth < scrollWidth - 1 };
      from = touch && !isTyping ? { x: touch.clientX, y: touch.clientY } : undefined;
    };
    const ended = ({ changedTouches }: TouchEvent) => {
      const touch = changedTouches[0];
      if (!from || !touch || !getSelection()?.isCollapsed) return;
      const [x, y] = [touch.clientX - from.x, touch.clientY - from.y];
      from = undefined;
      if (Math.abs(x) < SWIPE || Math.abs(y) > Math.abs(x) / 2 || (x < 0 ? room.behind : room.before)) return;
      const { order } = board.shown.peek();
      const at = order.indexOf(board.active ?? "");
      const to = order[at + (x < 0 ? 1 : -1)];
      if (to !== undefined) board.open(to);
    };
    element.addEventListener("touchstart", began, { passive: true });
    element.addEventListener("touchend", ended, { passive: true });
    return () => {
      element.removeEventListener("touchstart", began);
      element.removeEventListener("touchend", ended);
    };
  }, [board, root]);
}

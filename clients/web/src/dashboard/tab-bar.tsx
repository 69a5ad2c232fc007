import { useEffect, useRef } from "vendor";
import type { Board } from "./board.ts";
import { byNeed, type Item } from "./items.ts";
import { Icon, Shape } from "./shape.tsx";
import type { Tab } from "./tabs.ts";

/** The panes that are open: one row of them, where there is room for it. */
export function TabBar({ board }: { board: Board }) {
  const bar = useRef<HTMLUListElement>(null);
  const { tabs, opened } = board;
  const current = opened.join();
  useEffect(() => {
    if (current) bar.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [current]);
  return (
    <nav class="tab-bar" aria-label="Open panes">
      <ul ref={bar}>
        {tabs.value.map((tab) => (
          <TabItem key={tab.panes[0]} board={board} tab={tab} isCurrent={tab.panes.join() === current} />
        ))}
      </ul>
      <button
        type="button"
        class="quiet"
        title="Open another pane (/)"
        onClick={() => {
          board.sheet.value = "search";
        }}
      >
        <Icon name="plus" />
        <span class="unseen">Open another pane</span>
      </button>
    </nav>
  );
}

function TabItem({ board, tab, isCurrent }: { board: Board; tab: Tab; isCurrent: boolean }) {
  const items = tab.panes.map((pane) => board.live.item(pane)).filter((item) => item !== undefined);
  const first = [...items].sort(byNeed)[0];
  const name = tab.panes.map((pane) => board.live.item(pane)?.place ?? pane).join(" + ");
  const isSized = tab.panes.some((pane) => board.sized.value.has(pane));
  const close = () => board.closeTab(tab);
  return (
    <li class={`${isCurrent ? "current" : ""} ${tab.kept ? "" : "passing"}`}>
      <button
        type="button"
        aria-current={isCurrent ? "page" : undefined}
        title={tabTitle(tab, items, isSized)}
        onClick={() => board.showTab(tab)}
        onDblClick={() => board.keepTab(tab)}
        // The middle button closes it; pressed, it would begin to scroll.
        onMouseDown={(event) => {
          if (event.button === 1) event.preventDefault();
        }}
        onAuxClick={(event) => {
          if (event.button !== 1) return;
          event.preventDefault();
          close();
        }}
        onKeyDown={(event) => {
          if (event.key !== "Delete") return;
          event.preventDefault();
          close();
        }}
      >
        {first ? <Shape need={first.need} /> : null}
        <span>{name}</span>
        {isSized ? <Icon name="size" /> : null}
      </button>
      <button type="button" class="quiet" aria-label={`Close ${name}`} onClick={close}>
        <Icon name="close" />
      </button>
    </li>
  );
}

function tabTitle({ kept }: Tab, items: readonly Item[], isSized: boolean): string {
  const about = items.map(({ agent, command }) => agent?.agent_type ?? command).join(", ");
  const passing = kept ? "" : ". The next pane that you open takes its place, unless you type here or click twice";
  return `${about}${isSized ? ". Its size is this page's" : ""}${passing}`;
}

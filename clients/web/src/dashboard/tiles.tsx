import { useComputed, useEffect, useRef, useSignal } from "vendor";
import { createTile, TILE_WINDOW, type Tile } from "../terminal/index.ts";
import { clear } from "./attention.tsx";
import type { Board } from "./board.ts";
import { useGrowing } from "./growing.ts";
import { byPlace, type Filter, type Item, NEEDS } from "./items.ts";
import { Age, Answers, opens, ReceiptLine } from "./parts.tsx";
import { SIZES } from "./settings.ts";
import { Shape } from "./shape.tsx";
import { countText, NEED_WORDS, plain, reasonText } from "./words.ts";

/** Lines of tiles are looked at so many milliseconds apart. */
const GLANCE = 500;
/** Pixels around what a tile shows. */
const EDGE = 6;
/** A tile that is out of sight stays open for so long, for those who scroll to and fro. */
const LINGER = 3000;

/** All panes that pass the filter, live. */
export function Tiles({ board }: { board: Board }) {
  const { live, filtered, settings } = board;
  const root = useRef<HTMLDivElement>(null);
  const items = [...filtered.value].sort(byPlace);
  const shown = useGrowing(items.length);
  return (
    <section class="grid-view" aria-labelledby="grid-title">
      <h2 id="grid-title" class="unseen">
        Panes
      </h2>
      <FilterBar board={board} count={items.length} />
      <div class={`grid ${settings.tiles.value}`} ref={root}>
        {items.slice(0, shown).map((item) => (
          <TileCard key={item.pane} board={board} item={item} root={root} />
        ))}
        {live.ready.value && items.length === 0 ? <NoTiles board={board} /> : null}
      </div>
    </section>
  );
}

function NoTiles({ board }: { board: Board }) {
  if (board.live.items.value.length > 0) {
    return (
      <div class="empty large">
        <p>No pane passes the filter.</p>
        <button type="button" onClick={() => clear(board)}>
          Show all {board.live.items.value.length}
        </button>
      </div>
    );
  }
  return (
    <div class="empty large">
      <p>There is no pane yet.</p>
      <p>
        Start a session where muxwire runs, and it shows here at once: <code>tmux new-session -d -s work</code>
      </p>
    </div>
  );
}

function FilterBar({ board, count }: { board: Board; count: number }) {
  const { live, filter, counts, settings } = board;
  const sessions = [...new Set(live.items.value.map(({ session }) => session))].sort();
  const change = (change: Partial<Filter>) => {
    filter.value = { ...filter.value, ...change };
  };
  const needs = NEEDS.filter((need) => counts.value[need] > 0);
  return (
    <div class="filter-bar">
      <select
        aria-label="Session"
        value={filter.value.session ?? ""}
        onChange={({ currentTarget }) => change({ session: currentTarget.value || undefined })}
      >
        <option value="">All sessions</option>
        {sessions.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <fieldset class="chips">
        <legend class="unseen">State</legend>
        <button
          type="button"
          aria-pressed={filter.value.need === undefined}
          onClick={() => change({ need: undefined })}
        >
          All
        </button>
        {needs.map((need) => (
          <button
            key={need}
            type="button"
            aria-pressed={filter.value.need === need}
            onClick={() => change({ need: filter.value.need === need ? undefined : need })}
          >
            <Shape need={need} label={false} />
            {NEED_WORDS[need]} <span class="tabular">{counts.value[need]}</span>
          </button>
        ))}
      </fieldset>
      <label class="narrow">
        <span class="unseen">Filter by name</span>
        <input
          id="filter"
          type="search"
          placeholder="Filter by name"
          value={filter.value.text}
          spellcheck={false}
          autocapitalize="none"
          autocomplete="off"
          onInput={({ currentTarget }) => change({ text: currentTarget.value })}
        />
      </label>
      <span class="note tabular">{countText(count, "pane")}</span>
      <fieldset class="sizes">
        <legend class="unseen">Size of tiles</legend>
        {SIZES.map((size) => (
          <button
            key={size}
            type="button"
            class={size}
            title={`${size} tiles`}
            aria-label={`${size} tiles`}
            aria-pressed={settings.tiles.value === size}
            onClick={() => {
              settings.tiles.value = size;
            }}
          >
            <span aria-hidden="true" />
          </button>
        ))}
      </fieldset>
    </div>
  );
}

interface CardProps {
  board: Board;
  item: Item;
  root: { current: HTMLDivElement | null };
}

function TileCard({ board, item, root }: CardProps) {
  const { chosen, receipts } = board;
  const { pane, need, agent } = item;
  const body = useRef<HTMLDivElement>(null);
  const freshness = useLiveTile(board, item, root, body);
  const isChosen = useComputed(() => chosen.value === pane).value;
  const receipt = useComputed(() => receipts.value.get(pane)).value;
  const choose = () => {
    chosen.value = pane;
  };
  const title = plain(item.title);
  const isSaid = agent || item.exit || item.mode;
  const about = isSaid ? reasonText(item) : title && title !== board.live.usualTitle.value ? title : item.command;
  return (
    <article class={`tile ${need} ${freshness} ${isChosen ? "chosen" : ""}`} data-pane={pane} aria-label={item.place}>
      <button type="button" class="main" tabIndex={isChosen ? 0 : -1} onFocus={choose} {...opens(board, pane)}>
        <span class="head">
          <Shape need={need} />
          <span class="place">{item.place}</span>
          <span class="about">{about}</span>
          {freshness === "live" || freshness === "loading" ? null : <span class="fresh">{freshness}</span>}
          {item.rings ? <span class="bell">bell</span> : null}
          <Age board={board} since={item.since} />
        </span>
        <span class="screen" ref={body} aria-hidden="true" />
      </button>
      <Answers board={board} item={item} />
      <ReceiptLine receipt={receipt} />
    </article>
  );
}

/** Opens the pane while its card is in sight, and keeps the last frame when it is not. */
function useLiveTile(
  board: Board,
  { pane }: Item,
  root: { current: HTMLDivElement | null },
  body: { current: HTMLElement | null },
): string {
  const freshness = useSignal("loading");
  const theme = board.settings.terminal.value;
  const opened = useRef<Tile | undefined>(undefined);
  const families = board.settings.families.value;
  useEffect(() => opened.current?.setTheme(theme), [theme]);
  useEffect(() => opened.current?.setFamily(families), [families]);
  useEffect(() => {
    const element = body.current;
    if (!element) return;
    const end = watchTile(
      board,
      pane,
      element,
      root.current,
      (tile) => {
        opened.current = tile;
      },
      (now) => {
        freshness.value = now;
      },
    );
    return end;
  }, [board, pane, root, body, freshness]);
  return board.live.link.value.kind === "live" || freshness.value === "ended" ? freshness.value : "stale";
}

function watchTile(
  board: Board,
  pane: string,
  element: HTMLElement,
  root: HTMLElement | null,
  opened: (tile: Tile | undefined) => void,
  fresh: (freshness: string) => void,
): () => void {
  let tile: Tile | undefined;
  let ends: (() => void)[] = [];
  let linger: ReturnType<typeof setTimeout> | undefined;
  let glance: ReturnType<typeof setTimeout> | undefined;
  const fit = () => tile?.setBox(element.clientWidth - 2 * EDGE, element.clientHeight - 2 * EDGE);
  const open = () => {
    clearTimeout(linger);
    if (tile) return tile.resume();
    const made = createTile({
      open: () => board.live.client.open(pane, { scrollback: 0, ackWindow: TILE_WINDOW }),
      theme: board.settings.terminal.value,
      fontFamily: board.settings.families.value,
      onFrame: () => {
        glance ??= setTimeout(() => {
          glance = undefined;
          board.glances.painted(pane);
        }, GLANCE);
      },
    });
    tile = made;
    opened(made);
    fit();
    element.replaceChildren(made.canvas);
    ends = [
      board.glances.tile(pane, () => made.lines()),
      made.freshness.subscribe((now) => {
        fresh(now);
        if (now === "lagging") board.live.lagged();
      }),
    ];
  };
  const shut = () => {
    clearTimeout(glance);
    glance = undefined;
    for (const end of ends) end();
    tile?.dispose();
    tile = undefined;
    opened(undefined);
  };
  const sight = new IntersectionObserver(
    ([entry]) => {
      if (entry?.isIntersecting) return open();
      tile?.pause();
      clearTimeout(linger);
      linger = setTimeout(shut, LINGER);
    },
    { root, rootMargin: "160px" },
  );
  const sizes = new ResizeObserver(fit);
  sight.observe(element);
  sizes.observe(element);
  return () => {
    sight.disconnect();
    sizes.disconnect();
    clearTimeout(linger);
    shut();
  };
}

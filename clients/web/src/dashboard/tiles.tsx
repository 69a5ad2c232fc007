import { useComputed, useEffect, useRef, useSignal } from "vendor";
import { createTile, forget, paintSoon, type Source, TILE_WINDOW, type Tile } from "../terminal/index.ts";
import { clear } from "./attention.tsx";
import type { Board } from "./board.ts";
import { Away } from "./digest.tsx";
import { useGrowing } from "./growing.ts";
import { byPlace, type Filter, type Item, NEEDS } from "./items.ts";
import { Age, Answers, opens, ReceiptLine } from "./parts.tsx";
import { PastButton, Printed } from "./past-bar.tsx";
import type { PastSource } from "./past-source.ts";
import { SIZES } from "./settings.ts";
import { Icon, Shape } from "./shape.tsx";
import { countText, NEED_WORDS, plain, reasonText } from "./words.ts";

/** Lines of tiles are looked at so many milliseconds apart. */
const GLANCE = 500;
/** Pixels around what a tile shows. */
const EDGE = 6;
/** Panes that are gone are looked for once the moment has stood for so long. */
const SETTLES = 400;
/** A tile that is out of sight stays open for so long, for those who scroll to and fro. */
const LINGER = 3000;

/** All panes that pass the filter, live. */
export function Tiles({ board }: { board: Board }) {
  const { live, filtered, settings } = board;
  const root = useRef<HTMLDivElement>(null);
  const items = [...filtered.value].sort(byPlace);
  const shown = useGrowing(items.length);
  const isPast = board.past.isOn.value;
  return (
    <section class="grid-view" aria-labelledby="grid-title">
      <h2 id="grid-title" class="unseen">
        Panes
      </h2>
      <FilterBar board={board} count={items.length} />
      {isPast ? null : <Away board={board} />}
      <div class={`grid ${settings.tiles.value}`} ref={root}>
        {items
          .slice(0, shown)
          .map((item) =>
            isPast ? (
              <PastTile key={item.pane} board={board} pane={item.pane} place={item.place} root={root} />
            ) : (
              <TileCard key={item.pane} board={board} item={item} root={root} />
            ),
          )}
        {isPast ? <GoneTiles board={board} root={root} /> : null}
        {live.ready.value && items.length === 0 && !isPast ? <NoTiles board={board} /> : null}
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
      <PastButton board={board} />
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

interface PastTileProps extends Omit<CardProps, "item"> {
  pane: string;
  place: string;
  isGone?: boolean;
}

/** A pane as it was. */
function PastTile({ board, pane, place, isGone = false, root }: PastTileProps) {
  const body = useRef<HTMLDivElement>(null);
  const source = useSignal<PastSource | undefined>(undefined);
  const opened = useRef<Tile | undefined>(undefined);
  const { chosen, past, settings } = board;
  useEffect(() => opened.current?.setTheme(settings.terminal.value), [settings.terminal.value]);
  useEffect(() => opened.current?.setFamily(settings.families.value), [settings.families.value]);
  useEffect(() => {
    const element = body.current;
    if (!element) return;
    return watchTile(board, element, root.current, {
      isPaced: true,
      open: () => {
        const made = past.view(pane, false);
        source.value = made;
        return made;
      },
      onTile: (tile) => {
        opened.current = tile;
      },
    });
  }, [board, past, pane, root, source]);
  const isChosen = useComputed(() => chosen.value === pane).value;
  const isEmpty = source.value?.isEmpty.value === true;
  const choose = () => {
    chosen.value = pane;
  };
  return (
    <article class={`tile then ${isEmpty ? "empty-then" : ""}`} data-pane={pane} aria-label={`${place}, as it was`}>
      <button type="button" class="main" tabIndex={isChosen ? 0 : -1} onFocus={choose} {...opens(board, pane)}>
        <span class="head">
          <Icon name="clock" />
          <span class="place">{place}</span>
          {isGone ? <span class="badge">gone since</span> : null}
          <span class="about">{isEmpty ? "" : <Printed board={board} at={source.value?.printed.value} />}</span>
        </span>
        <span class="screen" ref={body} aria-hidden="true" />
        {source.value?.note.value ? <span class="then-note">{source.value.note}</span> : null}
      </button>
    </article>
  );
}

/** Panes that were there then and are gone. */
function GoneTiles({ board, root }: Omit<CardProps, "item">) {
  const { past, live, filter } = board;
  const at = past.moment.value?.at;
  const isPlaying = past.state.value === "plays";
  useEffect(() => {
    if (at === undefined || isPlaying) return;
    const timer = setTimeout(() => void past.lookForGone((pane) => live.item(pane) !== undefined), SETTLES);
    return () => clearTimeout(timer);
  }, [past, live, at, isPlaying]);
  const { session, need, text } = filter.value;
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return past.gone.value
    .filter((gone) => session === undefined || gone.session === session)
    .filter(({ place }) => need === undefined && words.every((word) => place.toLowerCase().includes(word)))
    .map(({ pane, place }) => (
      <PastTile key={`gone ${pane}`} board={board} pane={pane} place={place} isGone root={root} />
    ));
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
    let glance: ReturnType<typeof setTimeout> | undefined;
    let ends: (() => void)[] = [];
    const shut = () => {
      clearTimeout(glance);
      glance = undefined;
      for (const end of ends.splice(0)) end();
    };
    const end = watchTile(board, element, root.current, {
      open: () => board.live.client.open(pane, { scrollback: 0, ackWindow: TILE_WINDOW }),
      onFrame: () => {
        glance ??= setTimeout(() => {
          glance = undefined;
          board.glances.painted(pane);
        }, GLANCE);
      },
      onTile: (tile) => {
        opened.current = tile;
        if (!tile) return shut();
        ends = [
          board.glances.tile(pane, () => tile.lines()),
          tile.freshness.subscribe((now) => {
            freshness.value = now;
            if (now === "lagging") board.live.lagged();
          }),
        ];
      },
    });
    return () => {
      end();
      shut();
    };
  }, [board, pane, root, body, freshness]);
  return board.live.link.value.kind === "live" || freshness.value === "ended" ? freshness.value : "stale";
}

interface Watch {
  /** Many are made at once: each in its turn, so that no frame takes long. */
  isPaced?: boolean;
  open(): Source;
  onFrame?(): void;
  /** It is there; or it is not any more. */
  onTile(tile: Tile | undefined): void;
}

/** Has a tile in this element while that is in sight. */
function watchTile(
  board: Board,
  element: HTMLElement,
  root: HTMLElement | null,
  { open: source, onFrame, onTile, isPaced = false }: Watch,
): () => void {
  let tile: Tile | undefined;
  let linger: ReturnType<typeof setTimeout> | undefined;
  const fit = () => tile?.setBox(element.clientWidth - 2 * EDGE, element.clientHeight - 2 * EDGE);
  const open = () => {
    clearTimeout(linger);
    if (tile) return tile.resume();
    tile = createTile({
      open: source,
      theme: board.settings.terminal.value,
      fontFamily: board.settings.families.value,
      ...(onFrame ? { onFrame } : {}),
    });
    onTile(tile);
    fit();
    element.replaceChildren(tile.canvas);
  };
  const shut = () => {
    forget(open);
    onTile(undefined);
    tile?.dispose();
    tile = undefined;
  };
  const sight = new IntersectionObserver(
    ([entry]) => {
      if (entry?.isIntersecting) return isPaced && !tile ? paintSoon(open) : open();
      forget(open);
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

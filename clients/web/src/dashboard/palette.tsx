import { useEffect, useRef, useSignal } from "vendor";
import type { Board } from "./board.ts";
import { type Item, matches } from "./items.ts";
import { show } from "./keys.ts";
import { errorText } from "./live.ts";
import type { View } from "./route.ts";
import { THEMES } from "./settings.ts";
import { Shape } from "./shape.tsx";
import { SheetBox } from "./sheet.tsx";
import { reasonText } from "./words.ts";

/** So many hits are shown; who wants more says more. */
const MOST = 60;

interface Hit {
  readonly id: string;
  readonly name: string;
  readonly about: string;
  readonly keys?: string;
  readonly item?: Item;
  run(beside: boolean): void;
}

/** Commands and panes: `Ctrl+K`. What panes show now besides: `/`. */
export function Palette({ board }: { board: Board }) {
  const isSearch = board.sheet.value === "search";
  return (
    <SheetBox board={board} name={["palette", "search"]} title={isSearch ? "Search" : "Commands"} bare>
      <Finder board={board} isSearch={isSearch} />
    </SheetBox>
  );
}

function Finder({ board, isSearch }: { board: Board; isSearch: boolean }) {
  const text = useSignal("");
  const at = useSignal(0);
  const shows = useSignal<ReadonlyMap<string, readonly string[]>>(new Map());
  const problem = useSignal("");
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!isSearch) return;
    board.glances.all().then(
      (found) => {
        shows.value = found;
      },
      (error: unknown) => {
        problem.value = `What panes show can't be searched now: ${errorText(error)}`;
      },
    );
  }, [board, isSearch, shows, problem]);
  const close = () => {
    board.sheet.value = undefined;
  };
  const panes = panesFor(board, text.value, shows.value);
  const hits = isSearch ? panes : [...commandsFor(board, text.value), ...panes];
  const some = hits.slice(0, MOST);
  const chosen = Math.min(at.value, some.length - 1);
  const run = (hit: Hit | undefined, beside: boolean) => {
    if (!hit) return;
    close();
    hit.run(beside);
  };
  const pressed = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 };
    const step = steps[event.key] ?? (event.ctrlKey ? { n: 1, p: -1, j: 1, k: -1 }[event.key] : undefined);
    if (step !== undefined) {
      event.preventDefault();
      at.value = Math.max(0, Math.min(some.length - 1, chosen + step));
      list.current?.children[at.value]?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter") {
      event.preventDefault();
      run(some[chosen], event.shiftKey);
    }
  };
  return (
    <div class="finder">
      <input
        type="text"
        role="combobox"
        aria-expanded="true"
        aria-controls="hits"
        aria-activedescendant={some.length > 0 ? `hit-${chosen}` : undefined}
        aria-label={isSearch ? "Search names and what panes show" : "Command or pane"}
        placeholder={isSearch ? "Search names and what panes show now" : "Command or pane"}
        value={text.value}
        spellcheck={false}
        autocapitalize="none"
        autocomplete="off"
        onKeyDown={pressed}
        onInput={({ currentTarget }) => {
          text.value = currentTarget.value;
          at.value = 0;
        }}
      />
      <div id="hits" ref={list} role="listbox" aria-label="Found">
        {some.map((hit, index) => (
          <div
            key={hit.id}
            id={`hit-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === chosen}
            onClick={({ shiftKey }) => run(hit, shiftKey)}
            onKeyDown={pressed}
          >
            {hit.item ? <Shape need={hit.item.need} /> : <span class="blank" />}
            <span class="name">{hit.name}</span>
            <span class="about">{hit.about}</span>
            {hit.keys ? <kbd>{hit.keys}</kbd> : null}
          </div>
        ))}
      </div>
      {some.length === 0 ? (
        <p class="empty">
          {text.value
            ? `Nothing is called “${text.value}”${isSearch ? ", and no pane shows it" : ""}.`
            : "Nothing is there yet."}
        </p>
      ) : null}
      {problem.value ? <p class="receipt failed">{problem.value}</p> : null}
      <p class="hint">
        <kbd>↑</kbd> <kbd>↓</kbd> choose, <kbd>Enter</kbd> open, <kbd>Shift+Enter</kbd> beside
        {hits.length > MOST ? `. ${hits.length - MOST} more: write more to find less` : ""}
      </p>
    </div>
  );
}

function panesFor(board: Board, text: string, shows: ReadonlyMap<string, readonly string[]>): Hit[] {
  const hits: Hit[] = [];
  for (const item of board.live.items.value) {
    const found = matches(item, text, shows.get(item.pane) ?? []);
    if (found === undefined) continue;
    const who = item.agent ? `${item.agent.agent_type}, ${reasonText(item)}` : item.command;
    hits.push({
      id: item.pane,
      name: item.place,
      about: found === "name" ? who : found,
      item,
      run: (beside) => board.open(item.pane, beside),
    });
  }
  return hits;
}

function commandsFor(board: Board, text: string): Hit[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const all = commands(board);
  if (words.length === 0) return all;
  return all.filter(({ name, about }) => words.every((word) => `${name} ${about}`.toLowerCase().includes(word)));
}

function commands(board: Board): Hit[] {
  const { settings, door, who } = board;
  const go = (view: View, keys: string): Hit => ({
    id: view,
    name: `Show ${view}`,
    about: "",
    keys,
    run: () => board.go({ kind: "view", view }),
  });
  const finished = board.live.items.value.filter(({ need }) => need === "finished");
  const found: (Hit | false)[] = [
    {
      id: "next",
      name: "Next that needs you",
      about: `${board.counts.value.calls} now`,
      keys: "n",
      // The sheet gives the focus back to where it was first.
      run: () => setTimeout(() => show(board, board.next())),
    },
    go("panes", "p"),
    go("overview", "o"),
    go("activity", "a"),
    { ...go("history", "s"), about: "search what panes printed" },
    { ...go("digest", "d"), about: "since you were last here" },
    {
      id: "search",
      name: "Search what panes show",
      about: "",
      keys: "/",
      run: () => {
        board.sheet.value = "search";
      },
    },
    board.past.isOn.value
      ? { id: "live", name: "Back to live", about: "", keys: "Esc", run: () => board.toLive() }
      : { id: "past", name: "As it was at another time", about: "the past", keys: "t", run: () => board.toPast() },
    board.active !== undefined && {
      id: "download",
      name: "Download what the pane printed",
      about: board.live.item(board.active)?.place ?? board.active,
      run: () => board.active !== undefined && board.downloadOf(board.active),
    },
    board.canWrite && {
      id: "prompt",
      name: "Prompt agents",
      about: "one or several",
      keys: "c",
      run: () => {
        board.sheet.value = "composer";
      },
    },
    finished.length > 0 && {
      id: "seen",
      name: "Mark all that finished as seen",
      about: String(finished.length),
      run: () => void board.seen(finished),
    },
    {
      id: "connection",
      name: "Connection and latency",
      about: "",
      run: () => {
        board.sheet.value = "connection";
      },
    },
    {
      id: "notifications",
      name: "Notifications",
      about: "of this device",
      run: () => {
        board.sheet.value = "notifications";
      },
    },
    ...THEMES.map((theme) => ({
      id: `theme ${theme}`,
      name: `Theme: ${theme}`,
      about: settings.theme.value === theme ? "now" : "",
      run: () => {
        settings.theme.value = theme;
      },
    })),
    {
      id: "reload",
      name: "Load the page anew",
      about: "tabs stay",
      run: () => location.reload(),
    },
    {
      id: "help",
      name: "Keys and help",
      about: "",
      keys: "?",
      run: () => {
        board.sheet.value = "help";
      },
    },
    who.value?.authentication === true && { id: "leave", name: "Log out", about: "", run: () => void door.leave() },
  ];
  return found.filter((hit) => hit !== false);
}

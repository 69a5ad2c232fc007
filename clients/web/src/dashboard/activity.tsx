import type { EventStream } from "muxwire";
import { useComputed, useEffect, useRef, useSignal } from "vendor";
import type { Board } from "./board.ts";
import { useGrowing } from "./growing.ts";
import { type Entry, entriesOf, KINDS, type Kind, TYPES } from "./journal.ts";
import { errorText } from "./live.ts";
import { Age } from "./parts.tsx";
import { Icon } from "./shape.tsx";
import { countText, plain } from "./words.ts";

/** So many lines are kept, and so many shown. */
const KEPT = 2000;
const SHOWN = 400;
/** So many events of before are asked for. */
const BEFORE = 3000;
/** Lines are drawn so many milliseconds apart. */
const PACE = 120;
/** All but output, which may be much: it is asked for by itself. */
const REST = KINDS.filter((kind) => kind !== "output");
const LEVELS = { info: "·", warning: "▲", error: "✕" } as const;

/** What happens and what has happened, and the alerts that stand. */
export function Activity({ board }: { board: Board }) {
  return (
    <div class="activity">
      <Alerts board={board} />
      <Events board={board} />
    </div>
  );
}

function Alerts({ board }: { board: Board }) {
  const standing = [...board.live.alerts.value.values()].reverse();
  return (
    <section class="alerts" aria-labelledby="alerts-title">
      <h2 id="alerts-title">Alerts that stand</h2>
      {standing.length === 0 ? (
        <p class="empty">
          None. <code>alerts.toml</code> says what raises one: <code>muxwire alert list</code>
        </p>
      ) : (
        <ul>
          {standing.map(({ alert, pane }) => {
            const item = board.live.item(pane);
            return (
              <li key={alert.key} class={alert.severity}>
                <span class="severity">{alert.severity}</span>
                <span class="title">{plain(alert.title)}</span>
                {item ? (
                  <button type="button" class="link" onClick={() => board.open(item.pane)}>
                    {item.place}
                  </button>
                ) : null}
                <Age board={board} since={Date.parse(alert.since)} />
                {alert.message ? <span class="says">{plain(alert.message)}</span> : null}
              </li>
            );
          })}
        </ul>
      )}
    </section>
  );
}

function Events({ board }: { board: Board }) {
  const kinds = useSignal<ReadonlySet<Kind>>(new Set(KINDS.filter((kind) => kind !== "output")));
  const text = useSignal("");
  const errorsOnly = useSignal(false);
  const isPaused = useSignal(false);
  const waiting = useSignal(0);
  const entries = useSignal<readonly Entry[]>([]);
  const problem = useSignal("");
  const kept = useRef<readonly Entry[]>([]);
  const follow = (some: readonly Entry[]) => {
    kept.current = [...kept.current, ...some].slice(-KEPT);
    if (isPaused.peek()) waiting.value += some.length;
    else entries.value = kept.current;
  };
  const failed = (why: string) => {
    problem.value = why;
  };
  const withOutput = kinds.value.has("output");
  useEffect(() => followEvents(board, REST, follow, failed), [board]);
  useEffect(() => (withOutput ? followEvents(board, ["output"], follow, failed) : undefined), [board, withOutput]);
  const shown = useGrowing(Math.min(entries.value.length, SHOWN));
  const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = entries.value.filter(
    ({ kind, level, type, place, text: said }) =>
      (kind === "gap" || kinds.value.has(kind)) &&
      (!errorsOnly.value || level === "error") &&
      words.every((word) => `${type} ${place} ${said}`.toLowerCase().includes(word)),
  );
  const pause = () => {
    isPaused.value = !isPaused.value;
    waiting.value = 0;
    if (!isPaused.value) entries.value = kept.current;
  };
  return (
    <section class="events" aria-labelledby="events-title">
      <header>
        <h2 id="events-title">Events</h2>
        <fieldset class="chips">
          <legend class="unseen">Kinds of events</legend>
          {KINDS.map((kind) => (
            <button
              key={kind}
              type="button"
              aria-pressed={kinds.value.has(kind)}
              onClick={() => {
                const all = new Set(kinds.value);
                if (!all.delete(kind)) all.add(kind);
                kinds.value = all;
              }}
            >
              {kind}
            </button>
          ))}
        </fieldset>
        <button
          type="button"
          aria-pressed={errorsOnly.value}
          class="chip"
          onClick={() => {
            errorsOnly.value = !errorsOnly.value;
          }}
        >
          errors only
        </button>
        <label class="narrow">
          <span class="unseen">Filter events</span>
          <input
            id="filter"
            type="search"
            placeholder="Filter events"
            value={text.value}
            spellcheck={false}
            autocapitalize="none"
            onInput={({ currentTarget }) => {
              text.value = currentTarget.value;
            }}
          />
        </label>
        <button type="button" aria-pressed={isPaused.value} onClick={pause}>
          <Icon name={isPaused.value ? "play" : "pause"} />
          {isPaused.value ? `Go on${waiting.value > 0 ? ` (${waiting.value})` : ""}` : "Pause"}
        </button>
      </header>
      {problem.value ? <p class="receipt failed">{problem.value}</p> : null}
      {found.length === 0 ? (
        <p class="empty">
          {entries.value.length > 0
            ? `None of ${countText(entries.value.length, "event")} passes the filter.`
            : kinds.value.size === 0
              ? "Choose a kind of event above."
              : "Nothing has happened yet. What happens shows here."}
        </p>
      ) : (
        <ol class="entries" aria-label="Events, the newest first">
          {found
            .slice(-shown)
            .reverse()
            .map((entry) => (
              <Line key={entry.key} board={board} entry={entry} />
            ))}
        </ol>
      )}
    </section>
  );
}

function Line({ board, entry }: { board: Board; entry: Entry }) {
  const { time, level, type, place, pane, text } = entry;
  const isThere = useComputed(() => board.live.item(pane) !== undefined).value;
  return (
    <li class={`${level} ${entry.kind}`}>
      <time class="tabular">{time === undefined ? "" : new Date(time).toLocaleTimeString("en-GB")}</time>
      <span class="level" role="img" aria-label={level}>
        {LEVELS[level]}
      </span>
      <span class="type">{type}</span>
      {isThere && pane !== undefined ? (
        <button type="button" class="link" onClick={() => board.open(pane)}>
          {place}
        </button>
      ) : (
        <span class="place">{place}</span>
      )}
      <span class="text">{text}</span>
    </li>
  );
}

/** Events of these kinds, those of a while before too. Returns what ends that. */
function followEvents(
  board: Board,
  kinds: readonly Kind[],
  follow: (entries: readonly Entry[]) => void,
  failed: (why: string) => void,
): () => void {
  let stream: EventStream | undefined;
  let some: Entry[] = [];
  let count = 0;
  let isEnded = false;
  const timer = setInterval(() => {
    if (some.length === 0) return;
    follow(some);
    some = [];
  }, PACE);
  const begin = () => {
    const here = board.live.position;
    if (isEnded || !here) return;
    // What panes printed before is on their screens.
    const from = kinds.includes("output") ? here.seq : Math.max(0, here.seq - BEFORE);
    const types = kinds.flatMap((kind) => TYPES[kind]);
    stream = board.live.client.listen(
      { types },
      (item) => {
        count += 1;
        if (item.type === "alert" || item.type === "alert.cleared") board.live.alerted(item);
        some.push(...entriesOf(item, count));
        // With so many waiting, only the last are ever shown.
        if (some.length > 2 * KEPT) some = some.slice(-KEPT);
      },
      {
        since: { epoch: here.epoch, seq: from },
        onError: (error) => {
          if (!isEnded) failed(`Events can't be followed: ${errorText(error)}`);
        },
      },
    );
  };
  board.live.state.ready.then(begin, () => undefined);
  return () => {
    isEnded = true;
    clearInterval(timer);
    void stream?.close();
  };
}

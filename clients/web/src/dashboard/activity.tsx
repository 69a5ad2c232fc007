import { MuxwireError } from "muxwire";
import { Fragment, useComputed, useEffect, useRef, useSignal } from "vendor";
import type { Board } from "./board.ts";
import { useGrowing } from "./growing.ts";
import { type Entry, entriesOf, KINDS, type Kind, TYPES } from "./journal.ts";
import { errorText } from "./live.ts";
import { dayText } from "./moment.ts";
import { Age } from "./parts.tsx";
import { textOf } from "./route.ts";
import { Icon } from "./shape.tsx";
import { countText, plain } from "./words.ts";

/** So many lines are kept, and so many shown; and so many more each time that older ones are wanted. */
const KEPT = 2000;
const SHOWN = 400;
/** So many events of before are asked for, and so many alerts to see which stand. */
const PAGE = 200;
const ALERTS = 500;
/** Without a history, so many of the log are looked at. */
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
  const next = useSignal<string | undefined>(undefined);
  const most = useSignal(SHOWN);
  const feed = useRef<Feed>({
    follow: (some) => {
      const all = [...kept.current, ...some];
      // What goes on from there would not follow on what is left.
      if (all.length > KEPT) next.value = undefined;
      kept.current = all.slice(-KEPT);
      if (isPaused.peek()) waiting.value += some.length;
      else entries.value = kept.current;
    },
    precede: (some, goesOn) => {
      const all = [...some, ...kept.current];
      kept.current = all.slice(-KEPT);
      next.value = all.length < KEPT ? goesOn : undefined;
      entries.value = [...some, ...entries.peek()].slice(-KEPT);
    },
    failed: (why) => {
      problem.value = why;
    },
  }).current;
  const withOutput = kinds.value.has("output");
  useEffect(() => followRest(board, feed), [board, feed]);
  useEffect(() => (withOutput ? followOutput(board, feed) : undefined), [board, withOutput, feed]);
  const shown = useGrowing(Math.min(entries.value.length, most.value));
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
  const older = useOlder(board, feed, next.value);
  const isMore = found.length > most.value || next.value !== undefined;
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
            .map((entry, at, all) => (
              <Fragment key={entry.key}>
                {isOtherDay(all[at - 1], entry) ? <li class="day">{dayText(entry.time ?? 0)}</li> : null}
                <Line board={board} entry={entry} />
              </Fragment>
            ))}
          {isMore ? (
            <li class="older">
              <button
                type="button"
                disabled={older.isAsking}
                onClick={() => {
                  most.value += SHOWN;
                  if (found.length < most.value) older.ask();
                }}
              >
                Older events
              </button>
            </li>
          ) : null}
        </ol>
      )}
      {found.length === 0 && next.value !== undefined ? (
        <p class="under">
          <button type="button" disabled={older.isAsking} onClick={older.ask}>
            Older events
          </button>
        </p>
      ) : null}
    </section>
  );
}

/** Asks for events of before. */
function useOlder(board: Board, feed: Feed, next: string | undefined): { isAsking: boolean; ask(): void } {
  const isAsking = useSignal(false);
  const stop = useRef(new AbortController());
  useEffect(() => () => stop.current.abort(), []);
  const ask = () => {
    if (isAsking.peek() || next === undefined) return;
    isAsking.value = true;
    earlier(board, feed, next, stop.current.signal)
      .catch((error: unknown) => {
        if (!stop.current.signal.aborted) feed.failed(`Older events can't be read: ${errorText(error)}`);
      })
      .finally(() => {
        isAsking.value = false;
      });
  };
  return { isAsking: isAsking.value, ask };
}

/** Whether an event is of another day than the one above it; the first one, of another than today. */
function isOtherDay(above: Entry | undefined, { time }: Entry): boolean {
  return time !== undefined && new Date(above?.time ?? Date.now()).toDateString() !== new Date(time).toDateString();
}

const clockText = (time: number) => new Date(time).toLocaleTimeString("en-GB");

function Line({ board, entry }: { board: Board; entry: Entry }) {
  const { time, level, type, place, pane, text } = entry;
  const isThere = useComputed(() => board.live.item(pane) !== undefined).value;
  return (
    <li class={`${level} ${entry.kind}`}>
      {time === undefined ? (
        <time />
      ) : pane === undefined ? (
        <time class="tabular">{clockText(time)}</time>
      ) : (
        <a
          class="tabular"
          href={textOf({ kind: "panes", panes: [pane], moment: { at: time } })}
          title="Shows the pane at this moment"
        >
          <time>{clockText(time)}</time>
        </a>
      )}
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

/** A place in the log of events. */
interface Place {
  readonly epoch: string;
  readonly seq: number;
}

/** What a list of events is filled with. */
interface Feed {
  /** Events that are new, in their order. */
  follow(entries: readonly Entry[]): void;
  /** Events of before all others, in their order; and what goes on from there, if there is more. */
  precede(entries: readonly Entry[], next: string | undefined): void;
  failed(why: string): void;
}

/** Events of all kinds but output: those that the history has, and what comes behind them. Returns what ends that. */
function followRest(board: Board, feed: Feed): () => void {
  const stop = new AbortController();
  let end: () => void = () => undefined;
  const begin = async () => {
    const since = await firstPage(board, feed, stop.signal);
    if (since && !stop.signal.aborted) end = followEvents(board, REST, feed, since);
  };
  begin().catch((error: unknown) => {
    if (!stop.signal.aborted) feed.failed(`Events can't be followed: ${errorText(error)}`);
  });
  return () => {
    stop.abort();
    end();
  };
}

/** What the history has first, and the alerts that stand. Returns the place of the log to go on from. */
async function firstPage(board: Board, feed: Feed, signal: AbortSignal): Promise<Place | undefined> {
  try {
    await restoreAlerts(board, signal);
    return await earlier(board, feed, undefined, signal);
  } catch (error) {
    if (signal.aborted) return undefined;
    const isOff = error instanceof MuxwireError && ["HISTORY_OFF", "UNKNOWN_ACTION"].includes(error.code);
    if (!isOff) feed.failed(`Events of before can't be read: ${errorText(error)}`);
    // Memory has some of them.
    await board.live.state.ready;
    const here = board.live.position;
    return here && { epoch: here.epoch, seq: Math.max(0, here.seq - BEFORE) };
  }
}

/** Adds a page of the history before what there is. */
async function earlier(board: Board, feed: Feed, before: string | undefined, signal: AbortSignal): Promise<Place> {
  const types = [...REST.flatMap((kind) => TYPES[kind]), "log.gap"];
  const fields = { types, limit: PAGE, ...(before === undefined ? {} : { before }) };
  const page = await board.live.client.history(fields, { signal });
  const entries = page.events.reverse().flatMap((event, at) => entriesOf(event, at));
  if (!signal.aborted) feed.precede(entries, page.next);
  return page;
}

/** Which alerts stand. After a restart of muxwire, those of before are not known any more: what holds is said anew. */
async function restoreAlerts(board: Board, signal: AbortSignal): Promise<void> {
  const fields = { types: TYPES.alerts.slice(), limit: ALERTS };
  const { events } = await board.live.client.history(fields, { signal });
  const alerts = events.filter((event) => event.type === "alert" || event.type === "alert.cleared").reverse();
  const runOf = (id: string) => id.split("-")[0];
  const run = runOf(alerts.at(-1)?.data.id ?? "");
  for (const event of alerts) {
    const isThere = event.pane === undefined || board.live.item(event.pane) !== undefined;
    if (runOf(event.data.id) === run && isThere) board.live.alerted(event);
  }
}

/** Events of these kinds from a place of the log on. Returns what ends that. */
function followEvents(board: Board, kinds: readonly Kind[], { follow, failed }: Feed, since: Place): () => void {
  let some: Entry[] = [];
  let count = 0;
  let isEnded = false;
  const timer = setInterval(() => {
    if (some.length === 0) return;
    follow(some);
    some = [];
  }, PACE);
  const stream = board.live.client.listen(
    { types: kinds.flatMap((kind) => TYPES[kind]) },
    (item) => {
      count += 1;
      if (item.type === "alert" || item.type === "alert.cleared") board.live.alerted(item);
      some.push(...entriesOf(item, count));
      // With so many waiting, only the last are ever shown.
      if (some.length > 2 * KEPT) some = some.slice(-KEPT);
    },
    {
      since: { epoch: since.epoch, seq: since.seq },
      onError: (error) => {
        if (!isEnded) failed(`Events can't be followed: ${errorText(error)}`);
      },
    },
  );
  return () => {
    isEnded = true;
    clearInterval(timer);
    void stream.close();
  };
}

/** What panes print from now on: what they printed before is on their screens. */
function followOutput(board: Board, feed: Feed): () => void {
  let isEnded = false;
  let end: () => void = () => undefined;
  const begin = () => {
    const here = board.live.position;
    if (here && !isEnded) end = followEvents(board, ["output"], feed, here);
  };
  board.live.state.ready.then(begin, () => undefined);
  return () => {
    isEnded = true;
    end();
  };
}

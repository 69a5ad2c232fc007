import { useEffect, useLayoutEffect, useRef, useSignal } from "vendor";
import type { Direction } from "./filter.ts";
import { asLines, type Entry, parsed } from "./log.ts";
import { type Model, pretty, spacedOut } from "./model.ts";
import { shown } from "./secrets.ts";

/** What is drawn of a message in a line, in characters. */
const LINE = 1_000;
/** So many entries are drawn; older ones on demand. */
const DRAWN = 300;

export function LogView({ model, edit }: { model: Model; edit: (text: string) => void }) {
  const { log } = model;
  log.version.value;
  const drawn = useSignal(DRAWN);
  const { visible } = log;
  const entries = visible.slice(-drawn.value);
  const hidden = visible.length - entries.length;
  return (
    <section class="log" aria-labelledby="log-title">
      <Bar model={model} />
      <Entries model={model} edit={edit} entries={entries}>
        {hidden > 0 || log.dropped > 0 ? (
          <li class="older">
            {log.dropped > 0 ? <span>{log.dropped} older ones are not kept. </span> : null}
            {hidden > 0 ? (
              <button
                type="button"
                onClick={() => {
                  drawn.value += DRAWN;
                }}
              >
                Show older ones ({hidden})
              </button>
            ) : null}
          </li>
        ) : null}
      </Entries>
    </section>
  );
}

function Bar({ model }: { model: Model }) {
  const { log } = model;
  log.version.value;
  const { entries, visible } = log;
  return (
    <div class="bar">
      <h2 id="log-title">Log</h2>
      <output class="count" aria-label="Entries shown">
        {visible.length === entries.length ? visible.length : `${visible.length} of ${entries.length}`}
      </output>
      <label class="filter">
        <span class="unseen">Filter</span>
        <input
          id="filter"
          type="search"
          value={log.filter}
          placeholder="Filter: words, type:pane.*, -type:bookmark"
          spellcheck={false}
          autocapitalize="none"
          onInput={({ currentTarget }) => model.show(currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape") event.currentTarget.blur();
          }}
        />
        <span class="keyhint" aria-hidden="true">
          /
        </span>
      </label>
      <label>
        <span class="unseen">Direction</span>
        <select
          id="direction"
          value={log.direction}
          onChange={({ currentTarget }) => log.look(log.filter.value, currentTarget.value as Direction)}
        >
          <option value="both">both directions</option>
          <option value="sent">→ sent</option>
          <option value="received">← received</option>
        </select>
      </label>
      <button id="pause" type="button" aria-pressed={log.paused.value} onClick={() => log.pause(!log.paused.value)}>
        {log.paused.value ? `Go on${log.waiting > 0 ? ` (${log.waiting} more)` : ""}` : "Pause"}{" "}
        <span class="keyhint" aria-hidden="true">
          p
        </span>
      </button>
      <button id="copy-log" type="button" onClick={() => void model.copy(asLines(log.visible), "What is shown was")}>
        Copy
      </button>
      <button id="clear" type="button" onClick={() => log.clear()}>
        Clear
      </button>
    </div>
  );
}

interface EntriesProps {
  model: Model;
  entries: Entry[];
  edit: (text: string) => void;
  // biome-ignore lint/suspicious/noExplicitAny: whatever can be drawn
  children: any;
}

/** The entries, the newest at the bottom. The list follows it as long as it is scrolled there. */
function Entries({ model, entries, edit, children }: EntriesProps) {
  const list = useRef<HTMLOListElement | null>(null);
  const follows = useSignal(true);
  const current = useSignal(0);
  const opened = useSignal<ReadonlySet<number>>(new Set());
  const last = entries.at(-1)?.id;
  useLayoutEffect(() => {
    if (follows.value && list.current) list.current.scrollTop = list.current.scrollHeight;
  }, [last, follows.value]);
  useEffect(() => {
    const { current: element } = list;
    const scrolled = () => {
      if (element) follows.value = element.scrollHeight - element.scrollTop - element.clientHeight < 24;
    };
    element?.addEventListener("scroll", scrolled, { passive: true });
    return () => element?.removeEventListener("scroll", scrolled);
  }, [follows]);
  const toggle = (id: number) => {
    const next = new Set(opened.value);
    if (!next.delete(id)) next.add(id);
    opened.value = next;
  };
  const isThere = entries.some(({ id }) => id === current.value);
  return (
    <div class="entries">
      <ol ref={list} aria-label="Messages, the newest last" onKeyDown={move}>
        {children}
        {entries.length === 0 ? <Empty model={model} /> : null}
        {entries.map((entry) => (
          <Row
            key={entry.id}
            model={model}
            entry={entry}
            isOpen={opened.value.has(entry.id)}
            isCurrent={isThere ? entry.id === current.value : entry.id === last}
            toggle={() => toggle(entry.id)}
            focused={() => {
              current.value = entry.id;
            }}
            edit={edit}
          />
        ))}
      </ol>
      {follows.value ? null : (
        <button
          type="button"
          class="newest"
          onClick={() => {
            follows.value = true;
          }}
        >
          ↓ Newest
        </button>
      )}
    </div>
  );
}

/** Arrow keys go from entry to entry. */
function move(event: KeyboardEvent): void {
  const list = event.currentTarget as HTMLElement;
  const rows = [...list.querySelectorAll<HTMLElement>("button.line")];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  if (at < 0) return;
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  rows[Math.min(Math.max(next, 0), rows.length - 1)]?.focus();
}

function Empty({ model }: { model: Model }) {
  if (model.log.entries.length > 0)
    return <li class="empty">Nothing fits the filter. Everything is kept; clear the filter to see it.</li>;
  return (
    <li class="empty">
      <p>What you send, and all that the server says, stands here.</p>
      <ol>
        <li>Enter a token and connect.</li>
        <li>
          Choose <code>subscribe</code> to see what happens, <code>snapshot</code> to see what there is.
        </li>
        <li>Send it, and copy it as code when it does what you want.</li>
      </ol>
    </li>
  );
}

const MARKS = {
  sent: ["→", "sent"],
  received: ["←", "received"],
  note: ["·", "note"],
  problem: ["!", "problem"],
} as const;

interface RowProps {
  model: Model;
  entry: Entry;
  isOpen: boolean;
  isCurrent: boolean;
  toggle: () => void;
  focused: () => void;
  edit: (text: string) => void;
}

function Row({ model, entry, isOpen, isCurrent, toggle, focused, edit }: RowProps) {
  const { kind, type, text, at } = entry;
  const [mark, word] = MARKS[kind];
  return (
    <li class={`entry ${kind}`}>
      <button
        type="button"
        class="line"
        aria-expanded={isOpen}
        tabIndex={isCurrent ? 0 : -1}
        onClick={toggle}
        onFocus={focused}
      >
        <time dateTime={at.toISOString()}>{clock(at)}</time>
        <span class="mark" role="img" aria-label={word}>
          {mark}
        </span>
        <span class="type">{shown(type)}</span>
        <span class="text">{shown(summary(entry))}</span>
      </button>
      {isOpen ? (
        <div class="whole">
          <pre>
            <code>{isMessage(entry) ? <Json text={pretty(parsed(text))} /> : shown(text)}</code>
          </pre>
          {entry.remedy ? <p>{entry.remedy}</p> : null}
          <div class="row">
            <button type="button" onClick={() => void model.copy(text, "It was")}>
              Copy
            </button>
            {kind === "sent" ? (
              <button type="button" onClick={() => edit(pretty(parsed(text)))}>
                Edit again
              </button>
            ) : null}
            {isMessage(entry) ? (
              <button type="button" onClick={() => model.show(`type:${type}`)}>
                Only this type
              </button>
            ) : null}
          </div>
        </div>
      ) : null}
    </li>
  );
}

const isMessage = ({ kind }: Entry) => kind === "sent" || kind === "received";
const clock = (at: Date) => `${at.toLocaleTimeString("en-GB")}.${String(at.getMilliseconds()).padStart(3, "0")}`;

const SUMMARIES = new WeakMap<Entry, string>();

/** A message in one line: of an event where it is and what it says, of others all but their type. */
function summary(entry: Entry): string {
  const known = SUMMARIES.get(entry);
  if (known !== undefined) return known;
  const made = summarised(entry);
  SUMMARIES.set(entry, made);
  return made;
}

function summarised(entry: Entry): string {
  if (!isMessage(entry)) return entry.remedy ? `${entry.text} ${entry.remedy}` : entry.text;
  const message = parsed(entry.text);
  if (typeof message !== "object" || message === null || Array.isArray(message)) return entry.text.slice(0, LINE);
  const { type: _, action: __, session, window, pane, data, ...rest } = message as Record<string, unknown>;
  if (data === undefined || rest.seq === undefined) {
    const said = Object.fromEntries(Object.entries(message).filter(([name]) => name !== "type" && name !== "action"));
    return spacedOut(said).slice(0, LINE);
  }
  const place = [session === undefined ? undefined : `${session}:${window ?? ""}`, pane].filter(
    (part) => part !== undefined,
  );
  return [...place, spacedOut(data).slice(0, LINE)].join(" ");
}

const PARTS = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** JSON with its kinds of values in colours. */
function Json({ text }: { text: string }) {
  const parts = [];
  let at = 0;
  for (const found of text.matchAll(PARTS)) {
    parts.push(shown(text.slice(at, found.index)));
    const [whole, string, colon] = found;
    const kind = colon ? "key" : string ? "string" : "number";
    parts.push(
      <span key={found.index} class={kind}>
        {shown(string ?? whole)}
      </span>,
      colon ?? "",
    );
    at = found.index + whole.length;
  }
  parts.push(shown(text.slice(at)));
  return <>{parts}</>;
}

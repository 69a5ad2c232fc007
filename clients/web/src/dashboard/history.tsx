import type { SearchHit } from "muxwire";
import type { Board } from "./board.ts";
import { useGrowing } from "./growing.ts";
import type { Wanted } from "./line-search.ts";
import { timeText } from "./moment.ts";
import { Failure, now } from "./parts.tsx";
import { textOf } from "./route.ts";
import { Icon } from "./shape.tsx";
import { ageText, countText, plain } from "./words.ts";

const LEVELS = { info: "·", warning: "▲", error: "✕" } as const;

/** Searches what panes printed, with a jump to the moment. */
export function History({ board }: { board: Board }) {
  const { lines } = board;
  return (
    <section class="history" aria-labelledby="history-title">
      <h2 id="history-title">What panes printed</h2>
      <Form board={board} />
      <Failure text={lines.problem.value} />
      <Found board={board} />
    </section>
  );
}

function Form({ board }: { board: Board }) {
  const { lines, live } = board;
  const { text, kind, session, pane, from, to, severity } = lines.wanted.value;
  const items = live.items.value;
  const sessions = [...new Set(items.map((item) => item.session))].sort();
  const field = (name: keyof Wanted, label: string, value: string, hint: string, list?: string) => (
    <label>
      <span>{label}</span>
      <input
        type="text"
        value={value}
        placeholder={hint}
        list={list}
        spellcheck={false}
        autocapitalize="none"
        autocomplete="off"
        onInput={({ currentTarget }) => lines.change({ [name]: currentTarget.value })}
      />
    </label>
  );
  return (
    <form
      class="history-form"
      onSubmit={(event) => {
        event.preventDefault();
        void lines.ask();
      }}
    >
      <div class="history-text">
        <input
          id="filter"
          type="search"
          aria-label="Search what panes printed"
          placeholder={
            kind === "words" ? 'words, begin* or "a phrase"' : "a regular expression, such as error\\[E\\d+\\]"
          }
          value={text}
          spellcheck={false}
          autocapitalize="none"
          autocomplete="off"
          onInput={({ currentTarget }) => lines.change({ text: currentTarget.value })}
        />
        {lines.isAsking.value ? (
          // An element of its own: one that became the other while it is clicked would search again.
          <button key="cancel" type="button" onClick={() => lines.cancel()}>
            Cancel
          </button>
        ) : (
          <button key="search" type="submit" class="main">
            Search
          </button>
        )}
      </div>
      <fieldset class="choices">
        <legend class="unseen">What is searched for</legend>
        {(["words", "regex"] as const).map((one) => (
          <label key={one}>
            <input type="radio" name="kind" checked={kind === one} onChange={() => lines.change({ kind: one })} />
            <span>{one === "words" ? "words" : "regular expression"}</span>
          </label>
        ))}
      </fieldset>
      <div class="history-where">
        {field("session", "Sessions", session, "all, or backend-*", "history-sessions")}
        {field("pane", "Panes", pane, "all, or %7", "history-panes")}
        {field("from", "From", from, "8h, or 03:12")}
        {field("to", "To", to, "now")}
        <label>
          <span>At least</span>
          <select
            value={severity}
            onChange={({ currentTarget }) => lines.change({ severity: currentTarget.value as Wanted["severity"] })}
          >
            <option value="info">any line</option>
            <option value="warning">warnings</option>
            <option value="error">errors</option>
          </select>
        </label>
      </div>
      <datalist id="history-sessions">
        {sessions.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <datalist id="history-panes">
        {items.map((item) => (
          <option key={item.pane} value={item.pane}>
            {item.place}
          </option>
        ))}
      </datalist>
    </form>
  );
}

function Found({ board }: { board: Board }) {
  const { lines } = board;
  const hits = lines.hits.value;
  const shown = useGrowing(hits.length);
  const isOver = lines.asked.value !== undefined && !lines.isAsking.value && !lines.problem.value;
  return (
    <>
      <p class="note" role="status">
        {lines.isAsking.value
          ? "Searching …"
          : lines.note.value || (hits.length > 0 ? countText(hits.length, "line") : "")}
      </p>
      {lines.asked.value === undefined ? (
        <p class="empty">Lines that any pane printed, also of panes that are gone: each leads to its moment.</p>
      ) : null}
      {isOver && hits.length === 0 && lines.next.value === undefined && !lines.note.value ? (
        <p class="empty">No line was found. Words are found whole: write the beginning of one as begin*.</p>
      ) : null}
      {hits.length > 0 ? (
        <ol class="hits" aria-label="Lines that were found, the newest first">
          {hits.slice(0, shown).map((hit) => (
            <Hit key={hit.line} board={board} hit={hit} />
          ))}
        </ol>
      ) : null}
      {lines.next.value !== undefined && !lines.isAsking.value ? (
        <p class="under">
          <button type="button" onClick={() => void lines.more()}>
            Older lines
          </button>
        </p>
      ) : null}
    </>
  );
}

function Hit({ board, hit }: { board: Board; hit: SearchHit }) {
  const at = Date.parse(hit.timestamp);
  const today = board.past.now();
  const where = { kind: "panes", panes: [hit.pane], moment: { at, offset: hit.offset } } as const;
  return (
    <li class={hit.severity}>
      <a href={textOf(where)} title="Shows the pane at this moment">
        <time class="tabular" dateTime={hit.timestamp}>
          {timeText(at, today)}
          <small> {ageText(now.value + board.door.ahead.value - at)} ago</small>
        </time>
        <span class="level" role="img" aria-label={hit.severity}>
          {LEVELS[hit.severity]}
        </span>
        <span class="place">
          {plain(hit.session)}
          {hit.window === undefined ? "" : `:${hit.window}`} {hit.pane}
        </span>
        <span class="text">
          {hit.snippet.map((piece, index) =>
            index % 2 === 1 ? <mark key={index}>{clean(piece)}</mark> : clean(piece),
          )}
          {hit.cut ? " …" : ""}
        </span>
        <Icon name="next" />
      </a>
    </li>
  );
}

/** Pieces keep the blanks at their ends. */
function clean(piece: string): string {
  const [before = "", behind = ""] = [/^\s*/.exec(piece)?.[0], /\s*$/.exec(piece)?.[0]];
  const text = plain(piece);
  return text ? `${before ? " " : ""}${text}${behind ? " " : ""}` : piece ? " " : "";
}

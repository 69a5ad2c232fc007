import { useEffect, useRef, useSignal } from "vendor";
import type { Board } from "./board.ts";
import { readTime, SPANS, type Span, spanOf, timeText } from "./moment.ts";
import { Failure, now, Remedy } from "./parts.tsx";
import { SPEEDS } from "./past-player.ts";
import { hasPast } from "./route.ts";
import { Icon } from "./shape.tsx";
import { ageText } from "./words.ts";

/** Goes to the past; in it, back to what is live. */
export function PastButton({ board, brief = false }: { board: Board; brief?: boolean }) {
  const isOn = board.past.isOn.value;
  return (
    <button
      type="button"
      class={brief ? "quiet" : "chip"}
      aria-pressed={isOn}
      title={isOn ? "Back to live (Esc)" : "As it was at another time (t)"}
      onClick={() => (isOn ? board.toLive() : board.toPast())}
    >
      <Icon name="clock" />
      <span class={brief ? "unseen" : undefined}>Past</span>
    </button>
  );
}

/** When the last of it was printed. */
export function Printed({ board, at }: { board: Board; at: number | undefined }) {
  return at === undefined ? null : <>last printed {timeText(at, board.past.now())}</>;
}

/** At which moment the panes are looked at, and how to get to another one. */
export function PastBar({ board }: { board: Board }) {
  const { past } = board;
  if (!past.isOn.value || !hasPast(board.place.value)) return null;
  const at = past.time.value;
  const ago = now.value + board.door.ahead.value - at;
  return (
    <section class="past-bar" aria-label="The past">
      <p class="past-sign">
        <strong>Past</strong>
        <span>
          <span class="as-it-was">as it was at </span>
          <time class="tabular" dateTime={new Date(at).toISOString()}>
            {timeText(at, past.now())}
          </time>
        </span>
        <small class="tabular">{ago < 1000 ? "now" : `${ageText(ago)} ago`}</small>
      </p>
      <button type="button" class="main" title="Back to live (Esc)" onClick={() => board.toLive()}>
        Back to live <kbd>Esc</kbd>
      </button>
      <Slider board={board} />
      <div class="past-tools">
        <Playing board={board} />
        <TimeField board={board} />
        <label class="narrow-choice">
          <span class="unseen">Length of the slider</span>
          <select value={past.span.value} onChange={({ currentTarget }) => past.setSpan(currentTarget.value as Span)}>
            {Object.entries(SPANS).map(([span, name]) => (
              <option key={span} value={span}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </div>
      <Words board={board} />
    </section>
  );
}

/** The slider steps over so many parts of its length, and no less than a second. */
const STEPS = 720;

function Slider({ board }: { board: Board }) {
  const { past } = board;
  const at = past.time.value;
  const [from, until] = [past.from, past.until.value];
  const today = past.now();
  return (
    <div class="past-slider">
      <span class="tabular" aria-hidden="true">
        {timeText(from, today)}
      </span>
      <input
        type="range"
        aria-label="Moment"
        aria-valuetext={timeText(at, today)}
        min={from}
        max={until}
        step={Math.max(1000, Math.round((spanOf(past.span.value) ?? 0) / STEPS / 1000) * 1000)}
        value={at}
        disabled={past.problem.value !== ""}
        onInput={({ currentTarget }) => past.seek(Number(currentTarget.value))}
        onKeyDown={(event) => {
          if (event.key !== " " && event.key !== "Escape") return;
          event.preventDefault();
          if (event.key === " ") past.toggle();
          else board.toLive();
        }}
      />
      <span class="tabular" aria-hidden="true">
        {today - until < 2000 ? "now" : timeText(until, today)}
      </span>
    </div>
  );
}

function Playing({ board }: { board: Board }) {
  const { past } = board;
  const { speed, skipIdle } = past.pace.value;
  const plays = past.state.value === "plays";
  const off = past.problem.value !== "";
  return (
    <div class="past-play">
      <button type="button" disabled={off} title="10 seconds back (,)" onClick={() => past.step(-10_000)}>
        −10 s
      </button>
      <button
        type="button"
        class="play"
        disabled={off}
        title={`${plays ? "Pause" : "Play"} (Space)`}
        onClick={() => past.toggle()}
      >
        <Icon name={plays ? "pause" : "play"} />
        {plays ? "Pause" : "Play"}
      </button>
      <button type="button" disabled={off} title="10 seconds on (.)" onClick={() => past.step(10_000)}>
        +10 s
      </button>
      <select
        aria-label="Speed"
        value={String(speed)}
        onChange={({ currentTarget }) => past.setPace({ speed: Number(currentTarget.value) })}
      >
        {SPEEDS.map((one) => (
          <option key={one} value={String(one)}>
            {one}×
          </option>
        ))}
      </select>
      {board.opened.length === 1 ? (
        <label class="past-idle">
          <input
            type="checkbox"
            checked={skipIdle}
            onChange={({ currentTarget }) => past.setPace({ skipIdle: currentTarget.checked })}
          />
          <span>skip idle</span>
        </label>
      ) : null}
    </div>
  );
}

/** The moment as somebody types it. */
function TimeField({ board }: { board: Board }) {
  const { past } = board;
  const field = useRef<HTMLInputElement>(null);
  const wrong = useSignal(false);
  /** Somebody has written in it: that stays. */
  const isWritten = useRef(false);
  const shown = timeText(past.time.value, past.now());
  useEffect(() => {
    if (field.current && !isWritten.current) field.current.value = shown;
  }, [shown]);
  const go = () => {
    const at = readTime(field.current?.value ?? "", past.now());
    wrong.value = at === undefined;
    if (at === undefined) return;
    isWritten.current = false;
    past.seek(at);
    if (field.current) field.current.value = timeText(past.time.peek(), past.now());
  };
  return (
    <form
      class="past-time"
      onSubmit={(event) => {
        event.preventDefault();
        go();
      }}
    >
      <input
        ref={field}
        type="text"
        aria-label="Time"
        aria-invalid={wrong.value}
        aria-describedby={wrong.value ? "time-wrong" : undefined}
        title="Such as 03:12, 2026-11-30 03:12 or 8h"
        placeholder="03:12, or 8h"
        defaultValue={shown}
        disabled={past.problem.value !== ""}
        spellcheck={false}
        autocapitalize="none"
        autocomplete="off"
        onFocus={({ currentTarget }) => currentTarget.select()}
        onInput={() => {
          wrong.value = false;
          isWritten.current = true;
        }}
      />
      <button type="submit" disabled={past.problem.value !== ""}>
        Go
      </button>
      {wrong.value ? (
        <p class="receipt failed" id="time-wrong" role="alert">
          This is no time. Write 03:12, 2026-11-30 03:12 or 8h, which is 8 hours before now.
        </p>
      ) : null}
    </form>
  );
}

function Words({ board }: { board: Board }) {
  const { past } = board;
  const begins = past.begins.value;
  return (
    <>
      <Failure text={past.problem.value} />
      <p class="past-words" role="status">
        <Remedy text={past.note.value} />
        {past.isBefore.value && begins !== undefined ? ` The history begins at ${timeText(begins, past.now())}.` : ""}
      </p>
      {past.refused.value ? (
        <p class="past-refused" role="alert">
          Nothing is typed into the past. Esc goes back to live.
        </p>
      ) : null}
    </>
  );
}

import { useEffect, useRef, useSignal } from "vendor";
import type { Board } from "./board.ts";
import { FORMS, type Form } from "./cast.ts";
import { readTime, timeText } from "./moment.ts";
import { Failure } from "./parts.tsx";
import { SheetBox } from "./sheet.tsx";
import { bytesText } from "./words.ts";

/** Makes a file of what a pane printed. */
export function DownloadSheet({ board }: { board: Board }) {
  const pane = board.downloads.value;
  return (
    <SheetBox board={board} name="download" title="Download what a pane printed">
      {pane === undefined ? null : <Choices key={pane} board={board} pane={pane} />}
    </SheetBox>
  );
}

function Choices({ board, pane }: { board: Board; pane: string }) {
  const { past, download } = board;
  const now = past.now();
  const moment = past.isOn.peek() ? past.time.peek() : undefined;
  const from = useSignal(moment === undefined ? "1h" : timeText(past.from, now));
  const to = useSignal(moment === undefined ? "" : timeText(Math.ceil(moment / 1000) * 1000, now));
  const form = useSignal<Form>("cast-v2");
  const wrong = useSignal("");
  // Nobody would see what becomes of it.
  useEffect(() => () => download.cancel(), [download]);
  const place = board.live.item(pane)?.place ?? past.gone.peek().find((gone) => gone.pane === pane)?.place ?? pane;
  const begin = () => {
    const today = past.now();
    const [first, last] = [readTime(from.value, today), to.value.trim() === "" ? today : readTime(to.value, today)];
    if (first === undefined || last === undefined) {
      wrong.value = "This is no time. Write 03:12, 2026-11-30 03:12 or 8h, which is 8 hours before now.";
    } else if (first >= last) wrong.value = "It would end before it begins.";
    else {
      wrong.value = "";
      void download.begin({ pane, place, from: first, to: Math.min(last, today), form: form.value });
    }
  };
  const problem = wrong.value || download.problem.value;
  const percent = Math.floor(100 * download.progress.value);
  return (
    <form
      class="download-form"
      onSubmit={(event) => {
        event.preventDefault();
        begin();
      }}
    >
      <p>
        What <strong>{place}</strong> printed, as you were to see it then.
      </p>
      <div class="download-time">
        <TimeField label="From" of={from} hint="8h, or 03:12" />
        <TimeField label="To" of={to} hint="now" />
      </div>
      <label>
        <span>As</span>
        <select
          value={form.value}
          onChange={({ currentTarget }) => {
            form.value = currentTarget.value as Form;
          }}
        >
          {Object.entries(FORMS).map(([name, about]) => (
            <option key={name} value={name}>
              {about}
            </option>
          ))}
        </select>
      </label>
      <Failure text={problem} />
      {download.isUnderWay.value ? (
        <progress aria-label="How far it is" max={100} value={percent}>
          {percent} %
        </progress>
      ) : null}
      <p class="made" role="status">
        {download.made.value ? <Saved {...download.made.value} /> : null}
      </p>
      <div class="actions">
        {download.isUnderWay.value ? (
          <button key="cancel" type="button" onClick={() => download.cancel()}>
            Cancel
          </button>
        ) : (
          <button key="begin" type="submit" class="main">
            Download
          </button>
        )}
      </div>
    </form>
  );
}

/** The file. It is saved at once, unless the browser asks first, or wants a click for each file of a page. */
function Saved({ name, size, url }: { name: string; size: number; url: string }) {
  const link = useRef<HTMLAnchorElement>(null);
  useEffect(() => {
    if (url) link.current?.click();
  }, [url]);
  return (
    <>
      <a ref={link} href={url} download={name}>
        {name}
      </a>{" "}
      <small>{bytesText(size)}</small>
    </>
  );
}

function TimeField({ label, of, hint }: { label: string; of: { value: string }; hint: string }) {
  return (
    <label>
      <span>{label}</span>
      <input
        type="text"
        value={of.value}
        placeholder={hint}
        spellcheck={false}
        autocapitalize="none"
        autocomplete="off"
        onInput={({ currentTarget }) => {
          of.value = currentTarget.value;
        }}
      />
    </label>
  );
}

import type { Client, Target } from "muxwire";
import { useEffect, useRef, useSignal } from "vendor";
import {
  createFocus,
  type Focus,
  type FocusOptions,
  type Paste,
  type Problem,
  type Source,
} from "../terminal/index.ts";
import { PHONE } from "./route.ts";
import type { FontSize, Settings } from "./settings.ts";
import { countText } from "./words.ts";

interface Props {
  client: Client;
  target: Target;
  settings: Settings;
  nonce: string;
  canWrite: boolean;
  /** What is shown in the place of the pane as it is. */
  source?: () => Source;
  isHidden?: boolean;
  /** Takes keys to begin with. */
  takesKeys?: boolean;
  onKey?: (event: KeyboardEvent) => boolean;
  onTyped?: () => void;
  onProblem?: (text: string, kind: Problem["kind"]) => void;
  /** The terminal is there; or is not any more. */
  onFocus?: (focus: Focus | undefined) => void;
}

/** One terminal, as large as what it is in. */
export function Screen(props: Props) {
  const { client, settings, nonce, canWrite } = props;
  const box = useRef<HTMLDivElement>(null);
  const made = useRef<Focus | undefined>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const paste = useSignal<{ paste: Paste; answer(sends: boolean): void } | undefined>(undefined);
  const theme = settings.terminal.value;
  const key = JSON.stringify(props.target);
  useEffect(() => made.current?.setTheme(theme), [theme]);
  const font = settings.font.value;
  const family = settings.families.value;
  useEffect(() => made.current?.setFont({ ...fontOf(font), family }), [font, family]);
  useEffect(() => made.current?.setCanWrite(canWrite), [canWrite]);
  useEffect(() => made.current?.setScreenReader(settings.reader.value === "on"), [settings, settings.reader.value]);
  useEffect(() => made.current?.setMouse(settings.mouse.value === "on"), [settings, settings.mouse.value]);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    let isOver = false;
    const options: FocusOptions = {
      element,
      client,
      target: latest.current.target,
      ...(latest.current.source ? { source: latest.current.source } : {}),
      theme: settings.terminal.value,
      nonce,
      canWrite: latest.current.canWrite,
      fit: fontOf(settings.font.peek()).fit,
      fontSize: fontOf(settings.font.peek()).size,
      fontFamily: settings.families.peek(),
      copyOnSelect: true,
      screenReader: settings.reader.peek() === "on",
      mouse: settings.mouse.peek() === "on",
      onKey: (event) => latest.current.onKey?.(event) ?? false,
      onTyped: () => latest.current.onTyped?.(),
      onProblem: ({ message, kind }) => latest.current.onProblem?.(message, kind),
      confirmPaste: (pasted) =>
        new Promise((answer) => {
          paste.value = {
            paste: pasted,
            answer: (sends) => {
              paste.value = undefined;
              answer(sends);
              made.current?.focus();
            },
          };
        }),
    };
    createFocus(options).then(
      (focus) => {
        if (isOver) return focus.dispose();
        made.current = focus;
        focus.setTheme(settings.terminal.value);
        focus.setCanWrite(latest.current.canWrite);
        latest.current.onFocus?.(focus);
        // Before that nothing could be typed.
        return focus.painted.then(() => {
          if (!isOver && latest.current.takesKeys && latest.current.canWrite) focus.focus();
        });
      },
      (error: unknown) =>
        latest.current.onProblem?.(`The terminal could not be loaded: ${String(error)}. Load the page anew.`, "pane"),
    );
    return () => {
      isOver = true;
      paste.value?.answer(false);
      latest.current.onFocus?.(undefined);
      made.current?.dispose();
      made.current = undefined;
    };
  }, [client, key, nonce, settings, paste]);
  return (
    <div class="screen-box" hidden={props.isHidden === true}>
      <div class="terminal" ref={box} />
      {paste.value ? <PasteQuestion paste={paste.value.paste} answer={paste.value.answer} /> : null}
    </div>
  );
}

/** As large as the whole pane fits, or in this size. On a phone nobody could read what fits: it is scrolled. */
function fontOf(size: FontSize): { fit: "box" | "font"; size: number } {
  if (size !== "fit") return { fit: "font", size: Number(size) };
  return matchMedia(PHONE).matches ? { fit: "font", size: 12 } : { fit: "box", size: 13 };
}

function PasteQuestion({ paste, answer }: { paste: Paste; answer(sends: boolean): void }) {
  const first = useRef<HTMLButtonElement>(null);
  useEffect(() => first.current?.focus(), []);
  return (
    <div
      class="paste-question"
      role="alertdialog"
      aria-label="Paste"
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        event.stopPropagation();
        answer(false);
      }}
    >
      <p>
        Paste {countText(paste.lines, "line")}, {countText(paste.text.length, "character")}?
      </p>
      <pre>{paste.text.slice(0, 2000)}</pre>
      <div class="actions">
        <button type="button" onClick={() => answer(false)}>
          Cancel
        </button>
        <button type="button" class="main" ref={first} onClick={() => answer(true)}>
          Paste
        </button>
      </div>
    </div>
  );
}

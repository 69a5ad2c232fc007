import type { Need } from "./items.ts";
import { NEED_WORDS } from "./words.ts";

/** What is drawn for each state: without colour, they still differ. */
const SHAPES: Record<Need, string> = {
  waiting: "M8 1.2 14.8 8 8 14.8 1.2 8Z M8 4.4v4.2 M8 10.9v.7",
  error: "M8 1.6 15 14H1Z M8 6v3.8 M8 11.6v.6",
  finished: "M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13Z M4.8 8.2 7 10.4l4.2-4.6",
  busy: "M8 2a6 6 0 1 1-6 6 M8 5.6a2.4 2.4 0 1 1 0 4.8 2.4 2.4 0 0 1 0-4.8Z",
  idle: "M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11Z",
  none: "M3.5 4.5 7 8l-3.5 3.5 M8.5 12H13",
};

export function Shape({ need, label = true }: { need: Need; label?: boolean }) {
  const path = <path d={SHAPES[need]} />;
  return label ? (
    <svg class={`shape ${need}`} viewBox="0 0 16 16" role="img" aria-label={NEED_WORDS[need]}>
      {path}
    </svg>
  ) : (
    <svg class={`shape ${need}`} viewBox="0 0 16 16" aria-hidden="true">
      {path}
    </svg>
  );
}

const ICONS = {
  search: "M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9Z M10.4 10.4 14 14",
  close: "M3.5 3.5l9 9 M12.5 3.5l-9 9",
  back: "M9.5 3 4.5 8l5 5",
  plus: "M8 3v10 M3 8h10",
  more: "M3 8h.01 M8 8h.01 M13 8h.01",
  panes: "M1.5 2.5h5.5v4.5H1.5Z M9 2.5h5.5v4.5H9Z M1.5 9h5.5v4.5H1.5Z M9 9h5.5v4.5H9Z",
  overview: "M2 3h4 M2 8h4 M2 13h4 M8.5 3H14 M8.5 8H14 M8.5 13H14",
  activity: "M1.5 8h3L7 3l3 10 2-5h2.5",
  attention: "M8 1.8 14.2 8 8 14.2 1.8 8Z",
  compose: "M2 13.5h12 M3 10.5l.6-2.6L10.8 1.5l2 2L5.6 10Z",
  next: "M3 8h9 M8.5 4 12.5 8l-4 4",
  theme: "M8 2a6 6 0 1 1 0 12Z M8 2a6 6 0 0 0 0 12",
  full: "M2 6V2h4 M10 2h4v4 M14 10v4h-4 M6 14H2v-4",
  help: "M5.5 6a2.5 2.5 0 1 1 3.4 2.3c-.6.3-.9.7-.9 1.4v.3 M8 12.8v.2",
  check: "M2.5 8.5 6 12l7.5-8",
  size: "M2 8h12 M5 5 2 8l3 3 M11 5l3 3-3 3",
  keyboard: "M1.5 4h13v8h-13Z M4 6.8h.01 M6.7 6.8h.01 M9.3 6.8h.01 M12 6.8h.01 M5 9.6h6",
  split: "M1.5 2.5h13v11h-13Z M8 2.5v11",
  clock: "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8Z M8 4.5V8l2.6 1.6",
  history: "M2.2 8a5.8 5.8 0 1 0 1.9-4.3L2.2 5.4 M2.2 2.2v3.2h3.2 M8 5v3.2l2.2 1.4",
  digest: "M3 2h10v12H3Z M5.5 5.5h5 M5.5 8h5 M5.5 10.5h3",
  save: "M8 2v8 M4.8 7 8 10.2 11.2 7 M2.5 13.5h11",
  pause: "M5.5 3v10 M10.5 3v10",
  play: "M4.5 2.8 13 8l-8.5 5.2Z",
} as const;

export type IconName = keyof typeof ICONS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={ICONS[name]} />
    </svg>
  );
}

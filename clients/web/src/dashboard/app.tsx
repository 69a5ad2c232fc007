import { type Signal, useEffect, useMemo, useRef } from "vendor";
import type { Door } from "./access.ts";
import { Activity } from "./activity.tsx";
import { Attention } from "./attention.tsx";
import { Board } from "./board.ts";
import { Brand, ComingIn } from "./coming-in.tsx";
import { Composer } from "./composer.tsx";
import { ConnectionSheet, ConnectionSign } from "./connection.tsx";
import { Digest } from "./digest.tsx";
import { DownloadSheet } from "./download-sheet.tsx";
import { Embedded, type EmbeddedTarget } from "./embedded.tsx";
import { Help } from "./help.tsx";
import { History } from "./history.tsx";
import { drawIcon } from "./icon.ts";
import { pageTitle } from "./items.ts";
import { listen } from "./keys.ts";
import { Live } from "./live.ts";
import { NotificationsSheet } from "./notifications.tsx";
import { Notifier } from "./notifier.ts";
import { Overview } from "./overview.tsx";
import { Palette } from "./palette.tsx";
import { PastBar } from "./past-bar.tsx";
import { VIEWS } from "./route.ts";
import {
  FONTS,
  type FontSize,
  familyOf,
  PALETTES,
  type PaletteName,
  type Settings,
  type Switch,
  THEMES,
} from "./settings.ts";
import { Icon } from "./shape.tsx";
import { TabBar } from "./tab-bar.tsx";
import { Tiles } from "./tiles.tsx";
import { Work } from "./work.tsx";

interface AppProps {
  door: Door;
  settings: Settings;
  nonce: string;
  embedded: EmbeddedTarget | undefined;
}

export function App({ door, settings, nonce, embedded }: AppProps) {
  const access = door.access.value;
  if (access.kind === "asking") return <main class="asking" aria-busy="true" />;
  if (access.kind === "out") return <ComingIn door={door} problem={access.problem} />;
  if (embedded)
    return <Embedded key={door.entries.value} target={embedded} door={door} settings={settings} nonce={nonce} />;
  return <Dashboard key={door.entries.value} door={door} settings={settings} nonce={nonce} />;
}

function Dashboard({ door, settings, nonce }: Omit<AppProps, "embedded">) {
  const board = useMemo(() => new Board(new Live(() => void door.ended()), door, settings), [door, settings]);
  const notifier = useMemo(() => new Notifier(board), [board]);
  useEffect(() => () => notifier.close(), [notifier]);
  useEffect(() => () => board.close(), [board]);
  useEffect(() => listen(board), [board]);
  useEffect(() => board.watchLooks(), [board]);
  useEffect(() => followViewport(), []);
  const { calls } = board.counts.value;
  useEffect(() => {
    document.title = pageTitle(calls, board.live.host.value);
    drawIcon(calls);
  }, [calls, board.live.host.value]);
  const place = board.place.value;
  const name = place.kind === "panes" ? "work" : place.view;
  return (
    <div class={`dashboard shows-${name} ${board.past.isOn.value ? "in-past" : ""}`}>
      <Top board={board} />
      <div class="below">
        <aside class="side">
          <Attention board={board} />
        </aside>
        <main>
          <PastBar board={board} />
          {place.kind === "panes" ? <TabBar board={board} /> : null}
          <Work board={board} nonce={nonce} />
          {place.kind === "view" && (place.view === "panes" || place.view === "attention") ? (
            <Tiles board={board} />
          ) : null}
          {place.kind === "view" && place.view === "overview" ? <Overview board={board} /> : null}
          {place.kind === "view" && place.view === "activity" ? <Activity board={board} /> : null}
          {place.kind === "view" && place.view === "history" ? <History board={board} /> : null}
          {place.kind === "view" && place.view === "digest" ? <Digest board={board} /> : null}
        </main>
      </div>
      <Tabs board={board} />
      <Palette board={board} />
      <Composer board={board} />
      <ConnectionSheet board={board} />
      <NotificationsSheet board={board} notifier={notifier} />
      <DownloadSheet board={board} />
      <Help board={board} />
      <p class="unseen" role="status">
        {board.said}
      </p>
    </div>
  );
}

function Top({ board }: { board: Board }) {
  const { live, sheet, who } = board;
  const place = board.place.value;
  const show = (name: "palette" | "search" | "help" | "composer") => {
    sheet.value = name;
  };
  return (
    <header class="top">
      <h1>
        <a href="#panes" aria-label={`muxwire on ${live.host.value}`}>
          <Brand />
          <span class="name">{live.host.value || "muxwire"}</span>
        </a>
      </h1>
      <nav aria-label="Views">
        {VIEWS.map((view) => (
          <a
            key={view}
            href={`#${view}`}
            aria-current={
              place.kind === "view" && (place.view === view || (view === "panes" && place.view === "attention"))
                ? "page"
                : undefined
            }
          >
            {VIEW_NAMES[view]}
          </a>
        ))}
      </nav>
      <button type="button" class="search" aria-label={SEARCH} onClick={() => show("search")}>
        <Icon name="search" />
        <span>{SEARCH}</span>
        <span class="key">/</span>
      </button>
      <KeysSign board={board} />
      <ConnectionSign board={board} />
      {board.canWrite ? (
        <button type="button" class="quiet" title="Prompt agents (c)" onClick={() => show("composer")}>
          <Icon name="compose" />
          <span class="unseen">Prompt agents</span>
        </button>
      ) : (
        <span class="badge" title="Your token has no permission to type">
          read only
        </span>
      )}
      {who.value?.redacted ? (
        <span class="badge" title="Secrets are masked in all that you are shown">
          masked
        </span>
      ) : null}
      <Menu board={board} />
    </header>
  );
}

const SEARCH = "Search names and what panes show";
export const VIEW_NAMES = {
  panes: "Panes",
  overview: "Overview",
  activity: "Activity",
  history: "History",
  digest: "Digest",
} as const;

/** Who gets the keys. */
function KeysSign({ board }: { board: Board }) {
  const pane = board.typingInto.value;
  const place = pane === undefined ? undefined : board.live.item(pane)?.place;
  return (
    <p class={`keys-sign ${place ? "typing" : ""}`} title="Who gets the keys">
      <Icon name="keyboard" />
      <span class="unseen">Keys go to </span>
      <span>{place ?? "dashboard"}</span>
    </p>
  );
}

function Menu({ board }: { board: Board }) {
  const { settings, door, who } = board;
  const menu = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const close = (event: Event) => {
      const box = menu.current;
      if (!box?.open || (event instanceof KeyboardEvent && event.key !== "Escape")) return;
      if (event instanceof KeyboardEvent) {
        event.preventDefault();
        box.querySelector("summary")?.focus();
      } else if (event.target instanceof Node && box.contains(event.target)) return;
      box.open = false;
    };
    addEventListener("pointerdown", close);
    addEventListener("keydown", close, true);
    return () => {
      removeEventListener("pointerdown", close);
      removeEventListener("keydown", close, true);
    };
  }, []);
  return (
    <details class="menu" ref={menu}>
      <summary aria-label="Menu" class="quiet">
        <Icon name="more" />
      </summary>
      <div class="menu-box">
        {who.value?.authentication ? (
          <p class="who">
            <strong>{who.value.name || "unnamed token"}</strong>
            <small>{who.value.canWrite ? "may type" : "may look"}</small>
          </p>
        ) : (
          <p class="who">
            <strong>No authentication</strong>
            <small>whoever reaches this address is let in</small>
          </p>
        )}
        <fieldset class="choices">
          <legend>Theme</legend>
          {THEMES.map((name) => (
            <label key={name}>
              <input
                type="radio"
                name="theme"
                value={name}
                checked={settings.theme.value === name}
                onChange={() => {
                  settings.theme.value = name;
                }}
              />
              <span>{name}</span>
            </label>
          ))}
        </fieldset>
        <label class="choice">
          <span>Terminal colours</span>
          <select
            value={settings.palette.value}
            onChange={({ currentTarget }) => {
              settings.palette.value = currentTarget.value as PaletteName;
            }}
          >
            {PALETTES.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <label class="choice">
          <span>Terminal font</span>
          <select
            value={settings.font.value}
            onChange={({ currentTarget }) => {
              settings.font.value = currentTarget.value as FontSize;
            }}
          >
            {FONTS.map((size) => (
              <option key={size} value={size}>
                {size === "fit" ? "as it fits" : `${size} px`}
              </option>
            ))}
          </select>
        </label>
        <label class="choice">
          <span>Font family</span>
          <input
            type="text"
            value={settings.family.value}
            placeholder="of the system"
            spellcheck={false}
            autocapitalize="none"
            autocomplete="off"
            onChange={({ currentTarget }) => {
              settings.family.value = familyOf(currentTarget.value);
              currentTarget.value = settings.family.value;
            }}
          />
        </label>
        <SwitchBox name="Terminals for screen readers" of={settings.reader} />
        <SwitchBox name="Mouse to programs" of={settings.mouse} />
        <button
          type="button"
          onClick={() => {
            if (menu.current) menu.current.open = false;
            board.sheet.value = "notifications";
          }}
        >
          Notifications
        </button>
        <button
          type="button"
          onClick={() => {
            if (menu.current) menu.current.open = false;
            board.sheet.value = "help";
          }}
        >
          Keys and help <kbd>?</kbd>
        </button>
        <a href="protocol">Try the protocol</a>
        {who.value?.authentication ? (
          <button type="button" onClick={() => void door.leave()}>
            Log out
          </button>
        ) : null}
      </div>
    </details>
  );
}

function SwitchBox({ name, of }: { name: string; of: Signal<Switch> }) {
  return (
    <label class="choice">
      <span>{name}</span>
      <input
        type="checkbox"
        checked={of.value === "on"}
        onChange={({ currentTarget }) => {
          of.value = currentTarget.checked ? "on" : "off";
        }}
      />
    </label>
  );
}

/** On phones, below all else. */
function Tabs({ board }: { board: Board }) {
  const place = board.place.value;
  const { calls } = board.counts.value;
  const tabs = [
    ["attention", "Attention", "attention"],
    ["panes", "Panes", "panes"],
    ["overview", "Overview", "overview"],
    ["activity", "Activity", "activity"],
    ["history", "History", "history"],
    ["digest", "Digest", "digest"],
  ] as const;
  return (
    <nav class="tabs" aria-label="Views on phones">
      {tabs.map(([view, name, icon]) => (
        <a
          key={view}
          href={`#${view}`}
          aria-current={place.kind === "view" && place.view === view ? "page" : undefined}
        >
          <Icon name={icon} />
          <span>{name}</span>
          {view === "attention" && calls > 0 ? <b class="tabular">{calls}</b> : null}
        </a>
      ))}
    </nav>
  );
}

/** A phone's keyboard covers the page unless the page is as high as what is left. */
function followViewport(): () => void {
  const view = window.visualViewport;
  if (!view) return () => undefined;
  const fit = () => {
    document.documentElement.style.setProperty("--height", `${view.height}px`);
    // What was scrolled to show a field is not scrolled back by itself.
    if (view.offsetTop > 0) scrollTo(0, 0);
  };
  fit();
  view.addEventListener("resize", fit);
  return () => view.removeEventListener("resize", fit);
}

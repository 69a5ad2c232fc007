import { useEffect, useSignal } from "vendor";
import type { Board } from "./board.ts";
import { errorText } from "./live.ts";
import { KINDS, LONGEST, type NoticeKind, type Quiet } from "./notices.ts";
import type { Ability, Notifier } from "./notifier.ts";
import { Remedy } from "./parts.tsx";
import type { Device, Push } from "./push.ts";
import { SheetBox } from "./sheet.tsx";

const KIND_NAMES: Record<NoticeKind, string> = {
  waiting: "An agent waits for an answer",
  failed: "An agent failed",
  finished: "An agent finished, and nobody has looked",
  alerts: "An alert was raised",
};

/** Why there are none, and what can be done. */
const HINDRANCES: Record<Exclude<Ability, "granted" | "default">, { what: string; remedy: string }> = {
  denied: {
    what: "This browser is told not to show notifications of this address.",
    remedy: "Allow them in the settings of the site, beside the address, then load the page anew.",
  },
  insecure: {
    what: "Browsers show notifications of secure addresses alone.",
    remedy:
      "Use `https`, or an address of this machine such as `http://localhost:8765`: see `server.tls` and docs/security.md.",
  },
  unsupported: {
    what: "This browser has no notifications for pages.",
    remedy:
      "On an iPhone or iPad, add the page to the Home Screen and open it from there. Elsewhere, use another browser.",
  },
};

/** What somebody is likely to want to begin with. */
const NIGHT: Quiet = { from: "22:00", to: "07:00" };

interface PanelProps {
  board: Board;
  notifier: Notifier;
}

export function NotificationsSheet({ board, notifier }: PanelProps) {
  return (
    <SheetBox board={board} name="notifications" title="Notifications">
      <Panel notifier={notifier} />
    </SheetBox>
  );
}

function Panel({ notifier }: { notifier: Notifier }) {
  const failed = useSignal("");
  const sent = useSignal(false);
  const { push } = notifier;
  useEffect(() => void push.refresh(), [push]);
  const ability = notifier.ability.value;
  const hindrance = ability === "granted" || ability === "default" ? undefined : HINDRANCES[ability];
  const isOn = notifier.isOn;
  const run = (action: () => Promise<unknown>) => {
    sent.value = false;
    action().then(
      () => {
        failed.value = "";
      },
      (error: unknown) => {
        failed.value = errorText(error);
      },
    );
  };
  const test = async () => {
    const why = await notifier.test();
    if (why !== undefined) throw new Error(why);
    sent.value = push.state.peek().kind === "on";
  };
  const problem = failed.value || notifier.problem.value;
  return (
    <>
      <p class="hint">
        This device tells you while you don't look at the dashboard. Where browser and server can push, it does so with
        the page closed too.
      </p>
      {hindrance ? (
        <div class="problem" role="alert">
          <strong>{hindrance.what}</strong>
          <p>
            <Remedy text={hindrance.remedy} />
          </p>
        </div>
      ) : (
        <div class="notice-row">
          {isOn ? (
            <button type="button" onClick={() => run(() => notifier.turnOff())}>
              Turn off
            </button>
          ) : (
            <button type="button" onClick={() => run(() => notifier.turnOn())}>
              Turn on
            </button>
          )}
          <button type="button" disabled={!isOn} onClick={() => run(test)}>
            Send a test
          </button>
          <span role="status">{statusText(isOn, sent.value)}</span>
        </div>
      )}
      {isOn ? <Closed push={push} /> : null}
      {problem ? (
        <p class="receipt failed" role="alert">
          It could not be shown: {problem}
        </p>
      ) : null}
      <Wishes notifier={notifier} />
      <Devices push={push} run={run} />
      <Log notifier={notifier} />
    </>
  );
}

function statusText(isOn: boolean, isSent: boolean): string {
  if (!isOn) return "Off";
  return isSent ? "Sent: it shows in a moment" : "On for this device";
}

/** Whether it works with the page closed. */
function Closed({ push }: { push: Push }) {
  const state = push.state.value;
  const own = push.devices.value.find(({ id }) => state.kind === "on" && id === state.id);
  const failed = own?.sent[0]?.error;
  return (
    <p class="hint notice-closed">
      {state.kind === "on" ? (
        <>
          With the page closed, <b>{state.service}</b> brings them here. It can't read them.
          {failed ? <span class="receipt failed"> The last one was not sent: {failed}</span> : null}
        </>
      ) : (
        <>
          Only while this page is open.{" "}
          {state.kind === "unavailable" ? (
            <Remedy text={state.why} />
          ) : (
            "The browser is asking its push service for more."
          )}
        </>
      )}
    </p>
  );
}

/** The other devices that are told with the page closed. */
function Devices({ push, run }: { push: Push; run: (action: () => Promise<unknown>) => void }) {
  const state = push.state.value;
  const others = push.devices.value.filter(({ id }) => state.kind !== "on" || id !== state.id);
  if (others.length === 0) return null;
  return (
    <section class="notice-devices">
      <h3>Other devices that are told with the page closed</h3>
      <ul>
        {others.map((one) => (
          <li key={one.id}>
            <span>
              <strong>{one.device || one.id}</strong> <small>{aboutDevice(one)}</small>
            </span>
            <button
              type="button"
              class="small"
              aria-label={`Remove ${one.device || one.id}`}
              onClick={() => run(() => push.remove(one.id))}
            >
              Remove
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function aboutDevice({ name, service, created }: Device): string {
  const since = Number.isNaN(created) ? "" : `, since ${new Date(created).toLocaleDateString()}`;
  return `${name}, by ${service}${since}`;
}

function Wishes({ notifier }: { notifier: Notifier }) {
  const { kinds, dwell, quiet, content } = notifier.settings.value;
  return (
    <>
      <fieldset class="notice-kinds">
        <legend>Tell me when</legend>
        {KINDS.map((kind) => (
          <label key={kind}>
            <input
              type="checkbox"
              checked={kinds.includes(kind)}
              onChange={({ currentTarget: { checked } }) => {
                notifier.change({ kinds: KINDS.filter((one) => (one === kind ? checked : kinds.includes(one))) });
              }}
            />
            <span>{KIND_NAMES[kind]}</span>
          </label>
        ))}
      </fieldset>
      <label class="choice">
        <span>When it has lasted for (seconds)</span>
        <input
          type="number"
          min={0}
          max={LONGEST}
          value={dwell}
          onChange={({ currentTarget }) => {
            const seconds = currentTarget.valueAsNumber;
            const isGood = seconds >= 0 && seconds <= LONGEST;
            if (isGood) notifier.change({ dwell: Math.round(seconds) });
            else currentTarget.value = String(dwell);
          }}
        />
      </label>
      <fieldset class="notice-kinds">
        <legend>Quiet hours</legend>
        <label>
          <input
            type="checkbox"
            checked={quiet !== undefined}
            onChange={({ currentTarget: { checked } }) => notifier.change({ quiet: checked ? NIGHT : undefined })}
          />
          <span>Tell me nothing at some hours, and afterwards what still stands</span>
        </label>
        {quiet ? (
          <div class="notice-row">
            <Time name="From" value={quiet.from} onTime={(from) => notifier.change({ quiet: { ...quiet, from } })} />
            <Time name="until" value={quiet.to} onTime={(to) => notifier.change({ quiet: { ...quiet, to } })} />
          </div>
        ) : null}
      </fieldset>
      <fieldset class="notice-kinds">
        <legend>Privacy</legend>
        <label>
          <input
            type="checkbox"
            checked={content}
            onChange={({ currentTarget: { checked } }) => notifier.change({ content: checked })}
          />
          <span>Show what the agent says, such as the command that it asks for, also on a locked screen</span>
        </label>
      </fieldset>
    </>
  );
}

function Time({ name, value, onTime }: { name: string; value: string; onTime: (time: string) => void }) {
  return (
    <label>
      <span>{name} </span>
      <input
        type="time"
        value={value}
        onChange={({ currentTarget }) => {
          if (currentTarget.value) onTime(currentTarget.value.slice(0, 5));
          else currentTarget.value = value;
        }}
      />
    </label>
  );
}

function Log({ notifier }: { notifier: Notifier }) {
  const lines = notifier.log.value;
  return (
    <section class="notice-log">
      <h3>What this device was told</h3>
      {lines.length === 0 ? <p class="hint">Nothing yet.</p> : null}
      <ol>
        {lines.map(({ at, title, body, problem, pushed }, index) => (
          <li key={`${at} ${index}`}>
            <time class="tabular" dateTime={new Date(at).toISOString()}>
              {new Date(at).toLocaleString()}
            </time>{" "}
            <strong>{title}</strong> {body}
            {pushed ? <small> pushed</small> : null}
            {problem ? <span class="receipt failed"> could not be shown: {problem}</span> : null}
          </li>
        ))}
      </ol>
      {lines.length > 0 ? (
        <button type="button" onClick={() => notifier.clearLog()}>
          Clear
        </button>
      ) : null}
    </section>
  );
}

import { Client } from "muxwire";
import { useEffect, useMemo, useSignal } from "vendor";
import type { Door } from "./access.ts";
import { monitorUrl } from "./place.ts";
import { Screen } from "./screen.tsx";
import type { Settings } from "./settings.ts";

/** What `/t/SESSION` shows. */
export interface EmbeddedTarget {
  readonly session: string;
  readonly pane: string | undefined;
}

/** What the address of the page names, if it is that of one terminal. */
export function embeddedOf({ pathname, search }: { pathname: string; search: string }): EmbeddedTarget | undefined {
  const found = /\/t\/([^/]+)$/.exec(pathname)?.[1];
  if (found === undefined) return undefined;
  const pane = new URLSearchParams(search).get("pane") ?? undefined;
  return { session: decode(found), pane };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

interface Props {
  target: EmbeddedTarget;
  door: Door;
  settings: Settings;
  nonce: string;
}

/** One terminal and nothing else. */
export function Embedded({ target, door, settings, nonce }: Props) {
  const client = useMemo(() => new Client(monitorUrl()), []);
  const state = useSignal("");
  const problem = useSignal("");
  useEffect(() => {
    document.title = target.pane ? `${target.session} ${target.pane}` : target.session;
    const ends = [
      client.on("connecting", ({ reason }) => {
        state.value = `reconnecting: ${reason}`;
      }),
      client.on("connected", () => {
        state.value = "";
      }),
      client.on("disconnected", ({ code }) => {
        if (["AUTH_FAILED", "AUTH_REQUIRED", "REFUSED"].includes(code)) void door.ended();
        else state.value = "not connected";
      }),
    ];
    return () => {
      for (const end of ends) end();
      void client.close();
    };
  }, [client, door, target, state]);
  const access = door.access.value;
  const about = target.pane === undefined ? { session: target.session } : { pane: target.pane };
  return (
    <main class="embedded">
      <h1 class="unseen">{target.session}</h1>
      <Screen
        client={client}
        target={about}
        settings={settings}
        nonce={nonce}
        canWrite={access.kind === "in" && access.who.canWrite}
        onProblem={(text) => {
          problem.value = text;
        }}
      />
      {state.value || problem.value ? (
        <p class="embedded-state" role="status">
          {state.value || problem.value}
        </p>
      ) : null}
    </main>
  );
}

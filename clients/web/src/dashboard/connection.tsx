import { useEffect, useSignal } from "vendor";
import type { Board } from "./board.ts";
import { errorText, type Live } from "./live.ts";
import { now } from "./parts.tsx";
import { SheetBox } from "./sheet.tsx";

/** By shape as well as by colour. */
const SHAPES = { live: "●", lagging: "◐", connecting: "◌", waiting: "◌", ended: "○" } as const;

function stateOf(live: Live): { kind: keyof typeof SHAPES; word: string } {
  const link = live.link.value;
  if (link.kind === "live") {
    live.version.value;
    if (live.ready.value && !live.state.server) return { kind: "lagging", word: "no tmux server" };
    return live.lagging.value ? { kind: "lagging", word: "lagging" } : { kind: "live", word: "live" };
  }
  if (link.kind === "ended") return { kind: "ended", word: "not connected" };
  if (link.kind === "waiting") {
    const left = Math.ceil((link.at - now.value) / 1000);
    return { kind: "waiting", word: left > 0 ? `reconnecting in ${left}s` : "reconnecting" };
  }
  return { kind: "connecting", word: live.ready.value ? "reconnecting" : "connecting" };
}

export function ConnectionSign({ board }: { board: Board }) {
  const { kind, word } = stateOf(board.live);
  return (
    <button
      type="button"
      class={`connection ${kind}`}
      onClick={() => {
        board.sheet.value = "connection";
      }}
      aria-label={`Connection: ${word}`}
    >
      <span aria-hidden="true">{SHAPES[kind]}</span>
      <span class="word tabular">{word}</span>
    </button>
  );
}

interface Measured {
  /** Milliseconds to the server and back. */
  readonly trip: number;
  /** From tmux to the socket: half of what was sent took less, and all but one in a hundred. */
  readonly server: { p50: number; p99: number } | undefined;
  /** From now to the next frame of this page. */
  readonly frame: number;
}

async function measure(live: Live): Promise<Measured> {
  // The first request has the server begin to time its writes.
  await live.client.stats();
  const trips: number[] = [];
  for (let count = 0; count < 5; count += 1) {
    const before = performance.now();
    await live.client.request({ action: "ping" });
    trips.push(performance.now() - before);
  }
  const { client } = await live.client.stats();
  const before = performance.now();
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const { latency_us: latency } = client;
  return {
    trip: trips.sort((one, other) => one - other)[2] ?? 0,
    server: latency ? { p50: latency.p50 / 1000, p99: latency.p99 / 1000 } : undefined,
    frame: (performance.now() - before) / 2,
  };
}

export function ConnectionSheet({ board }: { board: Board }) {
  return (
    <SheetBox board={board} name="connection" title="Connection">
      <ConnectionFacts board={board} />
    </SheetBox>
  );
}

function ConnectionFacts({ board }: { board: Board }) {
  const { live } = board;
  const found = useSignal<Measured | undefined>(undefined);
  const problem = useSignal("");
  const { word } = stateOf(live);
  const link = live.link.value;
  const look = async () => {
    try {
      found.value = await measure(live);
      problem.value = "";
    } catch (error) {
      problem.value = errorText(error);
    }
  };
  useEffect(() => {
    void look();
    const timer = setInterval(() => void look(), 2000);
    return () => clearInterval(timer);
  }, []);
  const server = live.state.server;
  const ms = (value: number) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
  return (
    <>
      <dl class="facts tabular">
        <dt>State</dt>
        <dd>{word}</dd>
        {link.kind === "waiting" ? (
          <>
            <dt>Why</dt>
            <dd>{link.reason}. What is shown is from before; it goes on where it was.</dd>
          </>
        ) : null}
        {link.kind === "ended" ? (
          <>
            <dt>Why</dt>
            <dd>{link.error.message}</dd>
          </>
        ) : null}
        <dt>tmux</dt>
        <dd>{server ? `${server.version}, process ${server.pid}` : "no server runs"}</dd>
        <dt>From tmux to the network</dt>
        <dd>
          {found.value?.server
            ? `${ms(found.value.server.p50)}, 99% within ${ms(found.value.server.p99)}`
            : "nothing was printed just now"}
        </dd>
        <dt>To the server and back</dt>
        <dd>{found.value ? ms(found.value.trip) : "…"}</dd>
        <dt>To the next frame</dt>
        <dd>{found.value ? ms(found.value.frame) : "…"}</dd>
        <dt>From tmux to what you see</dt>
        <dd>
          {found.value ? `about ${ms((found.value.server?.p50 ?? 0) + found.value.trip / 2 + found.value.frame)}` : "…"}
        </dd>
      </dl>
      {problem.value ? <p class="receipt failed">{problem.value}</p> : null}
      {(server?.warnings ?? []).map(({ code, message, remedy }) => (
        <div class="problem" key={code}>
          <strong>{message}</strong>
          <p>{remedy}</p>
        </div>
      ))}
      {link.kind === "ended" ? (
        <button type="button" onClick={() => location.reload()}>
          Load the page anew
        </button>
      ) : null}
      {link.kind === "waiting" ? (
        <button type="button" onClick={() => live.client.wake()}>
          Try now
        </button>
      ) : null}
    </>
  );
}

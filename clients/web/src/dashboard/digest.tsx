import type { AgentDigest, DigestMessage, ErrorSpan, StateSpan } from "muxwire";
import { useEffect, useSignal } from "vendor";
import type { Board } from "./board.ts";
import { NEEDS, type Need } from "./items.ts";
import { timeText } from "./moment.ts";
import { Failure, now } from "./parts.tsx";
import { pastProblem } from "./past.ts";
import { textOf } from "./route.ts";
import { Icon, Shape } from "./shape.tsx";
import { ageText, costText, countText, plain, reasonOf, tokensText } from "./words.ts";

/** From when on: the last visit, or a span before now. */
const FROM = {
  "1h": "the last hour",
  "8h": "the last 8 hours",
  "1d": "the last day",
  "7d": "the last 7 days",
} as const;
type From = "visit" | keyof typeof FROM;
/** What the first visit looks at. */
const FIRST: From = "8h";
/** So many statuses of an agent are listed, and so many of what else went wrong. */
const STATES = 50;
const ERRORS = 10;
/** As the server calls statuses, and as shapes are called. */
const NEED_OF: Record<string, Need> = { ready: "idle", unknown: "none", exited: "none" };

/** What agents did since this browser was here last. */
export function Digest({ board }: { board: Board }) {
  const since = board.visit.since.value;
  const chosen = useSignal<From | undefined>(undefined);
  const from = chosen.value ?? (since === undefined ? FIRST : "visit");
  const { digest, problem, isAsking, again } = useDigest(board, from === "visit" ? since : from);
  useEffect(() => board.visit.told(), [board]);
  return (
    <section class="digest" aria-labelledby="digest-title">
      <header>
        <h2 id="digest-title">
          {from === "visit" && since !== undefined
            ? `Since you were last here, ${ageText(now.value + board.door.ahead.value - since)} ago`
            : `What agents did in ${FROM[from as keyof typeof FROM]}`}
        </h2>
        <select
          aria-label="From when on"
          value={from}
          onChange={({ currentTarget }) => {
            chosen.value = currentTarget.value as From;
          }}
        >
          {since === undefined ? null : <option value="visit">since the last visit</option>}
          {Object.entries(FROM).map(([span, name]) => (
            <option key={span} value={span}>
              {name}
            </option>
          ))}
        </select>
        <button type="button" disabled={isAsking} onClick={again}>
          Look again
        </button>
      </header>
      <Failure text={problem} />
      <p class="note" role="status">
        {isAsking ? "Looking …" : digest ? summary(digest, board.past.now()) : ""}
      </p>
      {digest && digest.agents.length === 0 ? (
        <p class="empty">No agent did anything in this time. What panes printed can be searched in the history.</p>
      ) : null}
      {digest ? (
        <ul class="digests">
          {digest.agents.map((agent) => (
            <AgentCard key={`${agent.pane} ${agent.agent_type} ${agent.started ?? ""}`} board={board} agent={agent} />
          ))}
        </ul>
      ) : null}
    </section>
  );
}

function summary({ agents, since, to, out_of_time: isCut }: DigestMessage, today: number): string {
  const span = `${timeText(Date.parse(since), today)} to ${timeText(Date.parse(to), today)}`;
  const waiting = agents.filter(({ status }) => status === "waiting").length;
  const failed = agents.filter(({ errors }) => errors.length > 0).length;
  const parts = [
    `${span}: ${countText(agents.length, "agent")}`,
    waiting > 0 ? `${waiting} wait now` : "",
    failed > 0 ? `${failed} failed once or more` : "",
    isCut ? "there was too much for one answer: a shorter time has it all" : "",
  ];
  return parts.filter(Boolean).join(", ");
}

interface Asked {
  readonly digest: DigestMessage | undefined;
  readonly problem: string;
  readonly isAsking: boolean;
  again(): void;
}

function useDigest(board: Board, since: number | string | undefined): Asked {
  const digest = useSignal<DigestMessage | undefined>(undefined);
  const problem = useSignal("");
  const isAsking = useSignal(false);
  const round = useSignal(0);
  useEffect(() => {
    if (since === undefined) return;
    const question = new AbortController();
    isAsking.value = true;
    problem.value = "";
    const from = typeof since === "number" ? new Date(since).toISOString() : since;
    board.live.client
      .digest(from, {}, { signal: question.signal })
      .then(
        (found) => {
          if (!question.signal.aborted) digest.value = found;
        },
        (error: unknown) => {
          if (question.signal.aborted) return;
          digest.value = undefined;
          problem.value = pastProblem(error);
        },
      )
      .finally(() => {
        if (!question.signal.aborted) isAsking.value = false;
      });
    return () => question.abort();
  }, [board, since, round.value, digest, problem, isAsking]);
  const again = () => {
    round.value += 1;
  };
  return { digest: digest.value, problem: problem.value, isAsking: isAsking.value, again };
}

function AgentCard({ board, agent }: { board: Board; agent: AgentDigest }) {
  const item = board.live.item(agent.pane);
  const last = agent.states.at(-1);
  const failed = agent.errors.slice(-ERRORS);
  const tests = agent.failed_tests.slice(-ERRORS);
  const states = agent.states.slice(-STATES);
  return (
    <li class={agent.status}>
      <h3>
        <Shape need={needOf(agent.status)} />
        <span class="place">{item?.place ?? `${plain(agent.session)} ${agent.pane}`}</span>
        <span class="about">
          {plain(agent.agent_type)}, {statusText(agent, last)}
        </span>
        {item && !agent.ended ? (
          <button type="button" class="small" onClick={() => board.open(agent.pane)}>
            Open
          </button>
        ) : null}
      </h3>
      <Figures agent={agent} />
      {last?.message && agent.status === last.status ? <p class="says">{plain(last.message)}</p> : null}
      {failed.length > 0 ? (
        <>
          <h4>What went wrong</h4>
          <ul class="wrong">
            {failed.map((error, at) => (
              <li key={`${error.at} ${at}`}>
                <Then board={board} pane={agent.pane} at={error.at} /> {errorWords(error)}
              </li>
            ))}
          </ul>
          {failed.length < agent.errors.length ? (
            <p class="hint">{agent.errors.length - failed.length} of before are left out.</p>
          ) : null}
        </>
      ) : null}
      {tests.length > 0 ? (
        <p class="wrong">
          Tests failed in <span class="tests">{tests.map(plain).join(", ")}</span>
          {tests.length < agent.failed_tests.length ? `, and ${agent.failed_tests.length - tests.length} more` : ""}
        </p>
      ) : null}
      {states.length > 1 ? (
        <details>
          <summary>{countText(agent.states.length, "status", "statuses")}, one after the other</summary>
          <ol class="states">
            {states.map((state, at) => (
              <li key={`${state.since} ${at}`}>
                <Then board={board} pane={agent.pane} at={state.since} />
                <Shape need={needOf(state.status)} label={false} />
                <span>
                  {state.status} <span class="tabular">{ageText(state.ms)}</span>
                </span>
                <span class="says">
                  {[reasonOf(state.reason), state.message && plain(state.message)].filter(Boolean).join(": ")}
                </span>
              </li>
            ))}
          </ol>
        </details>
      ) : null}
    </li>
  );
}

function Figures({ agent }: { agent: AgentDigest }) {
  const { spent_ms: spent, usage } = agent;
  const tokens = usage ? usage.input_tokens + usage.output_tokens + usage.cache_write_tokens : undefined;
  const figures: [string, string][] = [
    ["worked", ageText(spent.busy)],
    ["waited", agent.waits > 0 ? `${ageText(spent.waiting)}, ${countText(agent.waits, "time")}` : ""],
    ["longest wait", agent.waits > 1 ? ageText(agent.longest_wait_ms) : ""],
    ["prompts", agent.prompts > 0 ? String(agent.prompts) : ""],
    ["tokens", tokens === undefined ? "" : tokensText(tokens)],
    ["cost", costText(usage?.cost_usd)],
  ];
  return (
    <dl class="tabular">
      {figures
        .filter(([, figure]) => figure)
        .map(([name, figure]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{figure}</dd>
          </div>
        ))}
    </dl>
  );
}

/** Leads to the pane as it was then. */
function Then({ board, pane, at }: { board: Board; pane: string; at: string }) {
  const time = Date.parse(at);
  return (
    <a
      class="tabular then-link"
      href={textOf({ kind: "panes", panes: [pane], moment: { at: time } })}
      title="Shows the pane at this moment"
    >
      <Icon name="clock" />
      <time dateTime={at}>{timeText(time, board.past.now())}</time>
    </a>
  );
}

function needOf(status: string): Need {
  return NEEDS.find((need) => need === status) ?? NEED_OF[status] ?? "none";
}

function statusText({ status, ended, started }: AgentDigest, last: StateSpan | undefined): string {
  if (ended) return "has ended";
  const reason = last?.status === status ? reasonOf(last.reason) : undefined;
  const lasts = last?.status === status ? ` for ${ageText(last.ms)}` : "";
  return `${reason ?? status}${lasts}${started ? ", began in this time" : ""}`;
}

function errorWords({ reason, message }: ErrorSpan): string {
  return [reasonOf(reason), message && plain(message)].filter(Boolean).join(": ") || "failed";
}

/** That one was away, and where stands what happened meanwhile. */
export function Away({ board }: { board: Board }) {
  const { visit, live } = board;
  const since = visit.since.value;
  if (!visit.isNews.value || since === undefined || !live.items.value.some(({ agent }) => agent)) return null;
  return (
    <p class="away">
      <span>You were last here {ageText(now.value + board.door.ahead.value - since)} ago.</span>
      <a href="#digest">What agents did since</a>
      <button type="button" class="quiet" onClick={() => visit.told()}>
        <Icon name="close" />
        <span class="unseen">I know</span>
      </button>
    </p>
  );
}

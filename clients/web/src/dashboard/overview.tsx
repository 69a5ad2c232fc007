import type { Agent, ClientState, Resources, SessionState } from "muxwire";
import { useComputed, useMemo } from "vendor";
import type { Board } from "./board.ts";
import { useGrowing } from "./growing.ts";
import { byNeed, type Item } from "./items.ts";
import { cellsOf } from "./layout.ts";
import { Age } from "./parts.tsx";
import { Shape } from "./shape.tsx";
import { bytesText, costText, countText, NEED_WORDS, plain, reasonText, tokensText } from "./words.ts";

/** Everything at a glance: what there is, what agents do and cost, and what the machine is busy with. */
export function Overview({ board }: { board: Board }) {
  return (
    <div class="overview">
      <section class="tree" aria-labelledby="tree-title">
        <h2 id="tree-title">Sessions</h2>
        <Tree board={board} />
      </section>
      <div class="figures">
        <Machine board={board} />
        <section aria-labelledby="agents-title">
          <h2 id="agents-title">Agents</h2>
          <Agents board={board} />
        </section>
      </div>
    </div>
  );
}

function Tree({ board }: { board: Board }) {
  const { live } = board;
  live.version.value;
  const sessions = [...live.state.sessions.values()].sort((one, other) => byName.compare(one.name, other.name));
  const shown = useGrowing(sessions.length);
  if (live.ready.value && sessions.length === 0) {
    return (
      <p class="empty">
        No session yet. Start one where muxwire runs: <code>tmux new-session -d -s work</code>
      </p>
    );
  }
  return (
    <>
      <p class="host">
        <strong>{live.host.value}</strong> {live.state.server ? `tmux ${live.state.server.version}` : "no tmux server"}
      </p>
      <ul class="sessions">
        {sessions.slice(0, shown).map((session) => (
          <Session key={session.id} board={board} session={session} />
        ))}
      </ul>
    </>
  );
}

const byName = new Intl.Collator();

function Session({ board, session }: { board: Board; session: SessionState }) {
  const { live } = board;
  const attached = useComputed(() => {
    live.version.value;
    const isHere = ({ session_id, control }: ClientState) => session_id === session.id && !control;
    return [...live.state.clients.values()].filter(isHere).length;
  }).value;
  return (
    <li>
      <h3>
        {session.name}
        <small>
          {[
            session.group ? `group ${session.group}` : "",
            attached > 0 ? `${countText(attached, "client")} attached` : "",
          ]
            .filter(Boolean)
            .join(", ")}
        </small>
      </h3>
      <ul class="windows">
        {Object.entries(session.windows).map(([index, id]) => (
          <Window
            key={`${index} ${id}`}
            board={board}
            id={id}
            index={index}
            isCurrent={session.active === Number(index)}
            alerts={(session.alerts[id] ?? []).join(" ")}
          />
        ))}
      </ul>
    </li>
  );
}

interface WindowProps {
  board: Board;
  id: string;
  index: string;
  isCurrent: boolean;
  alerts: string;
}

function Window({ board, id, index, isCurrent, alerts }: WindowProps) {
  const { live } = board;
  const window = useComputed(() => {
    live.version.value;
    return live.state.windows.get(id);
  }).value;
  if (!window) return null;
  return (
    <li class={isCurrent ? "current" : ""}>
      <Thumbnail board={board} layout={window.layout} active={window.active} />
      <span class="label">
        <span class="tabular">{index}</span> {window.name}
        {window.zoomed ? <small> zoomed</small> : null}
        {alerts ? <small> {alerts}</small> : null}
      </span>
    </li>
  );
}

/** The panes of a window as they lie in it, each a button. */
function Thumbnail({ board, layout, active }: { board: Board; layout: string; active: string | null }) {
  const cells = cellsOf(layout);
  const width = Math.max(1, ...cells.map((cell) => cell.x + cell.width));
  const height = Math.max(1, ...cells.map((cell) => cell.y + cell.height));
  return (
    <span class="thumbnail">
      {cells.map((cell) => (
        <PaneCell
          key={cell.pane}
          board={board}
          pane={cell.pane}
          isActive={cell.pane === active}
          left={cell.x / width}
          top={cell.y / height}
          width={cell.width / width}
          height={cell.height / height}
        />
      ))}
    </span>
  );
}

interface CellProps {
  board: Board;
  pane: string;
  isActive: boolean;
  /** Parts of the window. */
  left: number;
  top: number;
  width: number;
  height: number;
}

function PaneCell({ board, pane, isActive, left, top, width, height }: CellProps) {
  const item = useComputed(() => board.live.item(pane)).value;
  if (!item) return null;
  const percent = (part: number) => `${100 * part}%`;
  return (
    <button
      type="button"
      class={`${item.need} ${isActive ? "active" : ""}`}
      style={{ left: percent(left), top: percent(top), width: percent(width), height: percent(height) }}
      title={`${item.place} ${item.agent ? `${item.agent.agent_type}, ${reasonText(item)}` : item.command}`}
      aria-label={`${item.place}, ${item.agent ? NEED_WORDS[item.need] : item.command}`}
      onClick={() => board.open(pane)}
    >
      <Shape need={item.need} label={false} />
    </button>
  );
}

function Agents({ board }: { board: Board }) {
  const { live, addressed, canWrite } = board;
  const agents = live.items.value.filter(({ agent }) => agent).sort(byNeed);
  const shown = useGrowing(agents.length);
  const measured = useComputed(() => board.live.items.value.some(({ pane }) => live.resources.value.has(pane))).value;
  const columns = useColumns(agents, measured);
  if (agents.length === 0) {
    return (
      <p class="empty">
        No agent runs. Start one in any pane, such as <code>claude</code>, and its state stands here. If one runs and is
        not seen, <code>muxwire explain PANE</code> says why.
      </p>
    );
  }
  const cost = agents.reduce((sum, { agent }) => sum + (agent?.usage?.cost_usd ?? 0), 0);
  return (
    <>
      <div class="table">
        <table class="tabular">
          <thead>
            <tr>
              {canWrite ? (
                <th scope="col">
                  <span class="unseen">Prompt</span>
                </th>
              ) : null}
              <th scope="col">Agent</th>
              <th scope="col">State</th>
              {columns.model ? <th scope="col">Model</th> : null}
              {columns.context ? <th scope="col">Context left</th> : null}
              {columns.tokens ? (
                <th scope="col" class="number">
                  Tokens
                </th>
              ) : null}
              {columns.cost ? (
                <th scope="col" class="number">
                  Cost
                </th>
              ) : null}
              {columns.cpu ? (
                <th scope="col" class="number">
                  CPU
                </th>
              ) : null}
              <th scope="col" class="number">
                Age
              </th>
            </tr>
          </thead>
          <tbody>
            {agents.slice(0, shown).map((item) => (
              <AgentRow key={item.pane} board={board} item={item} columns={columns} />
            ))}
          </tbody>
        </table>
      </div>
      <p class="under tabular">
        {countText(agents.length, "agent")}
        {cost > 0 ? `, ${costText(cost)} in all` : ""}
        {canWrite ? (
          <button
            type="button"
            onClick={() => {
              board.sheet.value = "composer";
            }}
          >
            {addressed.value.size > 0 ? `Prompt ${countText(addressed.value.size, "agent")}` : "Prompt agents"}{" "}
            <kbd>c</kbd>
          </button>
        ) : null}
      </p>
    </>
  );
}

/** What any agent says of itself: a column in which nobody says anything is left out. */
interface Columns {
  readonly model: boolean;
  readonly context: boolean;
  readonly tokens: boolean;
  readonly cost: boolean;
  readonly cpu: boolean;
}

/** The columns that are needed, as the same object while they are the same. */
function useColumns(agents: readonly Item[], cpu: boolean): Columns {
  const any = (says: (agent: Agent) => unknown) =>
    agents.some(({ agent }) => agent !== undefined && says(agent) !== undefined);
  const model = any((agent) => agent.model ?? agent.mode);
  const context = any((agent) => agent.context_left_percent);
  const tokens = any(tokensOf);
  const cost = any((agent) => agent.usage?.cost_usd);
  return useMemo(() => ({ model, context, tokens, cost, cpu }), [model, context, tokens, cost, cpu]);
}

function tokensOf({ usage, tokens }: Agent): number | undefined {
  return usage ? usage.input_tokens + usage.output_tokens + usage.cache_write_tokens : tokens;
}

function AgentRow({ board, item, columns }: { board: Board; item: Item; columns: Columns }) {
  const { chosen, addressed, canWrite } = board;
  const { pane } = item;
  const isChosen = useComputed(() => chosen.value === pane).value;
  const isAddressed = useComputed(() => addressed.value.has(pane)).value;
  const toggle = (adds: boolean) => {
    const all = new Set(addressed.value);
    if (adds) all.add(pane);
    else all.delete(pane);
    addressed.value = all;
  };
  return (
    <tr data-pane={pane} class={isChosen ? "chosen" : ""}>
      {canWrite ? (
        <td>
          <input
            type="checkbox"
            aria-label={`Prompt ${item.place}`}
            checked={isAddressed}
            onChange={({ currentTarget }) => toggle(currentTarget.checked)}
          />
        </td>
      ) : null}
      <AgentCells board={board} item={item} columns={columns} />
    </tr>
  );
}

function AgentCells({ board, item, columns }: { board: Board; item: Item; columns: Columns }) {
  const { agent } = item;
  const samples = useComputed(() => board.live.resources.value.get(item.pane)).value;
  if (!agent) return null;
  const { usage, context_left_percent: left } = agent;
  const tokens = tokensOf(agent);
  return (
    <>
      <th scope="row">
        <button
          type="button"
          class="main link"
          onFocus={() => {
            board.chosen.value = item.pane;
          }}
          onClick={() => board.open(item.pane)}
        >
          {item.place}
        </button>
        <small>{agent.agent_type}</small>
      </th>
      <td>
        <span class="state">
          <Shape need={item.need} />
          <span>{reasonText(item)}</span>
        </span>
        {background(agent.background)}
      </td>
      {columns.model ? (
        <td>
          {agent.model ? plain(agent.model) : <span class="none">not shown</span>}
          {agent.mode ? <small>{plain(agent.mode)}</small> : null}
        </td>
      ) : null}
      {columns.context ? (
        <td>
          {left === undefined ? (
            <span class="none">not shown</span>
          ) : (
            <span class={`left ${left < 10 ? "low" : ""}`}>
              <meter min={0} max={100} value={left} aria-label={`${left}% of the context is left`} />
              {left}%
            </span>
          )}
        </td>
      ) : null}
      {columns.tokens ? <td class="number">{tokens === undefined ? "" : tokensText(tokens)}</td> : null}
      {columns.cost ? <td class="number">{costText(usage?.cost_usd)}</td> : null}
      {columns.cpu ? (
        <td class="number">
          <Line samples={samples?.map(({ cpu_percent }) => cpu_percent)} max={100} />
          {samples?.length ? `${Math.round(samples.at(-1)?.cpu_percent ?? 0)}%` : ""}
        </td>
      ) : null}
      <td class="number">
        <Age board={board} since={item.since} />
      </td>
    </>
  );
}

function background(behind: { shells?: number; agents?: number } | undefined) {
  const parts = [
    behind?.shells ? countText(behind.shells, "shell") : "",
    behind?.agents ? countText(behind.agents, "agent") : "",
  ].filter(Boolean);
  return parts.length > 0 ? <small>{parts.join(", ")} behind it</small> : null;
}

const WIDTH = 64;
const HEIGHT = 16;

/** What was measured lately, as a small line. */
function Line({ samples, max }: { samples: readonly number[] | undefined; max: number }) {
  if (!samples || samples.length < 2) return null;
  const top = Math.max(max, ...samples);
  const points = samples.map((value, at) => {
    const x = WIDTH - ((samples.length - 1 - at) * WIDTH) / 59;
    return `${x.toFixed(1)},${(HEIGHT - 1 - (value / top) * (HEIGHT - 2)).toFixed(1)}`;
  });
  return (
    <svg class="small-line" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
      <polyline points={points.join(" ")} />
    </svg>
  );
}

function Machine({ board }: { board: Board }) {
  const { resources } = board.live;
  const host = resources.value.get("host");
  const own = resources.value.get("muxwire");
  const last = host?.at(-1);
  const ownLast = own?.at(-1);
  if (!last && !ownLast) return null;
  const share = (sample: Resources) => (100 * sample.memory_bytes) / (sample.memory_total_bytes || 1);
  return (
    <section class="machine tabular" aria-label="The machine">
      {last ? (
        <>
          <Figure
            name="Processors"
            text={`${Math.round(last.cpu_percent)}% of ${last.cores ?? "?"}`}
            samples={host?.map(({ cpu_percent }) => cpu_percent)}
          />
          <Figure
            name="Memory"
            text={`${bytesText(last.memory_bytes)} of ${bytesText(last.memory_total_bytes ?? 0)}`}
            samples={host?.map(share)}
          />
          <Figure name="Load" text={(last.load ?? []).map((one) => one.toFixed(2)).join("  ")} samples={undefined} />
        </>
      ) : null}
      {ownLast ? (
        <Figure
          name="muxwire"
          text={`${ownLast.cpu_percent.toFixed(1)}%, ${bytesText(ownLast.memory_bytes)}`}
          samples={own?.map(({ cpu_percent }) => cpu_percent)}
        />
      ) : null}
    </section>
  );
}

function Figure({ name, text, samples }: { name: string; text: string; samples: readonly number[] | undefined }) {
  return (
    <p>
      <span>{name}</span>
      <strong>{text}</strong>
      <Line samples={samples} max={100} />
    </p>
  );
}

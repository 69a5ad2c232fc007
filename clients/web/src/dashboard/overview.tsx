import type { Resources } from "muxwire";
import type { Board } from "./board.ts";
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
  const items = new Map(live.items.value.map((item) => [item.pane, item]));
  live.version.value;
  const { sessions, windows, clients } = live.state;
  if (live.ready.value && sessions.size === 0) {
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
        {[...sessions.values()]
          .sort((one, other) => one.name.localeCompare(other.name))
          .map((session) => {
            const attached = [...clients.values()].filter(
              ({ session_id, control }) => session_id === session.id && !control,
            );
            return (
              <li key={session.id}>
                <h3>
                  {session.name}
                  <small>
                    {session.group ? `group ${session.group}, ` : ""}
                    {attached.length > 0 ? `${countText(attached.length, "client")} attached` : "not attached"}
                  </small>
                </h3>
                <ul class="windows">
                  {Object.entries(session.windows).map(([index, id]) => {
                    const window = windows.get(id);
                    return window ? (
                      <li key={index} class={session.active === Number(index) ? "current" : ""}>
                        <Thumbnail board={board} layout={window.layout} items={items} active={window.active} />
                        <span class="label">
                          <span class="tabular">{index}</span> {window.name}
                          {window.zoomed ? <small> zoomed</small> : null}
                          {(session.alerts[id] ?? []).map((alert) => (
                            <small key={alert}> {alert}</small>
                          ))}
                        </span>
                      </li>
                    ) : null;
                  })}
                </ul>
              </li>
            );
          })}
      </ul>
    </>
  );
}

interface ThumbnailProps {
  board: Board;
  layout: string;
  items: ReadonlyMap<string, Item>;
  active: string | null;
}

/** The panes of a window as they lie in it, each a button. */
function Thumbnail({ board, layout, items, active }: ThumbnailProps) {
  const cells = cellsOf(layout);
  const width = Math.max(1, ...cells.map((cell) => cell.x + cell.width));
  const height = Math.max(1, ...cells.map((cell) => cell.y + cell.height));
  const percent = (value: number, whole: number) => `${(100 * value) / whole}%`;
  return (
    <span class="thumbnail">
      {cells.map((cell) => {
        const item = items.get(cell.pane);
        if (!item) return null;
        const style = {
          left: percent(cell.x, width),
          top: percent(cell.y, height),
          width: percent(cell.width, width),
          height: percent(cell.height, height),
        };
        return (
          <button
            key={cell.pane}
            type="button"
            class={`${item.need} ${cell.pane === active ? "active" : ""}`}
            style={style}
            title={`${item.place} ${item.agent ? `${item.agent.agent_type}, ${reasonText(item)}` : item.command}`}
            aria-label={`${item.place}, ${item.agent ? NEED_WORDS[item.need] : item.command}`}
            onClick={() => board.open(item.pane)}
          >
            <Shape need={item.need} label={false} />
          </button>
        );
      })}
    </span>
  );
}

function Agents({ board }: { board: Board }) {
  const { live, addressed, canWrite } = board;
  const agents = live.items.value.filter(({ agent }) => agent).sort(byNeed);
  if (agents.length === 0) {
    return (
      <p class="empty">
        No agent runs. Start one in any pane, such as <code>claude</code>, and its state stands here. If one runs and is
        not seen, <code>muxwire explain PANE</code> says why.
      </p>
    );
  }
  const toggle = (pane: string, isChosen: boolean) => {
    const all = new Set(addressed.value);
    if (isChosen) all.add(pane);
    else all.delete(pane);
    addressed.value = all;
  };
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
              <th scope="col">Model</th>
              <th scope="col">Context left</th>
              <th scope="col" class="number">
                Tokens
              </th>
              <th scope="col" class="number">
                Cost
              </th>
              <th scope="col" class="number">
                CPU
              </th>
              <th scope="col" class="number">
                Age
              </th>
            </tr>
          </thead>
          <tbody>
            {agents.map((item) => (
              <tr key={item.pane} data-pane={item.pane} class={board.chosen.value === item.pane ? "chosen" : ""}>
                {canWrite ? (
                  <td>
                    <input
                      type="checkbox"
                      aria-label={`Prompt ${item.place}`}
                      checked={addressed.value.has(item.pane)}
                      onChange={({ currentTarget }) => toggle(item.pane, currentTarget.checked)}
                    />
                  </td>
                ) : null}
                <AgentCells board={board} item={item} />
              </tr>
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

function AgentCells({ board, item }: { board: Board; item: Item }) {
  const { agent } = item;
  if (!agent) return null;
  const { usage, context_left_percent: left } = agent;
  const tokens = usage ? usage.input_tokens + usage.output_tokens + usage.cache_write_tokens : agent.tokens;
  const samples = board.live.resources.value.get(item.pane);
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
          {reasonText(item)}
        </span>
        {background(agent.background)}
      </td>
      <td>
        {agent.model ? plain(agent.model) : <span class="none">not shown</span>}
        {agent.mode ? <small>{plain(agent.mode)}</small> : null}
      </td>
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
      <td class="number">{tokens === undefined ? "" : tokensText(tokens)}</td>
      <td class="number">{costText(usage?.cost_usd)}</td>
      <td class="number">
        <Line samples={samples?.map(({ cpu_percent }) => cpu_percent)} max={100} />
        {samples?.length ? `${Math.round(samples.at(-1)?.cpu_percent ?? 0)}%` : ""}
      </td>
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

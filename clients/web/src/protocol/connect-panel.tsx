import { useSignal } from "vendor";
import type { Method } from "./connection.ts";
import type { Model } from "./model.ts";
import { type Endpoint, endpointUrl } from "./place.ts";

const METHODS: ReadonlyArray<readonly [Method, string, string]> = [
  ["token", "Token", "The token goes into the first message."],
  ["ticket", "Ticket", "The page fetches a one-time ticket with the token, and only that goes into the first message."],
  ["hand", "By hand", "Nothing is sent by itself: the server waits 5 seconds for your auth."],
];

export function ConnectPanel({ model }: { model: Model }) {
  const { connection, endpoint, session, binary, method, token } = model;
  const isClosed = connection.status.value === "closed";
  const about = METHODS.find(([name]) => name === method.value)?.[2];
  const submit = (event: Event) => {
    event.preventDefault();
    if (isClosed) model.connect();
    else model.disconnect();
  };
  return (
    <section aria-labelledby="connect-title">
      <h2 id="connect-title">Connection</h2>
      <form class="connect" onSubmit={submit} autocomplete="off">
        <div class="pair">
          <label>
            <span>Endpoint</span>
            <select
              id="endpoint"
              value={endpoint}
              disabled={!isClosed}
              onChange={({ currentTarget }) => {
                endpoint.value = currentTarget.value as Endpoint;
              }}
            >
              <option value="monitor">/monitor</option>
              <option value="terminal">/ws/terminal/…</option>
            </select>
          </label>
          {endpoint.value === "terminal" ? (
            <label>
              <span>Session</span>
              <input
                id="session"
                required
                value={session}
                disabled={!isClosed}
                spellcheck={false}
                autocapitalize="none"
                onInput={({ currentTarget }) => {
                  session.value = currentTarget.value;
                }}
              />
            </label>
          ) : null}
          <label>
            <span>Subprotocol</span>
            <select
              id="subprotocol"
              value={binary.value ? "bin" : "text"}
              disabled={!isClosed}
              onChange={({ currentTarget }) => {
                binary.value = currentTarget.value === "bin";
              }}
            >
              <option value="text">muxwire.v1</option>
              <option value="bin">muxwire.v1.bin</option>
            </select>
          </label>
        </div>
        <code class="address">{endpointUrl(endpoint.value, session.value)}</code>
        {isClosed ? (
          <>
            <fieldset>
              <legend>Authenticate by</legend>
              <div class="choices">
                {METHODS.map(([name, label]) => (
                  <label key={name}>
                    <input
                      type="radio"
                      name="method"
                      value={name}
                      checked={method.value === name}
                      aria-describedby="method-about"
                      onChange={() => {
                        method.value = name;
                      }}
                    />
                    <span>{label}</span>
                  </label>
                ))}
              </div>
              <p id="method-about" class="hint">
                {about}
              </p>
            </fieldset>
            {method.value === "hand" ? null : <TokenField model={model} />}
          </>
        ) : null}
        <button id="connect" type="submit" class={isClosed ? "main" : ""}>
          {isClosed ? "Connect" : "Disconnect"}{" "}
          <span class="keyhint" aria-hidden="true">
            c
          </span>
        </button>
        <ProblemBox model={model} />
        {token.value === "" && isClosed && connection.problem.value === undefined && method.value !== "hand" ? (
          <p class="hint">
            No token yet? Where muxwire runs: <code>muxwire token create --name me --allow write</code>
          </p>
        ) : null}
      </form>
    </section>
  );
}

function TokenField({ model }: { model: Model }) {
  const shows = useSignal(false);
  // Its type is one of two, which the types of elements don't have.
  const kind = { type: shows.value ? "text" : "password" } as { type: "password" };
  return (
    <>
      <div class="token">
        <label>
          <span>Token</span>
          <input
            id="token"
            class={shows.value ? "" : "secret"}
            {...kind}
            value={model.token}
            placeholder="mw_… or a JWT"
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            onInput={({ currentTarget }) => {
              model.token.value = currentTarget.value;
            }}
          />
        </label>
        <button
          type="button"
          aria-pressed={shows.value}
          onClick={() => {
            shows.value = !shows.value;
          }}
        >
          {shows.value ? "Hide" : "Show"}
          <span class="unseen"> token</span>
        </button>
      </div>
      <label class="check">
        <input
          id="keep"
          type="checkbox"
          checked={model.keepsToken.value}
          onChange={({ currentTarget }) => model.keep(currentTarget.checked)}
        />
        <span>Keep the token until this tab is closed</span>
      </label>
    </>
  );
}

/** A text in which what stands in backticks is code. */
function Remedy({ text }: { text: string }) {
  const parts = text.split("`");
  return <>{parts.map((part, at) => (at % 2 === 1 ? <code key={at}>{part}</code> : part))}</>;
}

function ProblemBox({ model }: { model: Model }) {
  const problem = model.connection.problem.value;
  return (
    <div role="alert">
      {problem ? (
        <div class="problem">
          <strong>{problem.what}</strong>
          <p>
            <Remedy text={problem.remedy} />
          </p>
        </div>
      ) : null}
    </div>
  );
}

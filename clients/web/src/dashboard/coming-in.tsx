import { useRef, useSignal } from "vendor";
import type { Door, Problem } from "./access.ts";
import { Remedy } from "./parts.tsx";

/** What is shown to whom the server does not know. */
export function ComingIn({ door, problem }: { door: Door; problem: Problem | undefined }) {
  const shows = useSignal(false);
  const field = useRef<HTMLInputElement>(null);
  const submit = (event: Event) => {
    event.preventDefault();
    const token = field.current?.value.trim() ?? "";
    if (token) void door.enter(token).then(() => field.current?.select());
  };
  // Its type is one of two, which the types of elements don't have.
  const kind = { type: shows.value ? "text" : "password" } as { type: "password" };
  return (
    <main class="coming-in">
      <div class="card">
        <h1>
          <Brand /> muxwire
        </h1>
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
        <p>To come in, run this where muxwire runs, and open the address that it prints:</p>
        <pre>muxwire url</pre>
        <form onSubmit={submit} autocomplete="off">
          <label for="token">Or enter a token</label>
          <div class="token">
            <input
              id="token"
              ref={field}
              class={shows.value ? "" : "secret"}
              {...kind}
              placeholder="mw_… or a JWT"
              autocomplete="off"
              autocapitalize="none"
              spellcheck={false}
              required
            />
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
          <button type="submit" class="main" disabled={door.busy.value}>
            Come in
          </button>
        </form>
        <p class="hint">
          No token yet? <code>muxwire token create --name me --allow write</code>
        </p>
        <p class="hint">
          The token goes to the server once. This browser keeps a session in its place, which ends with the token.
        </p>
      </div>
    </main>
  );
}

export function Brand() {
  return (
    <svg class="brand" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" />
      <path d="M7 9h18v14H7zM16 9v14M16 16h9" />
    </svg>
  );
}

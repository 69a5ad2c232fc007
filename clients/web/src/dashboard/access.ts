import { printable } from "muxwire";
import { signal } from "vendor";
import { at, BASE } from "./place.ts";

/** Who the page is for the server, and what that one may do. */
export interface Who {
  /** Without authentication nobody comes in or leaves: the page is there for whoever reaches it. */
  readonly authentication: boolean;
  readonly name: string;
  readonly canWrite: boolean;
  readonly isAdmin: boolean;
  /** Secrets are masked in all that is shown. */
  readonly redacted: boolean;
  /** Patterns of the sessions that are seen; none where all are. */
  readonly sessions: readonly string[];
  readonly expires: string | undefined;
}

/** What is wrong, and what can be done. What stands in backticks is a command or a setting. */
export interface Problem {
  readonly what: string;
  readonly remedy: string;
}

export type Access =
  | { readonly kind: "asking" }
  | { readonly kind: "out"; readonly problem: Problem | undefined }
  | { readonly kind: "in"; readonly who: Who };

const ADDRESS = "Where muxwire runs, `muxwire url` prints an address that lets this browser in.";

const PROBLEMS = {
  code: {
    what: "The code in this address is used up, or older than 5 minutes.",
    remedy: ADDRESS,
  },
  token: {
    what: "The token is not accepted: it is unknown, revoked or expired.",
    remedy:
      "Look whether all of it was copied, or make one where muxwire runs: `muxwire token create --name me --allow write`",
  },
  ended: {
    what: "You were let out: the session has ended, or its token was revoked.",
    remedy: `${ADDRESS} A token does as well.`,
  },
} as const satisfies Record<string, Problem>;

const CODE = /^#code=([\w.~-]+)$/;

export function hasCode(): boolean {
  return CODE.test(location.hash);
}

/** The code that came with the address. It is taken out of the address at once, so that no history and no screenshot has it. */
export function takeCode(): string | undefined {
  const found = CODE.exec(location.hash);
  if (!found) return undefined;
  history.replaceState(null, "", location.pathname + location.search);
  return found[1];
}

/** A connection that was refused though the browser is let in is not made anew more often than this. */
const AGAIN = 10_000;

/** Coming in, and leaving. The server keeps the session; the page knows no token. */
export class Door {
  readonly access = signal<Access>({ kind: "asking" });
  /** What the server's clock is ahead of this one, in milliseconds. */
  readonly ahead = signal(0);
  /** A code or token is being looked at. */
  readonly busy = signal(false);
  /** Counts how often it came in: connections of before are those of another session. */
  readonly entries = signal(0);
  #enteredAt = 0;
  #isLeaving = false;

  /** With the code of the address, or with the session that there is. */
  async begin(): Promise<void> {
    const code = takeCode();
    if (code !== undefined) return this.#enter({ code }, PROBLEMS.code);
    await this.ask(undefined);
  }

  enter(token: string): Promise<void> {
    return this.#enter({ token }, PROBLEMS.token);
  }

  async leave(): Promise<void> {
    this.#isLeaving = true;
    const answer = await this.#fetch({ method: "DELETE" });
    if (answer && !answer.ok && answer.status !== 401) return this.#out(await refusal(answer));
    if (answer) this.#out(undefined);
    this.#isLeaving = false;
  }

  /** The connection was refused: whether there is still a session. */
  async ended(): Promise<void> {
    // Who leaves need not be told.
    if (this.#isLeaving || this.access.value.kind !== "in") return;
    await this.ask(PROBLEMS.ended);
    // It came in anew, in another tab too, and the old session has ended with that.
    if (performance.now() - this.#enteredAt > AGAIN) this.#entered();
  }

  /** Asks who this is. `problem` is what is said if it is nobody. */
  async ask(problem: Problem | undefined): Promise<void> {
    const answer = await this.#fetch({ method: "GET" });
    if (!answer) return;
    if (answer.status === 401) return this.#out(problem);
    if (!answer.ok) return this.#out(await refusal(answer));
    this.access.value = { kind: "in", who: whoOf(await answer.json()) };
  }

  async #enter(proof: object, problem: Problem): Promise<void> {
    this.busy.value = true;
    try {
      const headers = { "content-type": "application/json" };
      const answer = await this.#fetch({ method: "POST", headers, body: JSON.stringify(proof) });
      if (!answer) return;
      if (answer.status === 401) {
        // Who is in already needs no code.
        if ("code" in proof) return this.ask(problem);
        return this.#out(problem);
      }
      if (!answer.ok) return this.#out(await refusal(answer));
      await this.ask(PROBLEMS.ended);
      this.#entered();
    } finally {
      this.busy.value = false;
    }
  }

  #entered(): void {
    if (this.access.value.kind !== "in") return;
    this.#enteredAt = performance.now();
    this.entries.value += 1;
  }

  #out(problem: Problem | undefined): void {
    this.access.value = { kind: "out", problem };
  }

  async #fetch(request: RequestInit): Promise<Response | undefined> {
    try {
      const answer = await fetch(at("api/session"), { ...request, cache: "no-store", credentials: "same-origin" });
      const said = Date.parse(answer.headers.get("date") ?? "");
      // The header has whole seconds: what is less is no difference of clocks.
      const ahead = said + 500 - Date.now();
      if (!Number.isNaN(said)) this.ahead.value = Math.abs(ahead) < 1500 ? 0 : ahead;
      return answer;
    } catch {
      const remedy = "Look whether `muxwire serve` runs and this address still leads to it, then try again.";
      this.#out({ what: `No server answers at ${BASE.origin}.`, remedy });
      return undefined;
    }
  }
}

async function refusal(answer: Response): Promise<Problem> {
  const said = printable((await answer.text()).slice(0, 500)).trim();
  const what = `The server answers ${answer.status}${said ? `: ${said}` : ""}`;
  switch (answer.status) {
    case 403:
      return {
        what,
        remedy: /origin/i.test(said)
          ? "Let the proxy in between pass `Host` and `X-Forwarded-Proto` on."
          : "Ask whoever runs this server.",
      };
    case 404:
      return { what, remedy: "Look whether the proxy in between passes this path on: see `server.base_path`." };
    case 421:
      return { what, remedy: "Add the name in this page's address to `security.allowed_hosts`." };
    case 429:
    case 503: {
      const wait = Number(answer.headers.get("retry-after"));
      return { what, remedy: wait > 0 ? `Try again in ${wait} s.` : "Wait a moment, then try again." };
    }
    default:
      return { what, remedy: "Its log says why." };
  }
}

/** What `GET api/session` says. */
function whoOf(said: unknown): Who {
  const { authentication, name, permissions, redacted, sessions, expires } = said as Record<string, unknown>;
  if (authentication === false) {
    return {
      authentication: false,
      name: "",
      canWrite: true,
      isAdmin: true,
      redacted: redacted === true,
      sessions: [],
      expires: undefined,
    };
  }
  const allowed = Array.isArray(permissions) ? permissions : [];
  return {
    authentication: true,
    name: typeof name === "string" ? name : "",
    canWrite: allowed.includes("write") || allowed.includes("admin"),
    isAdmin: allowed.includes("admin"),
    redacted: redacted === true,
    sessions: Array.isArray(sessions) ? sessions.map(String) : [],
    expires: typeof expires === "string" ? expires : undefined,
  };
}

import { Client, type State, Unauthorized } from "muxwire";
import { signal } from "vendor";
import { fetchTicket, type Wish } from "./connection.ts";
import { endpointUrl } from "./place.ts";

/** What there is in tmux, for completion: the library follows it over a connection of its own, which is not in the log. */
export class Names {
  /** What is said of it below the editor. */
  readonly about = signal("");
  #client: Client | undefined;
  #state: State | undefined;

  /** Begins to follow, with what the page has connected with. */
  follow(wish: Wish): void {
    this.stop();
    if (wish.method === "hand" && !wish.token) {
      this.about.value = "Names of sessions are completed once the page has a token.";
      return;
    }
    const getToken = async () => {
      if (wish.method !== "ticket") return wish.token;
      const found = await fetchTicket(wish.token, () => undefined);
      if (typeof found !== "string") throw new Unauthorized(found.what);
      return { ticket: found };
    };
    const client = new Client(endpointUrl("monitor", ""), wish.token ? { getToken } : {});
    this.#client = client;
    client.on("disconnected", ({ message }) => {
      if (client === this.#client) this.about.value = `Names are not completed: ${message}`;
    });
    const state = client.state();
    this.#state = state;
    state.ready.then(
      () => this.#counted(),
      // The client reports the same as `disconnected`.
      () => undefined,
    );
    state.onChange(() => this.#counted());
  }

  stop(): void {
    const client = this.#client;
    this.#client = undefined;
    this.#state = undefined;
    this.about.value = "";
    void client?.close();
  }

  get sessions() {
    return [...(this.#state?.sessions.values() ?? [])];
  }

  get windows() {
    return [...(this.#state?.windows.values() ?? [])];
  }

  get panes() {
    return [...(this.#state?.panes.values() ?? [])];
  }

  /** Where a pane is, as people name it. */
  placeOf(windowId: string): string {
    for (const { name, windows } of this.sessions) {
      const found = Object.entries(windows).find(([, id]) => id === windowId);
      if (found) return `${name}:${found[0]}`;
    }
    return windowId;
  }

  #counted(): void {
    const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? "" : "s"}`;
    const { sessions, panes } = this;
    this.about.value = `Names are completed: ${counted(sessions.length, "session")}, ${counted(panes.length, "pane")}.`;
  }
}

import { computed, effect, signal, untracked } from "vendor";
import { asCode, type Language, messageOf } from "./code.ts";
import { Connection, type Method } from "./connection.ts";
import { Log } from "./log.ts";
import { Names } from "./names.ts";
import { type Endpoint, endpointUrl } from "./place.ts";
import { type Kind, messagesOf } from "./schemas.ts";

/** Where the token is kept if somebody asks for that: until this tab is closed. */
const KEPT = "muxwire.token";

/** All that the page knows. */
export class Model {
  readonly log = new Log();
  readonly names = new Names();
  readonly connection: Connection;
  readonly endpoint = signal<Endpoint>("monitor");
  readonly session = signal("");
  readonly binary = signal(false);
  readonly method = signal<Method>("token");
  readonly token = signal(sessionStorage.getItem(KEPT) ?? "");
  readonly keepsToken = signal(sessionStorage.getItem(KEPT) !== null);
  readonly text = signal("");
  readonly language = signal<Language>("js");
  /** What was done last, for those who don't see it. */
  readonly said = signal("");
  #lastId = 0;
  #since = "";

  constructor() {
    this.connection = new Connection(this.log, (wish) => this.names.follow(wish));
    // What there is is followed as long as the page is connected, and no longer.
    effect(() => {
      if (this.connection.status.value === "closed") untracked(() => this.names.stop());
    });
  }

  readonly code = computed(() => {
    const message = messageOf(this.text.value);
    if (!message) return undefined;
    const { endpoint, session } = this;
    const [monitor, url] = [endpointUrl("monitor", ""), endpointUrl(endpoint.value, session.value)];
    const subject = { message, endpoint: endpoint.value, monitor, url, session: session.value };
    return asCode(this.language.value, subject);
  });

  get messages() {
    return messagesOf(this.endpoint.value);
  }

  /** The position of the last event, bookmark or snapshot that came. */
  get since(): string {
    const { entries } = this.log;
    for (let at = entries.length - 1; at >= 0 && at > entries.length - 500; at -= 1) {
      const entry = entries[at];
      const cursor = entry?.kind === "received" ? /"cursor":"([^"]+)"/.exec(entry.text)?.[1] : undefined;
      if (cursor) this.#since = cursor;
      if (cursor) break;
    }
    return this.#since;
  }

  connect(): void {
    this.names.stop();
    this.keep(this.keepsToken.value);
    const { endpoint, session, binary, method, token } = this;
    void this.connection.connect({
      endpoint: endpoint.value,
      session: session.value,
      binary: binary.value,
      method: method.value,
      token: token.value.trim(),
    });
  }

  disconnect(): void {
    this.connection.close();
  }

  /** Whether the token outlives a reload of this page. */
  keep(keeps: boolean): void {
    this.keepsToken.value = keeps;
    const token = this.token.value.trim();
    if (keeps && token) sessionStorage.setItem(KEPT, token);
    else sessionStorage.removeItem(KEPT);
  }

  /** A message of a kind, as it is begun with. */
  template(kind: Kind): string {
    this.#lastId += 1;
    return pretty(this.messages.template(kind, this.#lastId, (path) => this.#example(path)));
  }

  /** Says what stands in the editor, as it is: what is wrong with it the server says. */
  send(): void {
    const text = this.text.value;
    if (!text.trim()) {
      this.said.value = "There is no message to send.";
      return;
    }
    const isSent = this.connection.send(text);
    this.said.value = isSent ? "The message was sent." : "It was not sent: there is no connection. Connect first.";
  }

  /** Puts a text where programs take it from. */
  async copy(text: string, what: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      this.said.value = `${what} copied.`;
    } catch {
      this.said.value = `${what} could not be copied: the browser does not allow it here. Select the text and copy it by hand.`;
    }
  }

  show(filter: string): void {
    this.log.look(filter, this.log.direction.value);
  }

  /** Values of what there is, so that a message can be sent as it stands. */
  #example(path: ReadonlyArray<string>): unknown {
    const session = this.names.sessions[0]?.name ?? "";
    switch (path.join(".")) {
      case "target":
        return { session };
      case "filters.types":
        return ["pane.*", "window.*", "session.*", "agent.*"];
      case "events.[]":
        return { type: "x.example.note", data: { text: "by hand" } };
      case "keys":
        return ["Enter"];
      case "scrollback":
        return 100;
      case "pane":
        return this.names.panes[0]?.id ?? "%0";
      case "cols":
        return 80;
      case "rows":
        return 24;
      default:
        return undefined;
    }
  }
}

/** JSON as people read it: short objects and lists in one line. */
export function pretty(value: unknown, indent = ""): string {
  const short = JSON.stringify(value) ?? "";
  const isNested = typeof value === "object" && value !== null && Object.keys(value).length > 0;
  if (!isNested) return short;
  const inner = `${indent}  `;
  const spaced = spacedOut(value);
  const isTop = indent === "";
  if (!isTop && inner.length + spaced.length <= 60) return spaced;
  if (Array.isArray(value)) {
    return `[\n${value.map((one) => inner + pretty(one, inner)).join(",\n")}\n${indent}]`;
  }
  const fields = Object.entries(value).map(([name, of]) => `${inner}${JSON.stringify(name)}: ${pretty(of, inner)}`);
  return `{\n${fields.join(",\n")}\n${indent}}`;
}

/** JSON in one line, with spaces. */
export function spacedOut(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spacedOut).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value).map(([name, of]) => `${JSON.stringify(name)}: ${spacedOut(of)}`);
    return fields.length > 0 ? `{ ${fields.join(", ")} }` : "{}";
  }
  return JSON.stringify(value) ?? "";
}

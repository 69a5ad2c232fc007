import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  Client,
  type ClientOptions,
  type EventStream,
  type Filters,
  MuxwireError,
  type OpenOptions,
  type Pane,
  type SnapshotMessage,
  type State,
  type Target,
  type Terminal,
  Tmux,
  Unauthorized,
} from "../../src/index.js";
import { call } from "./calls.js";
import { type Connection, Fake } from "./fake.js";
import { ROOT } from "./world.js";

type Json = Record<string, unknown>;
/** A scenario as tests/conformance/README.md describes it. */
export interface Scenario {
  about: string;
  only?: string[];
  client?: Json;
  part?: Json;
  steps: Json[];
}

/** What scenarios have said, to be compared with all that there is. */
export const covered = { actions: new Set<string>(), called: new Set<string>(), types: new Set<string>() };

const STEP = 5_000;

/** Plays one scenario. */
export class Play {
  readonly #scenario: Scenario;
  readonly #fake: Fake;
  readonly #client: Client;
  readonly #reports: Array<{ type: string; [field: string]: unknown }> = [];
  readonly #same = new Map<string, unknown>();
  readonly #ids = new Map<string, unknown>();
  readonly #asked = new Map<string, Promise<unknown>>();
  #part: AsyncIterator<unknown> | undefined;
  #stream: EventStream | undefined;
  #state: State | undefined;
  #ending: Pane | Terminal | EventStream | undefined;
  #terminal: Terminal | undefined;
  #connecting: Promise<unknown> | undefined;
  #connection: Connection | undefined;
  #lastId: unknown;
  readonly #epoch = "e1";

  private constructor(scenario: Scenario, fake: Fake) {
    this.#scenario = scenario;
    this.#fake = fake;
    this.#client = new Client(fake.url, options(scenario.client ?? {}));
    for (const type of ["connecting", "connected", "disconnected"] as const) {
      this.#client.on(type, (report) => {
        const error = report instanceof MuxwireError ? { code: report.code, reason: report.message } : report;
        this.#reports.push({ ...error, type });
      });
    }
  }

  static async run(scenario: Scenario): Promise<void> {
    const fake = await Fake.start();
    const play = new Play(scenario, fake);
    try {
      play.#begin(scenario.part ?? {});
      for (const [index, step] of scenario.steps.entries()) {
        await within(play.#step(step), `step ${index}: ${JSON.stringify(step).slice(0, 200)}`);
      }
      await within(play.#end(), "the end");
    } finally {
      await play.#client.close();
      fake.stop();
    }
  }

  #begin({ events, state, open, terminal }: Json): void {
    if (events) {
      const { filters, ...rest } = events as { filters?: Filters };
      this.#stream = this.#client.events(filters, rest);
      this.#part = this.#stream;
      this.#ending = this.#stream;
    } else if (state) {
      this.#state = this.#client.state();
    } else if (open) {
      const { target, ...rest } = open as { target: Target } & OpenOptions;
      const pane = this.#client.open(target, rest);
      this.#part = pane;
      this.#ending = pane;
    } else if (terminal) {
      const { session, ...rest } = terminal as { session: string };
      this.#terminal = this.#client.terminal(session, rest);
      this.#part = this.#terminal;
      this.#ending = this.#terminal;
    } else {
      this.#connecting = this.#client.connect();
      this.#connecting.catch(() => undefined);
    }
  }

  /** No item is left that was not named. */
  async #end(): Promise<void> {
    if (!this.#part || this.#scenario.steps.some((step) => "ends" in step || "fails" in step)) return;
    const next = this.#part.next();
    const rest = await Promise.race([next, new Promise((done) => setTimeout(done, 50, undefined))]);
    assert.equal(rest, undefined, "an item is left");
    await this.#client.close();
    await next.catch(() => undefined);
  }

  async #step(step: Json): Promise<void> {
    const kind = Object.keys(step).find((key) => key in this.#kinds);
    assert.ok(kind, "a step of an unknown kind");
    await this.#kinds[kind]?.(step[kind] as never, step);
  }

  readonly #kinds: Record<string, (value: never, step: Json) => Promise<void> | void> = {
    let_in: (value: Json) => this.#letIn(value),
    accept: (value: Json) => this.#accept(value),
    send: (message: Json) => this.#send(filled(message, this.#epoch)),
    send_text: (text: string) => this.#there.send(text),
    send_binary: (hex: string) => this.#there.send(Buffer.from(hex, "hex")),
    send_lines: (file: string) => {
      for (const line of lines(file)) this.#send(line);
    },
    expect: (message: Json, step: Json) => this.#expect(message, step.as),
    expect_binary: async (hex: string) => {
      const said = await this.#there.said.next();
      assert.deepEqual(said, { bytes: Buffer.from(hex, "hex") });
    },
    reply: (message: Json, step: Json) => {
      const id = step.to === undefined ? this.#lastId : this.#ids.get(String(step.to));
      this.#send({ ...message, ...(id === undefined ? {} : { id }) });
    },
    close: (code: number, step: Json) => this.#there.close(code, String(step.reason ?? "")),
    cut: () => this.#there.cut(),
    closed: async (code: number) => {
      for (;;) {
        const said = await this.#there.said.next();
        if (!("closed" in said)) continue;
        return assert.equal(said.closed, code);
      }
    },
    yields: async (items: Json[]) => {
      for (const item of items) await this.#yields(item);
    },
    yields_lines: async (file: string) => {
      for (const line of lines(file)) assert.deepEqual((await this.#part?.next())?.value, line);
    },
    ends: async (reason: string) => {
      assert.equal((await this.#part?.next())?.done, true);
      if (this.#ending && "ended" in this.#ending) assert.equal(this.#ending.ended, reason);
    },
    fails: async (code: string) => {
      const waits = this.#part ? this.#part.next() : (this.#state?.ready ?? this.#connecting);
      await assert.rejects(Promise.resolve(waits), { code });
    },
    cursor: (cursor: unknown) => assert.deepEqual(this.#stream?.cursor, cursor),
    ask: (message: { action: string }, step: Json) => {
      const reply = this.#client.request(message, (step.options ?? {}) as object);
      reply.catch(() => undefined);
      this.#asked.set(String(step.as), reply);
    },
    call: (message: { action: string }, step: Json) => {
      const reply = call(this.#client, message);
      reply.catch(() => undefined);
      covered.called.add(message.action);
      this.#asked.set(String(step.as), reply);
    },
    answer: async (message: Json, step: Json) => {
      this.#matches(await this.#asked.get(String(step.of)), message, true);
    },
    refused: async (fields: Json, step: Json) => {
      const error = await this.#asked.get(String(step.of))?.then(
        () => undefined,
        (error: unknown) => error,
      );
      assert.ok(error instanceof MuxwireError, "it was not refused");
      this.#matches(error, fields, true);
    },
    reports: (report: Json) => this.#reported(report),
    state: (state: Json) => this.#becomes(state),
    state_of: (snapshot: SnapshotMessage) => {
      const tmux = new Tmux();
      tmux.replace(snapshot);
      return this.#becomes(plain(tmux));
    },
    write: (text: string, step: Json) =>
      this.#tries(step, () =>
        this.#terminal?.write(text, step.paste === undefined ? {} : { paste: step.paste === true }),
      ),
    resize: ([cols, rows]: [number, number], step: Json) => this.#tries(step, () => this.#terminal?.resize(cols, rows)),
    stop: () => {
      (this.#ending ?? this.#state)?.close();
    },
  };

  get #there(): Connection {
    assert.ok(this.#connection, "no connection was accepted");
    return this.#connection;
  }

  async #letIn({ token, hello, auth, ...accept }: Json): Promise<void> {
    await this.#accept(accept);
    const required = auth !== false;
    const greeting = {
      type: "hello",
      protocol: 1,
      server: "muxwire/0.1.0",
      host: "h",
      epoch: this.#epoch,
      seq: 5,
      auth_required: required,
      features: [],
    };
    this.#send({ ...greeting, ...(hello as Json) });
    if (!required) return;
    await this.#expect({ action: "auth", token: token ?? this.#scenario.client?.token }, undefined);
    const response = { type: "auth.response", success: true, permissions: ["read", "write"], client_id: "c1" };
    const id = this.#lastId === undefined ? {} : { id: this.#lastId };
    this.#send({ ...response, ...id, ...(auth as Json) });
  }

  async #accept({ path = "/monitor", offers, gets }: Json): Promise<void> {
    this.#connection = await this.#fake.next();
    assert.equal(this.#connection.path, path);
    if (offers) assert.deepEqual(this.#connection.offers, offers);
    assert.equal(gets ?? this.#connection.offers[0], this.#connection.offers[0], "this runner takes the first offer");
  }

  #send(message: Json): void {
    covered.types.add(String(message.type));
    this.#there.send(JSON.stringify(message));
  }

  async #expect(expected: Json, as: unknown): Promise<void> {
    const passed = ["ack", "ping"].filter((action) => action !== expected.action && action !== expected.type);
    for (;;) {
      const said = await this.#there.said.next();
      assert.ok("text" in said, `the client said ${JSON.stringify(said)}`);
      const { id, ...message } = JSON.parse(said.text) as Json;
      if (passed.includes(String(message.action ?? message.type))) continue;
      covered.actions.add(String(message.action ?? `terminal ${message.type}`));
      this.#matches("id" in expected ? { id, ...message } : message, expected, false);
      this.#lastId = id;
      if (as !== undefined) this.#ids.set(String(as), id);
      return;
    }
  }

  async #yields(expected: Json): Promise<void> {
    const { value, done } = (await this.#part?.next()) ?? {};
    assert.equal(done, false, `the iterator ended in front of ${JSON.stringify(expected)}`);
    this.#matches(value, expected, true);
  }

  async #reported(expected: Json): Promise<void> {
    for (;;) {
      const index = this.#reports.findIndex(({ type }) => type === expected.type);
      if (index < 0) {
        await new Promise((done) => setTimeout(done, 5));
        continue;
      }
      const [report] = this.#reports.splice(0, index + 1).slice(index);
      return this.#matches(report, expected, true);
    }
  }

  async #becomes(expected: Json): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      const state = plain(this.#state as Tmux);
      if (JSON.stringify(state, ordered) === JSON.stringify(expected, ordered)) return;
      // The last time says what is different.
      if (tries > 200) assert.deepEqual(state, expected);
      await new Promise((done) => setTimeout(done, 5));
    }
  }

  #tries(step: Json, act: () => void): void {
    if (step.refused === undefined) return act();
    assert.throws(act, { code: step.refused });
  }

  /** Compares; with `part`, fields that are not named may be there. */
  #matches(value: unknown, expected: unknown, part: boolean): void {
    assert.deepEqual(this.#shown(value, expected, part), expected, JSON.stringify(value));
  }

  /** The value in the form of what is expected of it. */
  #shown(value: unknown, expected: unknown, part: boolean): unknown {
    if (value instanceof Uint8Array) {
      const bytes = Buffer.from(value);
      return typeof expected === "string" ? bytes.toString() : { $hex: bytes.toString("hex") };
    }
    if (typeof expected !== "object" || expected === null) return value;
    if ("$same" in expected) {
      const name = String(expected.$same);
      if (!this.#same.has(name)) this.#same.set(name, value);
      return JSON.stringify(this.#same.get(name)) === JSON.stringify(value) ? expected : value;
    }
    if (typeof value !== "object" || value === null || Array.isArray(value) || Array.isArray(expected)) return value;
    const fields = part ? Object.keys(expected) : Object.keys(value);
    const shown = fields.map((field) => [field, this.#shown((value as Json)[field], (expected as Json)[field], part)]);
    return Object.fromEntries(shown.filter(([, field]) => field !== undefined));
  }
}

function options({ tokens, ...given }: Json): ClientOptions {
  const left = [...((tokens as unknown[] | undefined) ?? [])];
  const getToken = (): string | { ticket: string } => {
    const next = left.shift() as string | { ticket: string } | { error: string };
    if (typeof next === "object" && "error" in next) {
      throw next.error === "Unauthorized" ? new Unauthorized() : new Error(next.error);
    }
    return next;
  };
  return { ...given, random: () => 0, ...(tokens ? { getToken } : {}) };
}

/** A message with what scenarios need not repeat. */
function filled(message: Json, epoch: string): Json {
  const isEvent = typeof message.seq === "number" && message.cursor === undefined && message.type !== "hello";
  if (!isEvent || message.type === "bookmark") return message;
  return { timestamp: "2026-11-20T05:00:00.123Z", host: "h", epoch, data: {}, ...message };
}

function lines(file: string): Json[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Json)
    .map((line, index) => ("seq" in line ? { ...line, seq: index + 1 } : line));
}

function plain(tmux: Tmux): Json {
  const { server, sessions, windows, panes, clients, buffers } = tmux;
  const maps = { sessions, windows, panes, clients, buffers };
  const objects = Object.entries(maps).map(([name, map]) => [name, Object.fromEntries(map as Map<string, unknown>)]);
  return { server, ...Object.fromEntries(objects) };
}

function ordered(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [two]) => (one < two ? -1 : 1)));
}

function within(step: Promise<void>, what: string): Promise<void> {
  return new Promise((done, fail) => {
    const timer = setTimeout(() => fail(new Error(`${what}: not within ${STEP} ms`)), STEP);
    step.then(done, (error: Error) => {
      error.message = `${what}: ${error.message}`;
      fail(error);
    });
    step.finally(() => clearTimeout(timer)).catch(() => undefined);
  });
}

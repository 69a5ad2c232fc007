import assert from "node:assert/strict";
import { appendFileSync, chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Client, type ClientOptions, type PaneItem, type StreamItem } from "../src/index.js";
import { CuttingProxy } from "./support/proxy.js";
import { asShown, Screen } from "./support/screen.js";
import { ROOT, until, World } from "./support/world.js";

let world: World;
before(async () => {
  world = await World.start();
  await world.run("respawn-pane", "-k", "-t", "keep:", "exec cat");
});
after(() => world.stop());

async function withClient(
  options: ClientOptions,
  play: (client: Client, proxy: CuttingProxy) => Promise<void>,
): Promise<void> {
  const proxy = await CuttingProxy.start(world.url);
  const client = new Client(proxy.url, { token: world.token, ...options });
  try {
    await play(client, proxy);
  } finally {
    await client.close();
    proxy.close();
  }
}

const type = (text: string) => world.run("send-keys", "-t", "keep:", text, "Enter");
const shown = async () =>
  asShown(
    await world.run("capture-pane", "-p", "-t", "keep:"),
    await world.run("display-message", "-p", "-t", "keep:", "#{cursor_x},#{cursor_y}"),
  );

/** Takes all that an iterator yields, for as long as it does. */
function collect<T>(iterator: AsyncIterable<T>, take: (item: T) => unknown): void {
  const run = async () => {
    for await (const item of iterator) await take(item);
  };
  run().catch(() => undefined);
}

test("a restart of the server is a lost item with a snapshot, and a fresh screen", () =>
  withClient({}, async (client) => {
    const [items, parts, screen]: [StreamItem[], PaneItem[], Screen] = [[], [], new Screen()];
    collect(client.events({ types: ["window.*"] }), (item) => items.push(item));
    collect(client.open("%0"), async (part) => {
      parts.push(part);
      await screen.take(part);
    });
    const state = client.state();
    await state.ready;
    await until("the pane shows", () => parts.length > 0);
    await world.run("new-window", "-d", "-n", "before", "-t", "keep:", "cat");
    await until("the window is there", () => items.length > 0);
    await world.endServer();
    await type("while it was away");
    await world.run("new-window", "-d", "-n", "meanwhile", "-t", "keep:", "cat");
    await world.serve();
    await until("the loss is told", () => items.some(({ type: kind }) => kind === "lost"));
    const lost = items.find((item) => item.type === "lost");
    const windows = lost?.snapshot.sessions.flatMap((session) => session.windows.map(({ name }) => name));
    assert.ok(windows?.includes("meanwhile"), JSON.stringify(windows));
    await until("the state has it", () => [...state.windows.values()].some(({ name }) => name === "meanwhile"));
    await until("the screen is as tmux's", async () => screen.shown === (await shown()));
  }));

test("a restart of a server that keeps its log is no loss", async () => {
  const kept = await World.start({ MUXWIRE_HISTORY_ENABLED: "true" });
  const client = new Client(kept.url, { token: kept.token });
  try {
    const items: StreamItem[] = [];
    collect(client.events({ types: ["window.*"] }), (item) => items.push(item));
    const told = (name: string) => items.some((item) => item.type === "window.created" && item.data.name === name);
    await client.state().ready;
    await kept.run("new-window", "-d", "-n", "before", "-t", "keep:", "cat");
    await until("the window is told of", () => told("before"));
    await kept.endServer();
    await kept.run("new-window", "-d", "-n", "meanwhile", "-t", "keep:", "cat");
    await kept.serve();
    await until("what happened meanwhile is told", () => told("meanwhile"));
    assert.deepEqual(
      items.filter(({ type: kind }) => kind === "lost"),
      [],
    );
  } finally {
    await client.close();
    await kept.stop();
  }
});

test("a pane is the same where only text passes", () =>
  withClient({ binary: false }, async (client, proxy) => {
    const screen = new Screen();
    const pane = client.open("%0", { ackWindow: 4096 });
    collect(pane, (part) => screen.take(part));
    for (let times = 0; times < 5; times += 1) {
      await type(`日本語 é ${times}`);
      if (times % 2 === 0) proxy.cut();
    }
    await until("the screen is as tmux's", async () => pane.offset !== undefined && screen.shown === (await shown()));
  }));

// Until then the server sends no other one, so a burst larger than the window could leave the pane standing still.
test("a second snapshot at an offset is acknowledged too", () =>
  withClient({}, async (client) => {
    const burst = "stty raw -echo; printf begin; while read go; do seq 9000; printf 'end of %s' $go; done";
    const target = (await world.run("new-session", "-dPF", "#{pane_id}", "-s", "burst", burst)).trim();
    await until("it is streamed", async () =>
      (await client.snapshot()).sessions.some(({ name, streamed }) => name === "burst" && streamed),
    );
    const items: PaneItem[] = [];
    collect(client.open(target, { ackWindow: 4096 }), (item) => items.push(item));
    const has = (cols: number) => items.some((item) => item.type === "snapshot" && item.cols === cols);
    await until("the first snapshot", () => items.some(({ type: kind }) => kind === "snapshot"));
    const bytes = () => Buffer.concat(items.map((item) => ("bytes" in item ? item.bytes : new Uint8Array())));
    for (let cols = 70; cols < 75; cols += 1) {
      await world.run("resize-window", "-t", target, "-x", String(cols));
      await until("another one at the same offset", () => has(cols));
      await client.sendKeys(target, { text: `${cols}\n` });
      await until("the end", () => bytes().includes(`end of ${cols}`));
    }
    assert.ok(items.some(({ type: kind }) => kind === "lagged"));
    await world.run("kill-session", "-t", "burst");
  }));

test("regression: a pane that is closed while it is opened again stays open for the other", () =>
  withClient({}, async (client) => {
    const items: PaneItem[] = [];
    const text = () => Buffer.concat(items.map((item) => ("bytes" in item ? item.bytes : new Uint8Array()))).toString();
    const first = client.open({ session: "keep" });
    await first[Symbol.asyncIterator]().next();
    const never = client.open({ session: "keep" });
    const last = client.open({ session: "keep" });
    // One is open, and the other is being opened.
    first.close();
    never.close();
    collect(last, (item) => items.push(item));
    await until("it is open", () => items.length > 0);
    // Whatever closes a pane has been heard before this is answered.
    await client.snapshot();
    await type("still here");
    await until("it prints", () => text().split("still here").length > 2);
    assert.equal(last.ended, undefined);
    last.close();
    // Nobody has it open any more, and it is closed.
    const again = client.open({ session: "keep" });
    collect(again, () => undefined);
    await until("it can be opened again", () => again.isOpen);
  }));

test("a history comes with the snapshot", () =>
  withClient({}, async (client) => {
    await world.run("new-session", "-d", "-s", "long", "-x", "80", "-y", "24", "seq 2000; exec cat");
    await until("it has printed", async () => (await world.run("capture-pane", "-p", "-t", "long:")).includes("2000"));
    for await (const part of client.open({ session: "long" }, { scrollback: 10_000 })) {
      assert.equal(part.type, "snapshot");
      if (part.type !== "snapshot") continue;
      assert.match(Buffer.from(part.bytes).toString(), /l1\r\n2\r\n3\r\n/);
      assert.ok(part.message.data.scrollback.pages > 1);
      break;
    }
    await world.run("kill-session", "-t", "long");
  }));

test("a terminal types, over connections that are cut", () =>
  withClient({}, async (client, proxy) => {
    const screen = new Screen();
    const terminal = client.terminal("keep");
    let isConnected = 0;
    collect(terminal, async (item) => {
      if (item.type === "connect") isConnected += 1;
      if (item.type === "replay" || item.type === "output") await screen.write(item.bytes);
    });
    await until("it is connected", () => isConnected === 1);
    terminal.write("typed once\r");
    await until("it is shown", () => screen.shown.includes("typed once"));
    proxy.cut();
    await until("what can't be typed is refused", () => {
      try {
        terminal.write("");
        terminal.resize(80, 24);
        return false;
      } catch (error) {
        return (error as { code?: string }).code === "NOT_CONNECTED";
      }
    });
    await until("it is connected again", () => isConnected === 2);
    terminal.write("typed twice\r");
    await until("the screen is as tmux's", async () => {
      const screenShown = await shown();
      return screenShown.includes("typed twice") && screen.shown === screenShown;
    });
  }));

test("what is typed while connections are cut is typed once", () =>
  withClient({ random: () => 0 }, async (client, proxy) => {
    const target = (
      await world.run("new-window", "-d", "-P", "-F", "#{pane_id}", "-t", "keep:", "exec cat >/dev/null")
    ).trim();
    await until("it is listed", async () =>
      (await client.snapshot()).sessions.some(({ windows }) =>
        windows.some(({ panes }) => panes.some(({ id }) => id === target)),
      ),
    );
    const lines = Array.from({ length: 20 }, (_, line) => `line ${line}.`);
    const answers = [];
    for (const [index, line] of lines.entries()) {
      answers.push(client.command(target, line));
      if (index % 5 === 2) await answers.at(-1);
      if (index % 4 === 3) proxy.cut();
    }
    for (const answer of await Promise.all(answers)) assert.equal(answer.success, true);
    await until("all is typed", async () => (await world.run("capture-pane", "-p", "-t", target)).includes("line 19."));
    const typed = (await world.run("capture-pane", "-p", "-t", target)).split("\n").filter(Boolean);
    assert.deepEqual(typed, lines);
  }));

test("who may not do something is told so", async () => {
  const token = world.newToken("--name", "reader");
  await until("the server knows the token", async () => {
    const first = new Client(world.url, { token });
    const isKnown = await first.connect().then(
      () => true,
      () => false,
    );
    await first.close();
    return isKnown;
  });
  const client = new Client(world.url, { token });
  await assert.rejects(client.command("%0", "x"), { code: "PERMISSION_DENIED", retryable: false });
  await assert.rejects(client.clients(), { code: "PERMISSION_DENIED" });
  await client.close();
});

test("an admin sees who is connected, and ends a connection", async () => {
  const [admin, other] = [new Client(world.url, { token: world.token }), new Client(world.url, { token: world.token })];
  const { clientId } = await other.connect();
  const ended = new Promise((done) => other.on("disconnected", done));
  assert.ok((await admin.clients()).clients.some(({ client_id }) => client_id === clientId));
  await admin.disconnect(String(clientId), "maintenance");
  const error = (await ended) as { code: string; message: string };
  assert.equal(error.code, "DISCONNECTED");
  assert.match(error.message, /maintenance/);
  assert.equal((await admin.stats()).type, "stats");
  await admin.close();
  await other.close();
});

/** Starts a stand-in for Claude Code that takes prompts as that does, and gives its pane. */
async function fakeAgent(): Promise<{ pane: string; told(line: string): void; log(): unknown[] }> {
  // A process is named after its program, and only so is it known for an agent.
  const [program, fifo, log] = ["claude", "told", "given"].map((name) => join(world.folder, name)) as [
    string,
    string,
    string,
  ];
  const python = (await world.run("run-shell", "python3 -c 'import sys; print(sys.executable)'")).trim();
  writeFileSync(program, `#!${python}\n${readFileSync(join(ROOT, "tests/agents/claude.py"), "utf8")}`);
  chmodSync(program, 0o755);
  const command = `mkfifo ${fifo}; exec ${program} ${fifo} ${log}`;
  const size = ["-x", "120", "-y", "35"];
  const pane = (await world.run("new-session", "-dPF", "#{pane_id}", "-s", "work", ...size, command)).trim();
  await until("the agent is there", () => existsSync(`${fifo}.pid`));
  return {
    pane,
    told: (line) => appendFileSync(fifo, `${line}\n`),
    log: () =>
      readFileSync(log, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
  };
}

test("agents are prompted and answered", () =>
  withClient({}, async (client) => {
    const { pane, told, log } = await fakeAgent();
    const state = client.state();
    await state.ready;
    const agent = () => state.panes.get(pane)?.agent;
    await until("the agent is ready", () => agent()?.status === "ready");
    const given = await client.prompt(pane, "first\nsecond", { timeout_ms: 20_000 });
    assert.ok(given.submitted, JSON.stringify(given));
    await until("it is ready again", () => agent()?.status === "ready");
    told("ask rm");
    await until("it asks", () => agent()?.dialog !== undefined);
    assert.deepEqual((await client.seen(pane)).panes, [pane]);
    await until("it is seen", () => agent()?.seen === true);
    assert.equal((await client.explain(pane)).grounds?.status, "waiting");
    const fingerprint = String(agent()?.dialog?.fingerprint);
    const refused = await client.prompt(pane, "not now");
    assert.deepEqual([refused.submitted, refused.reason, refused.dialog], [false, "dialog", fingerprint]);
    const other = await client.answer(pane, "0123456789abcdef", 1);
    assert.deepEqual([other.answered, other.reason], [false, "other_dialog"]);
    const answered = await client.answer(pane, fingerprint, "no", { timeout_ms: 20_000 });
    assert.ok(answered.answered, JSON.stringify(answered));
    assert.deepEqual(log(), [{ prompt: "first\nsecond" }, { asked: "rm", chosen: 3 }]);
    await world.run("kill-session", "-t", "work");
  }));

test("events of the program's own are events", () =>
  withClient({}, async (client) => {
    const items: StreamItem[] = [];
    const stream = client.events({ types: ["task.*"] });
    collect(stream, (item) => items.push(item));
    await until("it has begun", () => stream.cursor !== undefined);
    const task = { task: "t-7", title: "fix the parser", status: "running" };
    const events = [{ type: "task.started", target: { session: "keep" }, data: task }];
    const { seq } = await client.emit(events, { key: "b1" });
    await until("it came", () => items.length > 0);
    const [item] = items as unknown as Array<{ seq: number; data: object; session: string }>;
    assert.deepEqual([item?.seq, item?.data, item?.session], [seq, task, "keep"]);
    const again = await client.emit(events, { key: "b1" });
    assert.deepEqual([again.seq, again.repeated], [seq, true]);
    await assert.rejects(client.emit([{ type: "pane.output", data: {} }]), { code: /^INVALID_/ });
  }));

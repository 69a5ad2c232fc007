import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { inspect } from "node:util";
import { Client, type ClientOptions, type Connecting } from "../src/index.js";
import { type Connection, Fake } from "./support/fake.js";
import { until } from "./support/world.js";

const HELLO = {
  type: "hello",
  protocol: 1,
  server: "muxwire/0.1.0",
  host: "h",
  epoch: "e1",
  seq: 5,
  auth_required: true,
};

interface Scene {
  fake: Fake;
  client: Client;
  reports: Connecting[];
}

async function scene(options: ClientOptions, play: (scene: Scene) => Promise<void>): Promise<void> {
  const fake = await Fake.start();
  const client = new Client(fake.url, { random: () => 0, ...options });
  const reports: Connecting[] = [];
  client.on("connecting", (report) => reports.push(report));
  try {
    await play({ fake, client, reports });
  } finally {
    await client.close();
    fake.stop();
  }
}

async function said(connection: Connection): Promise<Record<string, unknown>> {
  const next = await connection.said.next();
  assert.ok("text" in next, JSON.stringify(next));
  return JSON.parse(next.text) as Record<string, unknown>;
}

/** Lets the next connection in, and gives it and the token that it came with. */
async function letIn(fake: Fake, more: object = {}): Promise<[Connection, unknown]> {
  const connection = await fake.next();
  connection.send(JSON.stringify(HELLO));
  const { token } = await said(connection);
  const response = { type: "auth.response", success: true, permissions: ["read"], client_id: "c1", ...more };
  connection.send(JSON.stringify(response));
  return [connection, token];
}

test("a server that says nothing is asked, and dropped if it stays silent", () =>
  scene({ token: "mw_a", limits: { quiet: 60, pong: 60 } }, async ({ fake, client, reports }) => {
    client.connect().catch(() => undefined);
    const [connection] = await letIn(fake);
    assert.deepEqual(await said(connection), { action: "ping" });
    connection.send('{"type":"pong"}');
    assert.deepEqual(await said(connection), { action: "ping" });
    assert.equal(reports.length, 0, "it answered");
    await until("the connection is dropped", () => reports.length === 1);
    assert.match(String(reports[0]?.reason), /nothing was heard/);
    await letIn(fake);
  }));

test("a server that never greets is dropped", () =>
  scene({ token: "mw_a", limits: { answer: 60 } }, async ({ fake, client, reports }) => {
    client.connect().catch(() => undefined);
    await fake.next();
    await until("the connection is dropped", () => reports.length === 1);
    assert.match(String(reports[0]?.reason), /does not greet/);
  }));

test("what waits connects at once when it is woken, and what is connected is tried", () =>
  scene({ token: "mw_a", limits: { woken: 60 } }, async ({ fake, client, reports }) => {
    client.connect().catch(() => undefined);
    const [first] = await letIn(fake);
    first.send('{"type":"shutdown","retry_after_ms":60000}');
    first.close(4001, "");
    await until("it waits", () => reports.length === 1);
    assert.equal(reports[0]?.retryIn, 60_000);
    client.wake();
    const [second] = await letIn(fake);
    await until("it is connected", () => client.status === "connected");
    client.wake();
    assert.deepEqual(await said(second), { action: "ping" });
    await until("the connection that slept is dropped", () => reports.length === 2);
  }));

test("a token that is about to end is renewed on the open connection", () => {
  const reasons: string[] = [];
  const getToken = (reason: string) => {
    reasons.push(reason);
    return `mw_${reasons.length}`;
  };
  return scene({ getToken }, async ({ fake, client }) => {
    client.connect().catch(() => undefined);
    const expires = new Date(Date.now() + 400).toISOString();
    const [connection, token] = await letIn(fake, { expires });
    assert.equal(token, "mw_1");
    assert.deepEqual(await said(connection), { action: "auth", token: "mw_2" });
    assert.deepEqual(reasons, ["first", "expiring"]);
  });
});

test("links that need a token at the same time ask once", () => {
  let asked = 0;
  const getToken = async () => {
    asked += 1;
    await new Promise((done) => setTimeout(done, 30));
    return "mw_a";
  };
  return scene({ getToken }, async ({ fake, client }) => {
    client.events();
    client.events();
    client.connect().catch(() => undefined);
    for (let times = 0; times < 3; times += 1) assert.equal((await letIn(fake))[1], "mw_a");
    assert.equal(asked, 1);
    await until("all are connected", () => client.status === "connected");
  });
});

test("addresses that hold secrets or lead nowhere are refused", () => {
  for (const url of ["ws://me:secret@box/", "ws://box/monitor?token=mw_a", "ftp://box", "box"]) {
    assert.throws(() => new Client(url), { code: "INVALID_ARGUMENT" }, url);
  }
  assert.throws(() => new Client("ws://box", { token: "a", getToken: () => "b" }), { code: "INVALID_ARGUMENT" });
});

test("a token shows nowhere", async () => {
  const client = new Client("ws://127.0.0.1:9", { token: "mw_secret" });
  assert.ok(!inspect(client, { depth: 10, showHidden: true }).includes("mw_secret"));
  assert.ok(!JSON.stringify(client).includes("mw_secret"));
});

test("an address that refuses the handshake ends it, where the answer can be seen", async () => {
  const server = createServer((_, response) => response.writeHead(403).end("no"));
  server.on("upgrade", (_, socket) => socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as { port: number };
  const client = new Client(`ws://127.0.0.1:${port}`, { token: "mw_a" });
  await assert.rejects(client.connect(), { code: "REFUSED" });
  assert.equal(client.status, "disconnected");
  server.close();
});

test("what waits ends when the client is closed", () =>
  scene({ token: "mw_a" }, async ({ fake, client }) => {
    const stream = client.events();
    const pane = client.open("%1");
    const state = client.state();
    const waits = [stream.next(), pane.next(), state.ready, client.stats(), client.connect()];
    const outcomes = Promise.allSettled(waits);
    await letIn(fake);
    await client.close();
    for (const outcome of await outcomes) {
      assert.equal(outcome.status === "rejected" && outcome.reason.code, "CLOSED");
    }
    assert.throws(() => client.events(), { code: "CLOSED" });
    await assert.rejects(client.stats(), { code: "CLOSED" });
  }));

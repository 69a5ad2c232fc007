import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff } from "../src/backoff.js";
import { Client } from "../src/index.js";
import { Fake } from "./support/fake.js";
import { until } from "./support/world.js";

test("waits grow from a tenth of a second to five, and begin anew", () => {
  const [least, most] = [new Backoff(() => 0), new Backoff(() => 1)];
  for (const expected of [200, 400, 800, 1600, 3200, 5000, 5000]) {
    assert.equal(least.next(), 100);
    assert.equal(most.next(), expected);
  }
  most.reset();
  assert.equal(most.next(), 200);
});

test("a server may ask for more, once and not for ever", () => {
  const backoff = new Backoff(() => 0);
  backoff.ask(1000);
  backoff.ask(300);
  assert.equal(backoff.next(), 1000);
  assert.equal(backoff.next(), 100);
  backoff.ask(Number.MAX_SAFE_INTEGER);
  assert.equal(backoff.next(), 60_000);
});

test("to be let in and to have subscribed is no progress, what comes then is", async () => {
  const fake = await Fake.start();
  const client = new Client(fake.url, { random: () => 1 });
  const waits: number[] = [];
  client.on("connecting", ({ retryIn }) => waits.push(retryIn));
  const stream = client.events();
  const hello = { type: "hello", protocol: 1, server: "muxwire/0.1.0", host: "h", auth_required: false };
  const position = { epoch: "e1", seq: 5, cursor: "1.e1.5" };
  const bookmark = { type: "bookmark", ...position };
  for (const [more, expected] of [
    [[], 200],
    [[], 400],
    [[bookmark], 200],
    [[], 400],
    [[{ type: "pane.bell", epoch: "e1", seq: 6, data: {} }], 200],
  ] as const) {
    const connection = await fake.next();
    connection.send(JSON.stringify(hello));
    await connection.said.next();
    for (const message of [{ type: "subscribed", id: 1, ...position }, ...more])
      connection.send(JSON.stringify(message));
    connection.close(1001, "");
    await until("it waits", () => waits.length > 0);
    assert.equal(waits.pop(), expected);
  }
  stream.close();
  await client.close();
  fake.stop();
});

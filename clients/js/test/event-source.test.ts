import assert from "node:assert/strict";
import { test } from "node:test";
import { EventSource } from "eventsource";
import { until, World } from "./support/world.js";

interface Told {
  type: string;
  session?: string;
  recovered?: boolean;
}

test("an EventSource goes on by itself over a restart, and misses nothing", async () => {
  const world = await World.start({ MUXWIRE_HISTORY_ENABLED: "true" });
  const url = new URL("/api/events?types=session.created", world.url.replace(/^ws/, "http"));
  const authorization = `Bearer ${world.token}`;
  const source = new EventSource(url, {
    fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, authorization } }),
  });
  const told: Told[] = [];
  const closes: unknown[] = [];
  source.onmessage = (message) => told.push(JSON.parse(message.data));
  source.addEventListener("close", (message) => closes.push(JSON.parse(message.data)));
  const begun = () => told.filter((one) => one.type === "subscribed").length;
  const created = () => told.filter((one) => one.type === "session.created").map((one) => one.session);
  try {
    await until("it is subscribed", () => begun() === 1);
    await world.run("new-session", "-d", "-s", "before", "cat");
    await until("the session is told", () => created().length === 1);
    await world.endServer();
    await until("the end is told", () => closes.length === 1);
    await world.run("new-session", "-d", "-s", "meanwhile", "cat");
    await world.serve();
    await until("it is subscribed again", () => begun() === 2);
    await until("both are told", () => created().includes("meanwhile"));
    await world.run("new-session", "-d", "-s", "after", "cat");
    await until("the last is told", () => created().includes("after"));
    assert.deepEqual(created(), ["before", "meanwhile", "after"]);
    assert.equal(told.filter((one) => one.type === "subscribed")[1]?.recovered, true);
    assert.deepEqual(closes, [{ code: 4001, reason: (closes[0] as { reason: string }).reason }]);
  } finally {
    source.close();
    await world.stop();
  }
});

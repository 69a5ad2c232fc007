import assert from "node:assert/strict";
import { test } from "node:test";
import { type Direction, matcher } from "../src/protocol/filter.ts";
import { asLines, type Entry, Log } from "../src/protocol/log.ts";
import { masked, shown } from "../src/protocol/secrets.ts";

const entry = (kind: Entry["kind"], type: string, text: string): Entry => ({
  id: 1,
  at: new Date(0),
  kind,
  type,
  text,
});

test("a filter fits words, types and directions", () => {
  const output = entry("received", "pane.output", '{"type":"pane.output","data":{"content":"Error: it broke"}}');
  const rows: Array<[string, Direction, boolean]> = [
    ["", "both", true],
    ["error", "both", true],
    ["ERROR broke", "both", true],
    ["error whole", "both", false],
    ['"it broke"', "both", true],
    ['"broke it"', "both", false],
    ['"it bro', "both", true],
    ["-error", "both", false],
    ["-whole", "both", true],
    ["type:pane.output", "both", true],
    ["type:pane", "both", false],
    ["type:pane.*", "both", true],
    ["type:*", "both", true],
    ["type:p?ne.output", "both", false],
    ["-type:pane.*", "both", false],
    ["type:PANE.* error -whole", "both", true],
    ["", "received", true],
    ["", "sent", false],
  ];
  for (const [filter, direction, expected] of rows) {
    assert.equal(matcher(filter, direction)(output), expected, `${filter} ${direction}`);
  }
  assert.equal(matcher("", "sent")(entry("problem", "problem", "x")), true);
});

test("secrets are in no entry, and nothing hides in what is shown", () => {
  const rows: Array<[string, string]> = [
    ['{"action":"auth","token":"mw_a_b_c"}', '{"action":"auth","token":"•••"}'],
    ['{ "token" : "a\\"b", "id": 1 }', '{ "token" : "•••", "id": 1 }'],
    ['{"ticket":"kZ0v"}', '{"ticket":"•••"}'],
    ['{"token":"not ended', '{"token":"•••'],
    ["echo mw_4fdc55l7_3nrulb6k42_f6d19sqt x", "echo ••• x"],
    ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.abc-_", "•••"],
    ['{"tokens":12}', '{"tokens":12}'],
  ];
  for (const [text, expected] of rows) assert.equal(masked(text), expected);
  assert.equal(shown("a\u202eb\u0007c\nd\u{e0041}"), "a\\u{202e}b\\u{7}c\nd\\u{e0041}");
});

test("a log that is paused goes on where it was", () => {
  const log = new Log();
  log.add("sent", "ping", '{"action":"ping"}');
  log.pause(true);
  log.add("received", "pong", '{"type":"pong"}');
  log.add("received", "bookmark", '{"type":"bookmark"}');
  assert.deepEqual([log.visible.length, log.waiting], [1, 2]);
  // A filter that changes meanwhile shows nothing that came since.
  log.look("-type:bookmark", "both");
  assert.deepEqual(
    log.visible.map(({ type }) => type),
    ["ping"],
  );
  log.pause(false);
  assert.deepEqual(
    log.visible.map(({ type }) => type),
    ["ping", "pong"],
  );
  log.look("", "received");
  assert.deepEqual(
    log.visible.map(({ type }) => type),
    ["pong", "bookmark"],
  );
  const lines = asLines(log.visible)
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map(({ received }) => received),
    [{ type: "pong" }, { type: "bookmark" }],
  );
  log.clear();
  assert.deepEqual([log.entries.length, log.visible.length, log.waiting], [0, 0, 0]);
});

test("a log that is full keeps the newest, and counts what is gone", () => {
  const log = new Log();
  for (let number = 0; number < 12_000; number += 1) log.add("received", "x", String(number));
  assert.ok(log.entries.length <= 5_000);
  assert.equal(log.dropped + log.entries.length, 12_000);
  assert.equal(log.entries.at(-1)?.text, "11999");
  assert.equal(log.visible.length, log.entries.length);
  for (let number = 0; number < 10; number += 1) log.add("received", "x", "x".repeat(4 << 20));
  assert.ok(log.entries.length <= 5, `${log.entries.length}`);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { asCode, LANGUAGES, type Language, messageOf, pythonValue, quoted } from "../src/protocol/code.ts";
import { HIDDEN } from "../src/protocol/secrets.ts";

const subject = (message: Record<string, unknown>) => ({
  message,
  endpoint: "monitor" as const,
  monitor: "ws://127.0.0.1:8765/monitor",
  url: "ws://127.0.0.1:8765/monitor",
  session: "",
});
const code = (language: Language, message: Record<string, unknown>) => asCode(language, subject(message));

test("the command line has a subcommand where one does just the same", () => {
  const rows: Array<[Record<string, unknown>, string]> = [
    [
      { action: "command", id: 1, target: { session: "api" }, command: "make test" },
      "muxwire send --enter api -- 'make test'",
    ],
    [{ action: "command", target: { pane: "%7" }, command: "it's", key: "k" }, "muxwire send --enter %7 -- 'it'\\''s'"],
    [
      { action: "send-keys", target: { session: "api", window: 2, pane_index: 1 }, keys: ["C-c", "Enter"] },
      "muxwire send api:2.1 --keys C-c Enter",
    ],
    [
      { action: "send-keys", target: { pane: "%7" }, text: "x", cancel_mode: true },
      "muxwire send --cancel-mode %7 -- x",
    ],
    [
      { action: "prompt", target: { pane: "%7" }, text: "run", queue: true, timeout_ms: 5000 },
      "muxwire prompt --queue --timeout 5000ms %7 -- run",
    ],
    [
      { action: "subscribe", filters: { types: ["pane.*"], sessions: ["a b"] }, since: "1.b.9" },
      "muxwire watch --json --type 'pane.*' --session 'a b' --since 1.b.9",
    ],
    [{ action: "snapshot", id: 4 }, "muxwire list --json"],
  ];
  for (const [message, expected] of rows) {
    assert.equal(code("shell", message), `export MUXWIRE_URL=ws://127.0.0.1:8765/monitor\n${expected}\n`);
  }
  // What no subcommand does just so, any client of WebSockets does.
  const others = [
    { action: "subscribe", filters: { panes: ["%7"] } },
    { action: "command", target: { session: "a:b" }, command: "x" },
    { action: "command", target: { pane: "%1" }, command: "x", submit_delay_ms: 5 },
    { action: "snapshot", screen: true },
    { action: "stats" },
  ];
  for (const message of others) assert.match(code("shell", message), /websocat --text --protocol muxwire\.v1/);
  assert.match(
    code("shell", { action: "emit", events: [] }),
    /curl --header @- --data '\{"events":\[\]\}' http:\/\/127\.0\.0\.1:8765\/api\/events/,
  );
});

test("no code holds a token, and all takes it from the same place", () => {
  const secret = "mw_4fdc55l7_3nrulb6k42_f6d19sqt";
  for (const text of [`{"action":"auth","token":"${secret}"}`, '{"action":"auth","ticket":"kZ0v"}']) {
    const message = messageOf(text);
    assert.deepEqual(message, { action: "auth", token: HIDDEN });
    for (const [language] of LANGUAGES) {
      const made = code(language, message ?? {});
      assert.ok(!made.includes(secret) && !made.includes("kZ0v") && !made.includes(HIDDEN), made);
      assert.match(made, /MUXWIRE_TOKEN/);
    }
  }
  for (const text of ["", "{", "[]", "1", "null"]) assert.equal(messageOf(text), undefined);
});

test("programs call the libraries as these are called", () => {
  const target = { pane: "%7" };
  const rows: Array<[Record<string, unknown>, string, string]> = [
    [{ action: "snapshot", id: 1 }, "client.snapshot()", "client.snapshot()"],
    [
      { action: "snapshot", target, screen: true },
      'client.snapshot({ target: { pane: "%7" }, screen: true })',
      'client.snapshot(target={"pane": "%7"}, screen=True)',
    ],
    [
      { action: "command", target, command: "ls" },
      'client.command({ pane: "%7" }, "ls")',
      'client.command({"pane": "%7"}, "ls")',
    ],
    [
      { action: "send-keys", target, keys: ["Up"] },
      'client.sendKeys({ pane: "%7" }, { keys: ["Up"] })',
      'client.send_keys({"pane": "%7"}, keys=["Up"])',
    ],
    [{ action: "subscribe" }, "client.events()", "client.events()"],
    [
      { action: "subscribe", filters: { types: ["x.*"] }, since: "1" },
      'client.events({ types: ["x.*"] }, { since: "1" })',
      'client.events({"types": ["x.*"]}, since="1")',
    ],
    [{ action: "subscribe", since: "1" }, 'client.events({}, { since: "1" })', 'client.events(since="1")'],
    [
      { action: "open", target, scrollback: 9, ack_window: 4096 },
      'client.open({ pane: "%7" }, { scrollback: 9, ackWindow: 4096 })',
      'client.open({"pane": "%7"}, scrollback=9, ack_window=4096)',
    ],
    [
      { action: "prompt", target, text: "go" },
      'client.prompt({ pane: "%7" }, "go")',
      'client.prompt({"pane": "%7"}, "go")',
    ],
  ];
  const choice = { action: "answer", target, dialog: "5f3a", choice: 1 };
  rows.push([choice, 'client.answer({ pane: "%7" }, "5f3a", 1)', 'client.answer({"pane": "%7"}, "5f3a", 1)']);
  for (const [message, js, python] of rows) {
    assert.ok(code("js", message).includes(js), code("js", message));
    assert.ok(code("python", message).includes(python), code("python", message));
  }
});

test("values are written as each language reads them", () => {
  assert.equal(pythonValue({ a: [true, false, null, 1.5, "x\u202e"] }), '{"a": [True, False, None, 1.5, "x\\u202e"]}');
  assert.equal(quoted("a'b; rm -rf ~ $(x)"), "'a'\\''b; rm -rf ~ $(x)'");
  assert.equal(quoted("a\nb"), "'a\nb'");
});

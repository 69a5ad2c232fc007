import assert from "node:assert/strict";
import { test } from "node:test";
import { choicesAt, type Known } from "../src/protocol/complete.ts";
import { placeOf, rangeOf } from "../src/protocol/cursor.ts";
import { messagesOf } from "../src/protocol/schemas.ts";

const KNOWN = {
  sessions: [{ id: "$1", name: "backend" }],
  windows: [{ id: "@4", name: "editor" }],
  panes: [
    {
      id: "%7",
      window: "@4",
      index: 0,
      command: "vim",
      agent: { agent_type: "claude", dialog: { fingerprint: "5f3a" } },
    },
  ],
  placeOf: () => "backend:2",
} as unknown as Known;

/** What is offered at the bar in a text. */
function offered(text: string, endpoint: "monitor" | "terminal" = "monitor"): string[] {
  const cursor = text.indexOf("|");
  const whole = text.replace("|", "");
  const found = choicesAt(whole, cursor, messagesOf(endpoint), KNOWN, "1.b3.9");
  return found?.choices.map(({ label }) => label) ?? [];
}

test("the place in a message that is being written is found", () => {
  const rows: Array<[string, string, string]> = [
    ["{|", "key ", ""],
    ["{ |}", "key ", ""],
    ['{"act|', "key ", '"act'],
    ['{"act|ion": 1}', "key ", '"action"'],
    ['{"action"|', "none", ""],
    ['{"action":|', "value action", ""],
    ['{"action": |"x"}', "value action", '"x"'],
    ['{"action":"su|b", "id": 1}', "value action", '"sub"'],
    ['{"action":"sub"|', "none", ""],
    ['{"action":"sub",|', "key ", ""],
    ['{"id": 12|', "value id", "12"],
    ['{"filters":{"types":["a", "|', "value filters types 1", '"'],
    ['{"filters":{"types":["a", |"b"]}}', "value filters types 1", '"b"'],
    ['{"filters":{"types":[{"x|":1}]}}', "key filters types 0", '"x"'],
    ['{"a":{"b":1}|', "none", ""],
    ['{"a":{"b":1},|', "key ", ""],
    ['{"a":"x\\"y|z"}', "value a", '"x\\"yz"'],
    ['{"a": "open\n|}', "key ", ""],
    ["|", "none", ""],
    ["[|", "value 0", ""],
  ];
  for (const [text, expected, replaced] of rows) {
    const whole = text.replace("|", "");
    const place = placeOf(whole, text.indexOf("|"));
    if (text.includes("open\n")) {
      // A string without an end ends with its line, and nothing more is said behind it.
      assert.equal(place, undefined, text);
      continue;
    }
    const found = place ? `${place.expects} ${place.path.join(" ")}` : "none";
    assert.equal(found, expected, text);
    if (place) assert.equal(whole.slice(place.from, place.to), replaced, text);
  }
});

test("what fits is offered by the schemas, and by what there is", () => {
  assert.deepEqual(offered("{|"), ["action"]);
  assert.ok(offered('{"action":"|').includes("subscribe"));
  const keys = offered('{"action":"send-keys", |}');
  for (const name of ["id", "target", "text", "keys", "paste", "key"]) assert.ok(keys.includes(name), name);
  assert.ok(!keys.includes("action"), "what is there is not offered again");
  assert.ok(!offered('{|"action":"send-keys","target":{}}').includes("target"), "nor what stands behind");
  assert.deepEqual(offered('{"action":"subscribe","filters":{|}}'), [
    "types",
    "sessions",
    "windows",
    "panes",
    "agents",
    "statuses",
  ]);
  assert.ok(offered('{"action":"subscribe","filters":{"types":["|"]}}').includes("pane.*"));
  assert.ok(offered('{"action":"subscribe","filters":{"types":["|"]}}').includes("pane.output"));
  assert.deepEqual(offered('{"action":"subscribe","filters":{"statuses":["|"]}}').slice(0, 2), ["busy", "ready"]);
  assert.deepEqual(offered('{"action":"subscribe","filters":{"sessions":["|"]}}'), ["backend"]);
  assert.deepEqual(offered('{"action":"subscribe","filters":{"agents":["|"]}}'), ["claude"]);
  assert.deepEqual(offered('{"action":"subscribe","since":"|"}'), ["1.b3.9"]);
  assert.deepEqual(offered('{"action":"open","target":{"pane":"|"}}'), ["%7"]);
  assert.deepEqual(offered('{"action":"open","target":{"session_id":"|"}}'), ["$1"]);
  assert.deepEqual(offered('{"action":"answer","dialog":"|"}'), ["5f3a"]);
  assert.deepEqual(offered('{"action":"snapshot","screen":|}'), ["true", "false"]);
  assert.ok(offered('{"action":"send-keys","keys":["|"]}').includes("C-c"));
  const task = offered('{"action":"emit","events":[{"type":"task.started","data":{|}}]}');
  for (const name of ["task", "status", "progress"]) assert.ok(task.includes(name), `${name} of ${task}`);
  assert.ok(!task.includes("amount"), "the data of a cost is not that of a task");
  assert.deepEqual(offered('{"action":"emit","events":[{"type":"task.x","data":{"status":"|"}}]}').slice(0, 2), [
    "pending",
    "running",
  ]);
  assert.ok(offered('{"type":"|"}', "terminal").includes("input"));
  assert.ok(!offered('{"type":"|"}', "terminal").includes("auth"));
  assert.deepEqual(offered('{"action":"|"}', "terminal"), ["auth", "ping"]);
});

test("each message has a template that holds, but for what a person has to give", () => {
  for (const endpoint of ["monitor", "terminal"] as const) {
    const messages = messagesOf(endpoint);
    for (const kind of messages.kinds) {
      const example = (path: ReadonlyArray<string>) =>
        path.join(".") === "target" ? { session: "backend" } : undefined;
      const template = messages.template(kind, 1, example);
      assert.equal(messages.kind(template)?.name, kind.name);
      const missing = messages.wrong(template).filter(({ what }) => /required/.test(what));
      assert.deepEqual(missing, [], kind.name);
    }
  }
});

test("what is wrong with a message is said where it is", () => {
  const { wrong } = { wrong: (text: string) => messagesOf("monitor").wrong(JSON.parse(text)) };
  assert.deepEqual(wrong('{"action":"ping"}'), []);
  assert.deepEqual(wrong('{"action":"command","target":{"pane":"%1"},"command":"ls"}'), []);
  const rows: Array<[string, string]> = [
    ['{"action":"dance"}', ""],
    ["[]", ""],
    ['{"action":"command","target":{"pane":"7"},"command":"ls"}', "target/pane"],
    ['{"action":"subscribe","filters":{"type":["x"]}}', "filters/type"],
    ['{"action":"open","target":{"pane":"%1"},"scrollback":-1}', "scrollback"],
    ['{"action":"send-keys","target":{"pane":"%1"}}', ""],
  ];
  for (const [text, path] of rows) {
    const found = wrong(text).map((one) => one.path.join("/"));
    assert.ok(found.includes(path), `${text}: ${JSON.stringify(wrong(text))}`);
  }
  const text = '{"action":"open","target":{"pane":"%1"},"scrollback":-1}';
  assert.deepEqual(rangeOf(text, ["scrollback"]), { from: text.indexOf("-1"), to: text.indexOf("-1") + 2 });
  assert.deepEqual(rangeOf(text, ["target", "pane"]), { from: text.indexOf('"%1"'), to: text.indexOf('"%1"') + 4 });
  assert.deepEqual(rangeOf(text, ["nowhere"]), { from: 0, to: text.length });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReplayItem, StreamItem } from "muxwire";
import { CastWriter, fileName } from "../src/dashboard/cast.ts";
import { iconText } from "../src/dashboard/icon.ts";
import { entriesOf, KINDS, kindOf, TYPES } from "../src/dashboard/journal.ts";
import { AWAY, visitAt } from "../src/dashboard/last-visit.ts";
import { cellsOf } from "../src/dashboard/layout.ts";
import { NOTHING, questionOf } from "../src/dashboard/line-search.ts";
import { readTime, spanOf, timeText } from "../src/dashboard/moment.ts";
import { placeOf, textOf } from "../src/dashboard/route.ts";
import { keeping, type Tab, tabBeside, tabOf, withoutPanes, withPanes } from "../src/dashboard/tabs.ts";
import { ageText, bytesText, costText, plain, tokensText } from "../src/dashboard/words.ts";

test("a layout of tmux becomes the cells of its panes", () => {
  assert.deepEqual(cellsOf("b25d,80x24,0,0,7"), [{ pane: "%7", x: 0, y: 0, width: 80, height: 24 }]);
  const nested = "1d2a,120x35,0,0{60x35,0,0,1,59x35,61,0[59x17,61,0,2,59x17,61,18{29x17,61,18,3,29x17,91,18,12}]}";
  assert.deepEqual(cellsOf(nested), [
    { pane: "%1", x: 0, y: 0, width: 60, height: 35 },
    { pane: "%2", x: 61, y: 0, width: 59, height: 17 },
    { pane: "%3", x: 61, y: 18, width: 29, height: 17 },
    { pane: "%12", x: 91, y: 18, width: 29, height: 17 },
  ]);
  for (const none of ["", "no layout", "b25d", "b25d,80x24", "b25d,80x24,0,0<40x24,0,0,1>"]) {
    assert.deepEqual(cellsOf(none), [], none);
  }
});

test("an address names a view or panes, and is read as it was written", () => {
  for (const view of ["panes", "overview", "activity", "history", "digest", "attention"] as const) {
    assert.deepEqual(placeOf(`#${view}`), { kind: "view", view });
    assert.equal(textOf({ kind: "view", view }), `#${view}`);
  }
  assert.deepEqual(placeOf(textOf({ kind: "panes", panes: ["%7", "%12"] })), { kind: "panes", panes: ["%7", "%12"] });
  assert.deepEqual(placeOf("#pane=%257"), { kind: "panes", panes: ["%7"] });
  assert.deepEqual(placeOf("#pane=%7,%7"), { kind: "panes", panes: ["%7"] });
  for (const other of ["", "#", "#pane=", "#pane=7", "#pane=%25x", "#code=abc", "#<b>"]) {
    assert.deepEqual(placeOf(other), { kind: "view", view: "panes" }, other);
  }
  // More than four are too small to be read.
  const many = placeOf(`#pane=${[1, 2, 3, 4, 5, 6].map((id) => `%25${id}`).join(",")}`);
  assert.deepEqual(many, { kind: "panes", panes: ["%3", "%4", "%5", "%6"] });
});

test("an address says when, of panes alone", () => {
  const at = Date.parse("2026-11-20T03:12:00.250Z");
  for (const moment of [{ at }, { at, offset: 90_211 }, { at, offset: 0 }]) {
    const panes = { kind: "panes", panes: ["%7", "%12"], moment } as const;
    assert.deepEqual(placeOf(textOf(panes)), panes);
    const view = { kind: "view", view: "panes", moment } as const;
    assert.deepEqual(placeOf(textOf(view)), view);
  }
  assert.equal(textOf({ kind: "panes", panes: ["%7"], moment: { at } }), "#pane=%257&at=2026-11-20T03:12:00.250Z");
  assert.deepEqual(placeOf("#overview&at=2026-11-20T03:12:00Z"), { kind: "view", view: "overview" });
  for (const none of ["at=", "at=yesterday", "offset=7", "on=2026-11-20T03:12:00Z"]) {
    assert.deepEqual(placeOf(`#pane=%257&${none}`), { kind: "panes", panes: ["%7"] }, none);
  }
  assert.deepEqual(placeOf("#panes&at=2026-11-20T03:12:00.250Z&offset=-1"), {
    kind: "view",
    view: "panes",
    moment: { at },
  });
});

test("a time is read as somebody means it", () => {
  const now = new Date(2026, 10, 30, 9, 30).getTime();
  const local = (day: number, hour: number, minute: number, second = 0) =>
    new Date(2026, 10, day, hour, minute, second).getTime();
  const rows: [string, number | undefined][] = [
    ["03:12", local(30, 3, 12)],
    [" 3:12:05 ", local(30, 3, 12, 5)],
    ["9:30", now],
    // What comes later today was yesterday.
    ["09:31", local(29, 9, 31)],
    ["23:59:59", local(29, 23, 59, 59)],
    ["2026-11-02 03:12", local(2, 3, 12)],
    ["2026-11-02T03:12:30", local(2, 3, 12, 30)],
    ["2026-11-02", local(2, 0, 0)],
    ["2026-11-20T03:12:00Z", Date.UTC(2026, 10, 20, 3, 12)],
    ["2026-11-20t03:12:00.250+01:00", Date.UTC(2026, 10, 20, 2, 12, 0, 250)],
    ["8h", now - 8 * 3_600_000],
    ["90 s ago", now - 90_000],
    ["2d", now - 2 * 86_400_000],
  ];
  for (const none of ["", "24:00", "12:60", "3", "8w", "-8h", "half past three", "2026-02-30", "2026-11-02 25:00"]) {
    rows.push([none, undefined]);
  }
  for (const [text, expected] of rows) assert.equal(readTime(text, now), expected, text);
  assert.equal(spanOf("15m"), 900_000);
  // What is written is read as the same, to the second.
  for (const at of [local(30, 3, 12, 7), local(2, 23, 59, 59)]) assert.equal(readTime(timeText(at, now), now), at);
  assert.equal(timeText(local(30, 3, 12), now), "03:12:00");
  assert.equal(timeText(local(2, 3, 12), now), "2026-11-02 03:12:00");
});

test("what is written in the form becomes the question, or is told to be wrong", () => {
  const now = new Date(2026, 10, 30, 9, 30).getTime();
  const of = (wanted: object) => questionOf({ ...NOTHING, text: "disk full", ...wanted }, now);
  assert.deepEqual(of({}), { limit: 100, words: "disk full" });
  const all = { kind: "regex", session: "backend-*, api", pane: "%7,%12", from: "8h", severity: "error" };
  assert.deepEqual(of(all), {
    limit: 100,
    regex: "disk full",
    sessions: ["backend-*", "api"],
    panes: ["%7", "%12"],
    from: new Date(now - 8 * 3_600_000).toISOString(),
    severity: "error",
  });
  assert.match(String(of({ text: " " })), /Write what/);
  assert.match(String(of({ pane: "7" })), /by their ids/);
  assert.match(String(of({ to: "soon" })), /“soon” is no time/);
});

test("a replay becomes an asciicast", () => {
  const from = Date.UTC(2026, 10, 20, 3, 12);
  const at = (seconds: number) => new Date(from + seconds * 1000).toISOString();
  const data = { cols: 80, rows: 24, replay: "\u001bc$ " };
  const items = [
    { type: "replay.snapshot", replay: 1, timestamp: at(-500), pane: "%7", data },
    { type: "replay.output", replay: 1, timestamp: at(1.25), content: "ma\u001b[1mke\r\n", offset: 10, bytes: 8 },
    { type: "replay.resized", replay: 1, timestamp: at(2), cols: 100, rows: 30 },
    { type: "replay.output", replay: 1, timestamp: at(3), content: "", offset: 18, bytes: 900, missing: true },
    // A clock that went back.
    { type: "replay.output", replay: 1, timestamp: at(2.5), content: "ü", offset: 918, bytes: 2 },
    { type: "replay.end", replay: 1, timestamp: at(60), reason: "end" },
  ] as unknown as ReplayItem[];
  const cast = (version: 2 | 3) => {
    const writer = new CastWriter(version, "api:0.0");
    const lines = items.map((item) => writer.lines(item, from)).join("");
    return lines
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
  };
  const about = { timestamp: from / 1000, idle_time_limit: 2, title: "api:0.0" };
  assert.deepEqual(cast(2), [
    { version: 2, width: 80, height: 24, ...about },
    [0, "o", "\u001bc$ "],
    [1.25, "o", "ma\u001b[1mke\r\n"],
    [2, "r", "100x30"],
    [3, "m", "some output is not kept"],
    [3, "o", "ü"],
  ]);
  assert.deepEqual(cast(3), [
    { version: 3, term: { cols: 80, rows: 24, type: "xterm-256color" }, ...about },
    [0, "o", "\u001bc$ "],
    [1.25, "o", "ma\u001b[1mke\r\n"],
    [0.75, "r", "100x30"],
    [1, "m", "some output is not kept"],
    [0, "o", "ü"],
  ]);
  assert.equal(fileName("api:0.0", from, "cast-v2"), "api-0.0-20261120-031200.cast");
  assert.equal(fileName("../../etc/<b>x ü", from, "text"), "etc-b-x-ü-20261120-031200.txt");
  assert.equal(fileName("///", from, "text"), "pane-20261120-031200.txt");
});

test("a visit ends when nobody has looked for a while", () => {
  const first = visitAt(undefined, "lab", 1_000_000);
  assert.deepEqual(first, { host: "lab", last: 1_000_000 });
  const still = visitAt(first, "lab", 1_000_000 + AWAY);
  assert.deepEqual(still, { host: "lab", last: 1_000_000 + AWAY });
  const second = visitAt(still, "lab", still.last + AWAY + 1);
  assert.deepEqual(second, { host: "lab", since: still.last, last: still.last + AWAY + 1 });
  assert.deepEqual(visitAt(second, "lab", second.last + 1), { ...second, last: second.last + 1 });
  // What was told is told in this visit, and not in the next.
  const told = visitAt({ ...second, told: true }, "lab", second.last + 2);
  assert.equal(told.told, true);
  assert.equal(visitAt(told, "lab", told.last + AWAY + 1).told, undefined);
  // A clock that goes back does not.
  assert.deepEqual(visitAt(second, "lab", 5), second);
  assert.deepEqual(visitAt(second, "other", 7), { host: "other", last: 7 });
});

test("figures are said as the command line says them", () => {
  const seconds = [0, 59, 60, 3599, 3600, 11_100, 86_400, 300_000];
  const ages = ["0s", "59s", "1m", "59m", "1h00m", "3h05m", "1d", "3d"];
  assert.deepEqual(
    seconds.map((one) => ageText(one * 1000)),
    ages,
  );
  assert.equal(ageText(-5000), "0s");
  assert.deepEqual([0, 1023, 1536, 92 << 20, 17_179_869_184].map(bytesText), [
    "0 B",
    "1023 B",
    "1.5 KiB",
    "92 MiB",
    "16 GiB",
  ]);
  assert.deepEqual([999, 1200, 45_600, 1_200_000].map(tokensText), ["999", "1.2k", "46k", "1.2M"]);
  assert.deepEqual([undefined, 0.01115, 12].map(costText), ["", "$0.01", "$12.00"]);
});

test("what panes say becomes plain text", () => {
  assert.equal(plain("\u001b[31mred\u001b[0m \u001b]0;title\u0007text"), "red text");
  assert.equal(plain("a\u202eb\u0000c\r\nd"), "a b c d");
});

test("the icon shows how many call", () => {
  assert.ok(!iconText(0).includes("<text"));
  assert.match(iconText(3), />3<\/text>/);
  assert.match(iconText(12), />9\+<\/text>/);
});

const envelope = {
  timestamp: "2026-11-30T12:00:00.000Z",
  host: "lab",
  epoch: "e",
  seq: 7,
  session: "api",
  session_id: "$1",
  window: 2,
  window_id: "@4",
  pane: "%7",
};
const entry = (fields: object, count = 1) => entriesOf({ ...envelope, ...fields } as unknown as StreamItem, count);

test("events become lines for people", () => {
  const [waits] = entry({
    type: "agent.status",
    data: {
      agent_type: "claude",
      status: "waiting",
      previous: "busy",
      reason: "permission",
      message: "Bash(\u001b[1mrm\u001b[0m)",
    },
  });
  assert.equal(waits?.text, "claude was busy, is waiting: permission: Bash(rm)");
  assert.equal(waits?.level, "warning");
  assert.equal(waits?.kind, "agents");
  assert.equal(waits?.place, "api:2 %7");
  const [failed] = entry({ type: "alert", data: { title: "claude failed", severity: "critical", key: "k", id: "i" } });
  assert.deepEqual([failed?.level, failed?.kind, failed?.text], ["error", "alerts", "claude failed"]);
  const [exited] = entry({ type: "pane.exited", data: { status: 2, signal: null } });
  assert.deepEqual([exited?.level, exited?.text], ["warning", "ended with 2"]);
  const [task] = entry({ type: "task.updated", data: { task: "build", title: "Build", status: "failed" } });
  assert.deepEqual([task?.level, task?.kind, task?.text], ["error", "tasks", "Build, failed"]);
  const [unknown] = entry({ type: "pane.new_in_a_later_version", data: {} });
  assert.deepEqual([unknown?.kind, unknown?.text], ["panes", ""]);
});

test("output gives a line for each line, as severe as the server says", () => {
  const lines = entry({
    type: "pane.output",
    data: { content: "one\r\n\u001b[31merror: two\u001b[0m\r\n\r\n", severity: "error", offset: 0, bytes: 9 },
  });
  assert.deepEqual(
    lines.map(({ text, level }) => [text, level]),
    [
      ["one", "error"],
      ["error: two", "error"],
    ],
  );
  assert.equal(new Set(lines.map(({ key }) => key)).size, 2);
});

test("what is missing is said, and what is no event is left out", () => {
  const [lost] = entriesOf({ type: "lost", from: "x", to: { epoch: "e", seq: 1 } } as unknown as StreamItem, 4);
  assert.equal(lost?.kind, "gap");
  assert.match(lost?.text ?? "", /Earlier events are gone/);
  const [lagged] = entriesOf({ type: "lagged", pane: "%7", from: 1, to: 5 } as unknown as StreamItem, 5);
  assert.match(lagged?.text ?? "", /%7/);
  assert.deepEqual(entry({ type: "pane.snapshot", data: {} }), []);
});

test("each type that is asked for is of the kind that asked for it", () => {
  for (const kind of KINDS) {
    for (const type of TYPES[kind]) assert.equal(kindOf(type.replace("*", "created")), kind, type);
  }
});

test("tabs: who has typed stays, and a pane is in one tab alone", () => {
  const passing = (pane: string): Tab => ({ panes: [pane], kept: false });
  const kept = (...panes: string[]): Tab => ({ panes, kept: true });
  const one = withPanes([], ["%1"]);
  assert.deepEqual(one, [passing("%1")]);
  assert.equal(withPanes(one, ["%1"]), one, "nothing has changed");
  assert.deepEqual(withPanes(one, ["%2"]), [passing("%2")]);
  assert.deepEqual(withPanes(one, ["%2"], true), [passing("%1"), kept("%2")]);
  const two = withPanes(keeping(one, "%1"), ["%2"]);
  assert.deepEqual(two, [kept("%1"), passing("%2")]);
  assert.deepEqual(withPanes([kept("%1"), passing("%2"), kept("%3")], ["%4"]), [kept("%1"), passing("%4"), kept("%3")]);
  // Side by side.
  assert.deepEqual(withPanes(two, ["%2", "%3"]), [kept("%1"), kept("%2", "%3")]);
  assert.deepEqual(withPanes([kept("%1", "%2"), kept("%3")], ["%3", "%2"]), [kept("%3", "%2"), kept("%1")]);
  assert.deepEqual(
    withoutPanes(two, (pane) => pane === "%1"),
    [passing("%2")],
  );
  assert.equal(
    withoutPanes(two, (pane) => pane === "%9"),
    two,
  );
  assert.deepEqual(
    withoutPanes([kept("%1", "%2")], (pane) => pane === "%1"),
    [kept("%2")],
  );
  const all = [kept("%1"), kept("%2", "%3"), passing("%4")];
  assert.equal(tabOf(all, "%3"), all[1]);
  assert.equal(tabOf(all, undefined), undefined);
  assert.equal(tabBeside(all, "%3", 1), all[2]);
  assert.equal(tabBeside(all, "%4", 1), all[0]);
  assert.equal(tabBeside(all, "%1", -1), all[2]);
  assert.equal(tabBeside(all, "%9", -1), all[2]);
  assert.equal(tabBeside([], undefined, 1), undefined);
  const many = Array.from({ length: 60 }, (_, at) => `%${at}`).reduce<readonly Tab[]>(
    (tabs, pane) => withPanes(tabs, [pane], true),
    [],
  );
  assert.deepEqual([many.length, many.at(-1)?.panes], [40, ["%59"]]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Agent, Alert } from "muxwire";
import type { Item } from "../src/dashboard/items.ts";
import {
  bodyOf,
  KINDS,
  type Moment,
  minuteOf,
  type NoticeSettings,
  Notices,
  quietLeft,
  type Step,
  type Subject,
  settingsOf,
  subjectsOf,
  USUAL,
} from "../src/dashboard/notices.ts";

const ON: NoticeSettings = { ...USUAL, on: true, dwell: 10 };
const NOON = 12 * 60;
const at = (seconds: number, some: Partial<Moment> = {}): Moment => ({
  now: seconds * 1000,
  ahead: 0,
  minute: NOON,
  looked: false,
  told: () => false,
  ...some,
});
const subject = (some: Partial<Subject> = {}): Subject => ({
  tag: "%1 waiting",
  state: "%1 waiting a",
  kind: "waiting",
  pane: "%1",
  since: 0,
  title: "api:0.0",
  body: "claude: asks for permission",
  content: "rm -rf build",
  ...some,
});
const shown = ({ show }: Step) => show.map(({ state }) => state);

const item = (agent: Partial<Agent>, need: Item["need"]): Item => ({
  pane: "%7",
  need,
  agent: {
    agent_type: "claude",
    status: "waiting",
    confidence: "high",
    since: "2026-11-30T12:00:00.000Z",
    seen: false,
    ...agent,
  },
  session: "api",
  others: [],
  sessionId: "$1",
  windowId: "@1",
  window: 2,
  windowName: "main",
  index: 1,
  place: "api:2.1",
  title: "a title \u001b[1mof the program",
  command: "claude",
  path: "/",
  width: 80,
  height: 24,
  mode: null,
  exit: null,
  since: Date.parse("2026-11-30T12:00:00.000Z"),
  rings: false,
});

test("a state is told when it has lasted, once", () => {
  const notices = new Notices();
  const all = [subject()];
  const first = notices.step(all, ON, at(4));
  assert.deepEqual([shown(first), first.next], [[], 6000]);
  assert.deepEqual(shown(notices.step(all, ON, at(9.999))), []);
  const due = notices.step(all, ON, at(10));
  assert.deepEqual([shown(due), due.told, due.next], [["%1 waiting a"], ["%1 waiting a"], undefined]);
  for (const later of [10, 11, 5000]) assert.deepEqual(shown(notices.step(all, ON, at(later))), []);
});

test("what is over or seen before it has lasted is never told, and what was told is closed", () => {
  const notices = new Notices();
  notices.step([subject()], ON, at(1));
  const over = notices.step([], ON, at(20));
  assert.deepEqual([shown(over), over.close], [[], []], "nothing was shown, so nothing is closed");
  notices.step([subject({ state: "%1 waiting b", since: 30_000 })], ON, at(40));
  assert.deepEqual(notices.step([], ON, at(41)).close, ["%1 waiting"]);
  assert.deepEqual(notices.step([], ON, at(42)).close, [], "once");
});

test("another state of the same pane takes the place of the one before, and closes with it", () => {
  const notices = new Notices();
  assert.deepEqual(shown(notices.step([subject()], ON, at(10))), ["%1 waiting a"]);
  const next = [subject({ state: "%1 waiting b", since: 12_000 })];
  assert.deepEqual(shown(notices.step(next, ON, at(12))), []);
  assert.deepEqual(notices.step([], ON, at(13)).close, ["%1 waiting"], "what shows is that of before");
  assert.deepEqual(shown(notices.step(next, ON, at(22))), ["%1 waiting b"]);
});

test("who looks needs not be told, later neither", () => {
  const notices = new Notices();
  const looked = notices.step([subject()], ON, at(10, { looked: true }));
  assert.deepEqual([shown(looked), looked.told], [[], ["%1 waiting a"]]);
  assert.deepEqual(shown(notices.step([subject()], ON, at(11))), []);
  // Looking before it is due is no look at a state that lasts.
  const other = [subject({ tag: "%2 waiting", state: "%2 waiting a", since: 10_000 })];
  notices.step(other, ON, at(11, { looked: true }));
  assert.deepEqual(shown(notices.step(other, ON, at(20))), ["%2 waiting a"]);
});

test("what another page has told is not told again", () => {
  const notices = new Notices();
  const told = (state: string) => state === "%1 waiting a";
  const all = [subject(), subject({ tag: "%2 failed", state: "%2 failed a", kind: "failed" })];
  assert.deepEqual(shown(notices.step(all, ON, at(10, { told }))), ["%2 failed a"]);
});

test("in quiet hours nothing is told, and afterwards what still stands", () => {
  const settings = { ...ON, quiet: { from: "22:00", to: "07:00" } };
  const notices = new Notices();
  const night = notices.step([subject()], settings, at(10, { minute: 6 * 60 + 58.5 }));
  assert.deepEqual([shown(night), night.next], [[], 90_000]);
  assert.deepEqual(shown(notices.step([subject()], settings, at(100, { minute: 7 * 60 }))), ["%1 waiting a"]);
  const short = [subject({ tag: "%2 waiting", state: "%2 waiting a" })];
  notices.step(short, settings, at(110, { minute: 23 * 60 }));
  assert.deepEqual(shown(notices.step([], settings, at(120, { minute: 7 * 60 }))), []);
});

test("kinds that are not wanted are not told, and nothing is while it is off", () => {
  const all = KINDS.map((kind) => subject({ tag: kind, state: kind, kind }));
  for (const kind of KINDS) {
    assert.deepEqual(shown(new Notices().step(all, { ...ON, kinds: [kind] }, at(10))), [kind]);
  }
  const off = new Notices().step(all, { ...ON, on: false }, at(10));
  assert.deepEqual([shown(off), off.told, off.next], [[], [], undefined]);
  // A kind that is taken away takes its notifications along.
  const notices = new Notices();
  notices.step(all, ON, at(10));
  assert.deepEqual([...notices.step(all, { ...ON, kinds: ["failed"] }, at(11)).close].sort(), [
    "alerts",
    "finished",
    "waiting",
  ]);
});

test("the dwell is counted by the server's clock, and never from the future", () => {
  const ahead = [subject({ since: 3_600_000 })];
  assert.deepEqual(shown(new Notices().step(ahead, ON, at(10, { ahead: 3_600_000 }))), ["%1 waiting a"]);
  assert.equal(new Notices().step(ahead, ON, at(10)).next, 10_000);
  assert.equal(new Notices().step([subject({ since: undefined })], ON, at(10)).next, 10_000);
  assert.deepEqual(shown(new Notices().step([subject({ since: 10_000 })], { ...ON, dwell: 0 }, at(10))), [
    "%1 waiting a",
  ]);
});

test("quiet hours are a part of the day, over midnight too", () => {
  const rows: [string, string, string, number][] = [
    ["22:00", "07:00", "21:59", 0],
    ["22:00", "07:00", "22:00", 540],
    ["22:00", "07:00", "00:00", 420],
    ["22:00", "07:00", "06:59", 1],
    ["22:00", "07:00", "07:00", 0],
    ["12:00", "13:30", "12:15", 75],
    ["12:00", "13:30", "11:59", 0],
    ["12:00", "13:30", "13:30", 0],
    ["09:00", "09:00", "09:00", 0],
  ];
  for (const [from, to, now, left] of rows) {
    assert.equal(quietLeft({ from, to }, minuteOf(now) ?? -1), left, `${from} ${to} ${now}`);
  }
  assert.equal(quietLeft(undefined, 0), 0);
  for (const none of ["24:00", "1:00", "12:60", "", "12:00:00"]) assert.equal(minuteOf(none), undefined, none);
});

test("subjects are what calls, and hold what agents say apart", () => {
  const waits = item(
    {
      reason: "permission",
      message: "Bash(\u001b[1mrm\u001b[0m)",
      dialog: { fingerprint: "f", options: ["Yes", "No"] },
    },
    "waiting",
  );
  const alert: Alert = {
    id: "i",
    rule: "failed",
    severity: "error",
    key: "failed %7",
    title: "claude failed",
    message: "secret words",
    since: "2026-11-30T12:00:00.000Z",
  };
  const [agent, raised] = subjectsOf([waits], [{ alert, pane: "%7" }]);
  assert.deepEqual(
    [agent?.tag, agent?.kind, agent?.title, agent?.body, agent?.content],
    ["%7 waiting", "waiting", "api:2.1", "claude: asks for permission", "Bash(rm)\nYes / No"],
  );
  assert.deepEqual(
    [raised?.tag, raised?.kind, raised?.pane, raised?.title, raised?.body, raised?.content],
    ["alert failed %7", "alerts", "%7", "error: api:2.1", "claude failed", "secret words"],
  );
  for (const one of [agent, raised]) {
    assert.ok(one);
    assert.ok(!bodyOf(one, ON).includes(one.content));
    assert.ok(bodyOf(one, { ...ON, content: true }).includes(one.content));
  }
  const other = subjectsOf([item({ reason: "permission", dialog: { fingerprint: "g" } }, "waiting")], []);
  assert.notEqual(other[0]?.state, agent?.state, "the next dialog is another state");
  assert.equal(other[0]?.tag, agent?.tag);
  const limit = subjectsOf([item({ status: "error", reason: "usage_limit", resets_at: "3pm (UTC)" }, "error")], []);
  assert.deepEqual([limit[0]?.body, limit[0]?.content], ["claude: reached a usage limit", "3pm (UTC)"]);
  for (const need of ["busy", "idle", "none"] as const) assert.deepEqual(subjectsOf([item({}, need)], []), []);
  assert.deepEqual(subjectsOf([item({ status: "error", seen: true }, "error")], []), [], "it was seen");
  assert.equal(subjectsOf([item({ status: "ready" }, "finished")], [])[0]?.kind, "finished");
});

test("long texts are cut", () => {
  assert.equal(bodyOf(subject({ content: "x".repeat(5000) }), { ...ON, content: true }).length, 300);
});

test("settings are read as they were written, and nonsense is as usual", () => {
  const mine = { on: true, kinds: ["alerts"], dwell: 0, quiet: { from: "23:00", to: "06:30" }, content: true };
  assert.deepEqual(settingsOf(JSON.parse(JSON.stringify(mine))), mine);
  for (const bad of [undefined, null, 7, "x", [], {}, { on: 1, kinds: 3, dwell: -1, quiet: "night", content: "yes" }]) {
    assert.deepEqual(settingsOf(bad), USUAL);
  }
  const some = settingsOf({ kinds: ["bells", "failed"], dwell: 1e9, quiet: { from: "25:00", to: "07:00" } });
  assert.deepEqual([some.kinds, some.dwell, some.quiet], [["failed"], USUAL.dwell, undefined]);
  assert.equal(settingsOf({ quiet: { from: "23:00", to: "7" } }).quiet, undefined);
});

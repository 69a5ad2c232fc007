import assert from "node:assert/strict";
import { test } from "node:test";
import { type Agent, type AnyEvent, type SnapshotMessage, Tmux } from "muxwire";
import {
  ALL,
  byPlace,
  calls,
  countsOf,
  type Item,
  itemsOf,
  matches,
  needOf,
  nextCalling,
  orderOf,
  pageTitle,
  passes,
  sameOr,
} from "../src/dashboard/items.ts";

const agent = (fields: Partial<Agent> = {}): Agent => ({
  agent_type: "claude",
  status: "ready",
  confidence: "high",
  since: "2026-11-30T12:00:00.000Z",
  seen: false,
  ...fields,
});

/** A state with sessions of one window each, whose panes hold these agents. */
function world(sessions: Record<string, (Agent | undefined)[]>): Tmux {
  let pane = 0;
  const all = Object.entries(sessions).map(([name, agents], at) => ({
    id: `$${at}`,
    name,
    path: "/",
    created: 0,
    group: null,
    destroy_unattached: false,
    streamed: true,
    active: 0,
    windows: [
      {
        id: `@${at}`,
        index: 0,
        name: "main",
        active: true,
        width: 80,
        height: 24,
        zoomed: false,
        alerts: [],
        layout: "",
        panes: agents.map((one, index) => {
          pane += 1;
          return {
            id: `%${pane}`,
            index,
            active: index === 0,
            width: 80,
            height: 24,
            pid: 1,
            exit: null,
            mode: null,
            title: `title ${pane}`,
            command: "sh",
            path: "/srv",
            ...(one ? { agent: one } : {}),
          };
        }),
      },
    ],
  }));
  const tmux = new Tmux();
  const message = { type: "snapshot", epoch: "e", seq: 1, cursor: "c", host: "h", server: null, sessions: all };
  tmux.replace({ ...message, clients: [], buffers: [] } as unknown as SnapshotMessage);
  return tmux;
}

const panes = (items: readonly Item[]) => items.map(({ pane }) => pane).join(" ");

test("what an agent asks of the person", () => {
  const rows: [Agent | undefined, string][] = [
    [undefined, "none"],
    [agent({ status: "waiting", seen: true }), "waiting"],
    [agent({ status: "error" }), "error"],
    [agent({ status: "busy" }), "busy"],
    [agent({ status: "unknown" }), "idle"],
    [agent(), "finished"],
    [agent({ seen: true }), "idle"],
    // A server of before says nothing of it.
    [{ ...agent(), seen: undefined } as unknown as Agent, "finished"],
  ];
  for (const [one, need] of rows) assert.equal(needOf(one), need, JSON.stringify(one));
});

test("waiting comes first, then errors, what has finished, busy, idle, and panes without an agent", () => {
  const tmux = world({
    one: [undefined, agent({ seen: true }), agent({ status: "busy" })],
    two: [agent(), agent({ status: "error" }), agent({ status: "waiting" })],
  });
  assert.equal(panes(itemsOf(tmux)), "%6 %5 %4 %3 %2 %1");
});

test("of the same need, what has waited longest comes first, then the place", () => {
  const since = (time: string) => agent({ status: "waiting", since: `2026-11-30T${time}.000Z` });
  const tmux = world({ b: [since("12:00:02"), since("12:00:01")], a: [undefined, since("12:00:02")] });
  assert.equal(panes(itemsOf(tmux)), "%2 %4 %1 %3");
});

test("an error that somebody has looked at calls no more, and stands behind those that do", () => {
  const early = "2026-11-30T11:00:00.000Z";
  const tmux = world({ a: [agent({ status: "error", seen: true, since: early }), agent({ status: "error" })] });
  const items = itemsOf(tmux);
  assert.equal(panes(items), "%2 %1");
  assert.deepEqual(items.map(calls), [true, false]);
  assert.equal(countsOf(items).calls, 1);
  assert.equal(countsOf(items).error, 2);
});

test("a window in two sessions gives its panes once, and both names", () => {
  const tmux = world({ one: [undefined], two: [] });
  const linked = { id: "@0", index: 5, name: "main", active: false, width: 80, height: 24, zoomed: false };
  const { panes: _, ...rest } = { ...linked, panes: [], alerts: ["bell"], layout: "" };
  tmux.apply({
    type: "window.created",
    session: "two",
    session_id: "$1",
    window: 5,
    window_id: "@0",
    data: { ...rest, panes: [] },
  } as unknown as AnyEvent);
  const [item, ...others] = itemsOf(tmux);
  assert.equal(others.length, 0);
  assert.equal(item?.place, "one:0.0");
  assert.deepEqual(item?.others, ["two"]);
  assert.ok(item && passes(item, { ...ALL, session: "two" }));
  assert.ok(item && !passes(item, { ...ALL, session: "three" }));
});

test("rows that are held stay where they are: new ones come behind, and what is gone keeps its place", () => {
  assert.deepEqual(orderOf(["a", "b", "c"], ["c", "d", "a"], true), ["a", "b", "c", "d"]);
  assert.deepEqual(orderOf(["a", "b", "c"], ["c", "d", "a"], false), ["c", "d", "a"]);
  assert.deepEqual(orderOf([], ["c", "a"], true), ["c", "a"]);
});

test("the next that calls is the one behind, and after the last one the first", () => {
  const tmux = world({
    a: [agent({ status: "waiting" }), agent({ status: "error" }), agent({ status: "busy" }), agent()],
  });
  const items = itemsOf(tmux);
  assert.equal(panes(items), "%1 %2 %4 %3");
  assert.equal(nextCalling(items, undefined)?.pane, "%1");
  assert.equal(nextCalling(items, "%1")?.pane, "%2");
  assert.equal(nextCalling(items, "%2")?.pane, "%4");
  assert.equal(nextCalling(items, "%4")?.pane, "%1");
  assert.equal(nextCalling(items, "%3")?.pane, "%1");
  assert.equal(nextCalling(items, "%1", true)?.pane, "%4");
  assert.equal(nextCalling(items, "gone")?.pane, "%1");
  const only = itemsOf(world({ a: [agent({ status: "waiting" })] }));
  assert.equal(nextCalling(only, "%1")?.pane, "%1");
  assert.equal(nextCalling(itemsOf(world({ a: [undefined] })), undefined), undefined);
});

test("filters narrow by session, need and words, in names and in what panes show", () => {
  const tmux = world({ api: [agent({ status: "waiting", model: "Opus 4.6" }), undefined], web: [agent()] });
  const items = [...itemsOf(tmux)].sort(byPlace);
  const found = (filter: Partial<typeof ALL>) => panes(items.filter((item) => passes(item, { ...ALL, ...filter })));
  assert.equal(found({}), "%1 %2 %3");
  assert.equal(found({ session: "api" }), "%1 %2");
  assert.equal(found({ need: "agents" }), "%1 %3");
  assert.equal(found({ need: "calls" }), "%1 %3");
  assert.equal(found({ need: "none" }), "%2");
  assert.equal(found({ text: "opus CLAUDE" }), "%1");
  assert.equal(found({ text: "web:0.0" }), "%3");
  assert.equal(found({ text: "nothing like it" }), "");
  const [first] = items;
  assert.ok(first);
  const shows = ["old error: disk", "  new error: net  ", "$"];
  assert.equal(matches(first, "api", shows), "name");
  assert.equal(matches(first, "ERROR", shows), "new error: net");
  assert.equal(matches(first, "error disk", shows), "old error: disk");
  // One word in the name, the other in a line.
  assert.equal(matches(first, "api net", shows), "new error: net");
  assert.equal(matches(first, "absent", shows), undefined);
});

test("the title says how many call", () => {
  assert.equal(pageTitle(0, "lab"), "muxwire - lab");
  assert.equal(pageTitle(3, "lab"), "(3) muxwire - lab");
  assert.equal(pageTitle(1, ""), "(1) muxwire");
});

test("an item that is the same in all that is shown stays the same object", () => {
  const state = world({ one: [agent()], two: [undefined] });
  const before = itemsOf(state);
  const again = itemsOf(state);
  for (const item of again) {
    const known = before.find(({ pane }) => pane === item.pane);
    assert.notEqual(item, known);
    assert.equal(sameOr(known, item), known);
    assert.equal(sameOr(undefined, item), item);
    const changed: Item = { ...item, title: "another" };
    assert.equal(sameOr(known, changed), changed);
    const linked: Item = { ...item, others: ["three"] };
    assert.equal(sameOr(known, linked), linked);
  }
});

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import headless from "@xterm/headless";
import type { Agent } from "muxwire";
import { ROOT } from "../../js/test/support/world.ts";
import { lastLine } from "../src/dashboard/saying.ts";

test("the last line that says something is none of the frame around it", () => {
  assert.equal(lastLine(["first", "│ the answer │", "╰────────╯", "", "   "]), "the answer");
  assert.equal(lastLine(["$ \u001b[1mmake\u001b[0m", "────"]), "$ make");
  assert.equal(lastLine(["", "───"]), "");
  assert.equal(lastLine([]), "");
  const dialog = ["Do you want to proceed?", "❯ 1. Yes", "  2. No", "", "Esc to cancel · Tab to amend"];
  assert.equal(lastLine(dialog), "Do you want to proceed?");
  assert.equal(lastLine(dialog, "waiting"), "Do you want to proceed?");
  assert.equal(lastLine(["✻ Thinking…", "❯", "  esc to interrupt"]), "✻ Thinking…");
  assert.equal(lastLine(["? for shortcuts"]), "? for shortcuts");
  // A shell's own signs and times are its own.
  assert.equal(lastLine(["> ls", "Slept for 5s"]), "Slept for 5s");
});

test("of an agent it is what stands above where it takes a prompt", () => {
  const box = (...above: string[]) => [...above, "────", "❯ a draft", "────", "  ⏸ manual mode on · ← for agents"];
  assert.equal(lastLine(box("● It is done.", "", "✻ Worked for 2s · done 11:10 PM"), "ready"), "● It is done.");
  assert.equal(lastLine(box("✢ Germinating… (5s)"), "busy"), "✢ Germinating… (5s)");
  // Nothing stands above it.
  assert.equal(lastLine(box(), "ready"), "⏸ manual mode on · ← for agents");
  // What was asked long ago is no place for a prompt.
  const long = ["❯ Explain it.", "● one", "two", "three", "four", "five", "six", "seven"];
  assert.equal(lastLine(long, "busy"), "seven");
});

/** What recorded agents show when they come to this, by recording. */
const SAID: Record<string, [state: Agent["status"], line: string]> = {
  "claude-2.1.332/permission-edit": ["waiting", "Do you want to make this edit to hello.txt?"],
  "claude-2.1.332/narrow-question": ["waiting", "Which colour should the bar have?"],
  "claude-2.1.332/error-429": [
    "busy",
    "✻ 429 This request would exceed your rate limit · retrying in 1s · attempt 2/2",
  ],
  "claude-2.1.197/error-401": ["error", "⎿ Invalid API key · Fix external API key"],
  "claude-2.1.197/silent": ["ready", "● The greeting is fine as it is."],
  "codex-0.171.0/permission-edit": ["waiting", "Would you like to make the following edits?"],
  "codex-0.171.0/error-429": ["error", "■ exceeded retry limit, last status: 429 Too Many Requests"],
  "codex-0.171.0/thinking": ["ready", "• It is best to keep the greeting short."],
  "copilot-1.0.102/permission-bash": ["waiting", "Do you want to run this command?"],
  "gemini-0.61.0/narrow-permission-bash": ["waiting", "Allow execution of [Shell]?"],
  "gemini-0.61.0/thinking": ["ready", "✦ It is best to keep the greeting short."],
  "qwen-0.15.10/permission-bash": ["waiting", "Allow execution of: 'check.sh'?"],
};
/** What an agent writes about itself, below what it says. */
const ABOUT_ITSELF = /manual mode on|\? for shortcuts|^⏵⏵|\/effort$|^(?:❯|›)/;

test("recorded agents say what they do, and not how they are used", async () => {
  const root = join(ROOT, "fixtures/agents");
  let count = 0;
  for (const agent of readdirSync(root)) {
    for (const file of readdirSync(join(root, agent)).filter((name) => name.endsWith(".cast"))) {
      const name = `${agent}/${file.slice(0, -".cast".length)}`;
      const said = await play(join(root, agent, file));
      count += said.length;
      const [state, line] = SAID[name] ?? [];
      if (state)
        assert.ok(
          said.some(([of, one]) => of === state && one === line),
          `${name}: ${JSON.stringify(said)}`,
        );
      if (!/^(claude|codex)/.test(agent)) continue;
      for (const [of, one] of said) {
        if (["busy", "error"].includes(of)) assert.doesNotMatch(one, ABOUT_ITSELF, `${name}, ${of}`);
      }
    }
  }
  assert.ok(count > 500, `${count} lines`);
});

/** The last line in each state of a recording. */
async function play(path: string): Promise<Array<[state: Agent["status"], line: string]>> {
  const [head, ...events] = readFileSync(path, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const told = readFileSync(path.replace(/cast$/, "toml"), "utf8");
  const states = [...told.matchAll(/\[\[verdict\]\]\nfrom = ([\d.]+)\n(?:to = ([\d.]+)\n)?state = "(\w+)"/g)];
  const options = { cols: head.width, rows: head.height, allowProposedApi: true, scrollback: 0 };
  const terminal = new headless.Terminal(options);
  const found: Array<[Agent["status"], string]> = [];
  for (const [, from, to = from, state] of states) {
    while (events.length > 0 && events[0][0] <= Number(to)) {
      const [, kind, data] = events.shift();
      if (kind === "o") await new Promise<void>((done) => terminal.write(data, done));
      const size = kind === "r" ? data.split("x").map(Number) : undefined;
      if (size) terminal.resize(size[0], size[1]);
    }
    const { active } = terminal.buffer;
    const lines = Array.from(
      { length: terminal.rows },
      (_, row) => active.getLine(active.baseY + row)?.translateToString(true) ?? "",
    );
    found.push([state as Agent["status"], lastLine(lines, state as Agent["status"])]);
  }
  terminal.dispose();
  return found;
}

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { covered, Play, type Scenario } from "./support/scenario.js";
import { ROOT } from "./support/world.js";

const FOLDER = join(ROOT, "tests/conformance");
const read = (path: string) => JSON.parse(readFileSync(path, "utf8"));

for (const file of readdirSync(FOLDER).filter((name) => name.endsWith(".json"))) {
  for (const scenario of read(join(FOLDER, file)) as Scenario[]) {
    const isMine = scenario.only?.includes("js") ?? true;
    test(`${file}: ${scenario.about}`, { skip: !isMine }, () => Play.run(scenario));
  }
}

/** What the client says by itself; programs get it by parts of the client, not by a method. */
const OWN = ["auth", "subscribe", "unsubscribe", "open", "close", "ack", "ping"];

/** The names of the messages of a schema; a family of types counts by what is in front of its star. */
function messages(file: string): string[] {
  const schema = read(join(ROOT, `grammar/protocol/v1/${file}.schema.json`)) as { oneOf: Array<{ $ref: string }> };
  return schema.oneOf.map(({ $ref }) => $ref.slice("#/$defs/".length));
}

test("every message of the protocol stands in a scenario", () => {
  const types = [...covered.types];
  const sent = (name: string) =>
    types.some((type) => (name.endsWith("*") ? type.startsWith(name.slice(0, -1)) : type === name));
  const missing = [...messages("server"), ...messages("event")].filter((name) => !sent(name));
  assert.deepEqual(missing, [], "add a scenario for these types to tests/conformance");
  // What a client of this specification never says by itself, and programs send with `request`, is asked for in requests.json.
  const unsaid = messages("client").filter((name) => !covered.actions.has(name));
  assert.deepEqual(unsaid, [], "add a scenario for these actions to tests/conformance");
  const uncalled = messages("client").filter((name) => !OWN.includes(name) && !covered.called.has(name));
  assert.deepEqual(uncalled, [], "add a method for these actions, and a scenario that calls it");
  const terminal = messages("terminal-client").filter((name) => !covered.actions.has(`terminal ${name}`));
  assert.deepEqual(terminal, [], "add a scenario for these of terminals to tests/conformance");
});

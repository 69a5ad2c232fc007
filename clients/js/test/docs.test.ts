// The examples of docs/ in JavaScript and for the shell, as they stand there.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { WebSocket } from "ws";
import { Client } from "../src/index.js";
import { ROOT, World } from "./support/world.js";

let world: World;
before(async () => {
  world = await World.start();
  await world.run("new-session", "-d", "-s", "backend", "cat");
});
after(() => world.stop());

/** The example of docs/protocol.md in this language that has this text, for the server of the test. */
function example(language: string, text: string): string {
  const docs = readFileSync(join(ROOT, "docs/protocol.md"), "utf8");
  const blocks = [...docs.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm"))];
  const found = blocks.map(([, code]) => code as string).filter((code) => code.includes(text));
  assert.equal(found.length, 1, `docs/protocol.md has ${found.length} examples with ${text}`);
  return (found[0] as string).replaceAll("127.0.0.1:8765", new URL(world.url).host);
}

test("a ticket opens a connection", async () => {
  const answer = await fetch(new URL("/api/ticket", world.url.replace(/^ws/, "http")), {
    method: "POST",
    headers: { Authorization: `Bearer ${world.token}` },
  });
  const { ticket } = (await answer.json()) as { ticket: string };
  const open = new Function("WebSocket", "ticket", `return ${example("js", "muxwire.ticket.")}`);
  const socket: WebSocket = open(WebSocket, ticket);
  const messages: string[] = [];
  await new Promise((done, fail) => {
    socket.on("error", fail);
    socket.on("message", (text) => {
      messages.push(JSON.parse(String(text)).type);
      if (messages.includes("auth.response")) done(undefined);
    });
  });
  assert.equal(socket.protocol, "muxwire.v1");
  assert.deepEqual(messages, ["hello", "auth.response"]);
  socket.terminate();
});

test("curl emits events", async () => {
  const client = new Client(world.url, { token: world.token });
  const events = client.events({ types: ["x.*"] });
  const first = events.next();
  while (events.cursor === undefined) await new Promise((done) => setTimeout(done, 20));
  const environment = { PATH: process.env.PATH, TOKEN: world.token };
  const { stdout } = await promisify(execFile)("sh", ["-c", example("sh", "/api/events")], { env: environment });
  const { type, seq } = JSON.parse(stdout);
  const { value } = await first;
  assert.deepEqual([type, seq, value?.type], ["emitted", (value as { seq: number }).seq, "x.acme.deploy"]);
  await client.close();
});

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { until, World } from "./support/world.js";

const README = readFileSync("README.md", "utf8");
const EXAMPLES = [...README.matchAll(/^```js\n([\s\S]*?)^```$/gm)].map(([, code]) => code as string);
// Where the package is found as a program finds it.
const FOLDER = resolve("../node_modules/.muxwire-test");

let world: World;
before(async () => {
  world = await World.start();
});
after(() => world.stop());

/** Runs the example whose text has this, and gives what it prints. */
class Example {
  printed = "";
  readonly #child: ChildProcess;

  constructor(part: string) {
    const index = EXAMPLES.findIndex((code) => code.includes(part));
    assert.notEqual(index, -1, part);
    mkdirSync(FOLDER, { recursive: true });
    const file = join(FOLDER, `example-${index}.mjs`);
    writeFileSync(file, EXAMPLES[index] as string);
    const environment = {
      PATH: process.env.PATH,
      MUXWIRE_URL: world.url,
      MUXWIRE_TOKEN: world.token,
      PLACE: join(world.folder, "place.json"),
    };
    this.#child = spawn(process.execPath, [file], { env: environment, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on("data", (chunk) => {
        this.printed += String(chunk);
      });
    }
  }

  /** Does something until this is printed. */
  async prints(text: string, again: () => Promise<unknown> = async () => undefined): Promise<void> {
    let tried = 0;
    await until(`${text}; it printed ${this.printed}`, async () => {
      if (tried % 25 === 0) await again();
      tried += 1;
      return this.printed.includes(text);
    });
  }

  async ended(): Promise<number | null> {
    if (this.#child.exitCode === null) await new Promise((done) => this.#child.once("exit", done));
    return this.#child.exitCode;
  }

  async stop(): Promise<void> {
    const ended = this.ended();
    this.#child.kill();
    if (this.#child.signalCode === null) await ended;
  }
}

const type = (text: string) => world.run("send-keys", "-t", "keep:", text, "Enter");

test("five examples stand in the README", () => assert.equal(EXAMPLES.length, 5));

test("errors of all sessions are printed", async () => {
  const example = new Example("data.severity");
  await example.prints("keep %0: error: it broke", () => type("error: it broke"));
  await example.stop();
});

test("the state changes with what there is", async () => {
  const example = new Example("client.state()");
  await example.prints("keep: 1 panes");
  await world.run("new-session", "-d", "-s", "other", "cat");
  await example.prints("keep, other: 2 panes");
  await world.run("kill-session", "-t", "other");
  await example.stop();
});

test("a command is typed and its output awaited", async () => {
  const example = new Example("client.command");
  await example.prints("%0 printed it");
  assert.equal(await example.ended(), 0);
});

test("a pane is shown", async () => {
  await world.run("respawn-pane", "-k", "-t", "keep:", "clear; exec cat");
  const example = new Example("client.open");
  await example.prints("in the first line", () => type("in the first line"));
  await example.stop();
});

test("a program goes on where it stopped", async () => {
  const first = new Example("process.env.PLACE");
  let number = 0;
  await first.prints("window.created", () => {
    number += 1;
    return world.run("new-window", "-d", "-n", `w${number}`, "-t", "keep:", "cat");
  });
  const place = join(world.folder, "place.json");
  await until("the place is written", () => existsSync(place) && readFileSync(place, "utf8").endsWith("}"));
  await first.stop();
  await world.run("new-window", "-d", "-n", "meanwhile", "-t", "keep:", "cat");
  const second = new Example("process.env.PLACE");
  await second.prints("window.created meanwhile");
  assert.ok(!second.printed.includes("w1"), second.printed);
  await second.stop();
});

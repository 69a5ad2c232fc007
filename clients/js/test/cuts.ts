// Runs with cut connections: node CUTS.js RUNS FIRST_SEED AT_ONCE
//
// Each run prints into a pane of its own, changes its session, and follows all of that over a proxy that cuts: as events, as
// a state and as a pane. What came is compared with an uncut connection, with a snapshot, and with capture-pane.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client, type MuxwireError, type Pane, type StreamItem, Tmux } from "../src/index.js";
import { CuttingProxy } from "./support/proxy.js";
import { Random } from "./support/random.js";
import { Reference } from "./support/reference.js";
import { asShown, Screen } from "./support/screen.js";
import { until, World } from "./support/world.js";

// Moves end in a column that is named, and lines are erased from the first: where half of a wide character is erased, or a
// character waits for the next line, terminals differ among each other.
const PIECES = ["error: it broke", "\x1b[31mred\x1b[0m", "é", "\x1b[1;4mbold\x1b[0m", "\r\x1b[K"];
// Not both in one run: a wide character that does not fit into the last column leaves there what was there in tmux, and
// erases it in xterm.js.
const WIDE = ["日本語"];
const MOVES = ["\r\x1b[2A", "\x1b[12G"];

/** What a run's pane prints: parts, some lines each, and a last one that ends it. */
function script(random: Random, seed: number): string[] {
  const pieces = [...PIECES, ...(random.below(2) === 0 ? WIDE : MOVES)];
  const parts = Array.from({ length: 4 + random.below(16) }, (_, part) => {
    const lines = Array.from({ length: 1 + random.below(random.below(8) === 0 ? 300 : 12) }, (_, line) => {
      const words = Array.from({ length: random.below(12) }, () => random.oneOf(pieces));
      return `${part}.${line} ${words.join(" ")}`;
    });
    return `${lines.join("\r\n")}\r\n`;
  });
  return [...parts, `END-${seed}\r\n`];
}

interface Followed {
  items: StreamItem[];
  pane: Pane;
  screen: Screen;
  failures: string[];
}

async function follow(client: Client, target: string, session: string, random: Random): Promise<Followed> {
  const stream = client.events({ sessions: [session] });
  const window = random.oneOf([undefined, 4096, 65_536, null]);
  const followed: Followed = {
    items: [],
    pane: client.open(target, { ackWindow: window }),
    screen: new Screen(),
    failures: [],
  };
  const failed = (error: MuxwireError) => followed.failures.push(`${error.code}: ${error.message}`);
  const events = async () => {
    for await (const item of stream) followed.items.push(item);
  };
  const bytes = async () => {
    for await (const item of followed.pane) await followed.screen.take(item);
  };
  events().catch(failed);
  bytes().catch(failed);
  await until("the stream has begun", () => stream.cursor !== undefined || followed.failures.length > 0);
  return followed;
}

/** Things that happen in tmux besides printing. */
async function disturb(world: World, session: string, random: Random): Promise<void> {
  for (let times = random.below(6); times > 0; times -= 1) {
    await new Promise((done) => setTimeout(done, random.below(60)));
    const [name, size] = [`w${random.below(1000)}`, 20 + random.below(80)];
    const commands = [
      ["rename-window", "-t", session, name],
      ["new-window", "-d", "-t", session, "cat"],
      ["resize-window", "-t", `${session}:0`, "-x", String(size), "-y", String(5 + random.below(30))],
      ["split-window", "-d", "-t", session, "cat"],
      ["set-buffer", "-b", `b${session}`, name],
    ];
    await world.run(...random.oneOf(commands)).catch(() => undefined);
  }
}

async function once(
  world: World,
  reference: Reference,
  seed: number,
): Promise<{ cuts: number; events: number; bytes: number }> {
  const random = new Random(seed);
  const [session, folder] = [`run-${seed}`, join(world.folder, `run-${seed}`)];
  mkdirSync(folder);
  const parts = script(random, seed);
  parts.forEach((part, index) => {
    writeFileSync(join(folder, String(index).padStart(4, "0")), part);
  });
  const proxy = await CuttingProxy.start(world.url, random);
  const client = new Client(proxy.url, { token: world.token, random: () => random.next() * 0.2 });
  try {
    const printing = `stty raw -echo; until [ -e ${folder}/go ]; do sleep 0.02; done; for part in ${folder}/0*; do cat $part; sleep 0.0${random.below(6)}; done; exec cat`;
    const target = (
      await world.run("new-session", "-d", "-P", "-F", "#{pane_id}", "-s", session, "-x", "80", "-y", "24", printing)
    ).trim();
    const isListed = () =>
      reference.events.some((event) => event.type === "window.created" && event.session === session);
    await until(`run ${seed} is listed`, isListed);
    const state = client.state();
    const followed = await follow(client, target, session, random);
    const begin = reference.events.length;
    writeFileSync(join(folder, "go"), "");
    await disturb(world, session, random);
    const isPrinted = () =>
      reference.events
        .slice(begin)
        .some(({ pane, data }) => pane === target && String(data.content).includes(`END-${seed}`));
    await until(`run ${seed} has printed`, isPrinted);
    proxy.isCutting = random.below(2) === 0;
    await until(`run ${seed} is quiet`, async () => {
      const before = reference.events.length;
      await new Promise((done) => setTimeout(done, 100));
      return before === reference.events.length || isSettled(reference, before, session);
    });
    proxy.isCutting = false;
    await compare(world, reference, { session, target, seed }, followed);
    await compareState(client, state, session, seed);
    const bytes = reference.end(target);
    return { cuts: proxy.cuts, events: followed.items.length, bytes };
  } finally {
    await client.close();
    proxy.close();
    await world.run("kill-session", "-t", session).catch(() => undefined);
    rmSync(folder, { recursive: true, force: true });
  }
}

function isSettled(reference: Reference, from: number, session: string): boolean {
  return !reference.events.slice(from).some((event) => event.session === session);
}

async function compare(
  world: World,
  reference: Reference,
  { session, target, seed }: { session: string; target: string; seed: number },
  followed: Followed,
): Promise<void> {
  const failed = () => followed.failures.length > 0;
  const end = reference.end(target);
  await until(`run ${seed}: the pane is at ${end}`, () => failed() || (followed.pane.offset ?? -1) >= end);
  const expected = () => reference.events.filter((event) => event.session === session);
  const first = () => (followed.items[0] as { seq?: number } | undefined)?.seq ?? 0;
  const wanted = () => expected().filter(({ seq }) => Number(seq) >= first());
  const last = (list: ReadonlyArray<unknown>) => (list.at(-1) as { seq?: number } | undefined)?.seq ?? 0;
  await until(
    `run ${seed}: the stream is at ${last(wanted())}`,
    () => failed() || last(followed.items) >= last(wanted()),
  );
  if (failed()) throw new Error(`run ${seed}: ${followed.failures.join("; ")}`);
  const [came, should] = [
    followed.items.map((item) => JSON.stringify(item)),
    wanted().map((event) => JSON.stringify(event)),
  ];
  const different = should.findIndex((event, index) => event !== came[index]);
  if (different >= 0 || came.length !== should.length) {
    const at = different >= 0 ? different : should.length;
    throw new Error(`run ${seed}: event ${at} of ${should.length} is ${came[at]} and not ${should[at]}`);
  }
  const captured = async () =>
    asShown(
      await world.run("capture-pane", "-p", "-t", target),
      await world.run("display-message", "-p", "-t", target, "#{cursor_x},#{cursor_y}"),
    );
  // A fresh snapshot may still be on its way, behind a change of the size.
  let shown = "";
  await until(
    `run ${seed}: the screen is as tmux's`,
    async () => {
      shown = await captured();
      return shown === followed.screen.shown;
    },
    20,
  ).catch((error: Error) => {
    throw new Error(`${error.message}\n${followed.screen.shown}\n--- and not\n${shown}`);
  });
}

/** What the state holds of a session, and what a snapshot says of it. */
async function compareState(client: Client, state: Tmux, session: string, seed: number): Promise<void> {
  const of = (tmux: Tmux) => {
    const found = [...tmux.sessions.values()].find(({ name }) => name === session);
    const ids = Object.values(found?.windows ?? {});
    const panes = [...tmux.panes.values()]
      .filter(({ window }) => ids.includes(window))
      .sort((one, two) => (one.id < two.id ? -1 : 1));
    return JSON.stringify([found, ids.map((id) => tmux.windows.get(id)), panes], sorted);
  };
  let [held, should] = ["", ""];
  await until(
    `run ${seed}: the state is as a snapshot`,
    async () => {
      const whole = new Tmux();
      whole.replace(await client.snapshot());
      [held, should] = [of(state), of(whole)];
      return held === should;
    },
    20,
  ).catch((error: Error) => {
    throw new Error(`${error.message}\n${held}\n--- and not\n${should}`);
  });
}

/** Objects with their fields in one order. */
function sorted(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [two]) => (one < two ? -1 : 1)));
}

async function main(): Promise<void> {
  const [runs = 20, first = 1, atOnce = 4] = process.argv.slice(2).map(Number);
  const world = await World.start();
  const reference = await Reference.follow(world);
  const began = Date.now();
  const sum = { runs: 0, cuts: 0, events: 0, bytes: 0 };
  const failures: string[] = [];
  let next = first;
  const worker = async () => {
    while (next < first + runs) {
      const seed = next;
      next += 1;
      try {
        const { cuts, events, bytes } = await once(world, reference, seed);
        sum.cuts += cuts;
        sum.events += events;
        sum.bytes += bytes;
      } catch (error) {
        failures.push(String(error instanceof Error ? error.message : error));
        console.log(`cuts: ${failures.at(-1)}`);
      }
      sum.runs += 1;
      if (sum.runs % 50 === 0) console.log(`cuts: ${sum.runs} runs, ${failures.length} failed`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  reference.close();
  await world.stop();
  const seconds = Math.round((Date.now() - began) / 1000);
  console.log(
    `cuts: js: ${sum.runs} runs with seeds ${first} to ${first + runs - 1}: ${sum.cuts} cuts, ${sum.events} events, ${sum.bytes} bytes, ${failures.length} failed, ${seconds} s`,
  );
  process.exitCode = failures.length > 0 ? 1 : 0;
}

await main();

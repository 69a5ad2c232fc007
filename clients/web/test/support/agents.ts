import { execFileSync } from "node:child_process";
import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, until, type World } from "../../../js/test/support/world.ts";

/** A stand-in for Claude Code in a pane, which does as it is told: tests/agents/claude.py says what it understands. */
export class StandIn {
  readonly pane: string;
  readonly #fifo: string;
  readonly #log: string;

  private constructor(pane: string, fifo: string, log: string) {
    this.pane = pane;
    this.#fifo = fifo;
    this.#log = log;
  }

  /** Starts one in a session of its own. */
  static async start(world: World, session: string, size = "120x35"): Promise<StandIn> {
    const program = programOf(world);
    const fifo = join(world.folder, `${session}.fifo`);
    const log = join(world.folder, `${session}.log`);
    execFileSync("mkfifo", [fifo]);
    const [cols, rows] = size.split("x") as [string, string];
    const made = ["new-session", "-d", "-P", "-F", "#{pane_id}", "-s", session, "-x", cols, "-y", rows];
    const pane = (await world.run(...made, `${program} ${fifo} ${log}`)).trim();
    await until(`${session} has begun`, () => existsSync(`${fifo}.pid`));
    return new StandIn(pane, fifo, log);
  }

  /** Such as `ask cargo test`, `busy` and `idle`. */
  tell(line: string): void {
    appendFileSync(this.#fifo, `${line}\n`);
  }

  /** What was submitted and answered, in order. */
  heard(): Array<Record<string, unknown>> {
    if (!existsSync(this.#log)) return [];
    return readFileSync(this.#log, "utf8")
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }
}

/** The program, under the name by which it is taken for an agent. */
function programOf(world: World): string {
  const folder = join(world.folder, "agents");
  const program = join(folder, "claude");
  if (existsSync(program)) return program;
  const python = execFileSync("python3", ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" });
  mkdirSync(folder);
  writeFileSync(program, `#!${python}${readFileSync(join(ROOT, "tests/agents/claude.py"), "utf8")}`);
  chmodSync(program, 0o700);
  return program;
}

import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

/** The repository. Tests are run from clients/js. */
export const ROOT = resolve(process.cwd(), "../..");
const run = promisify(execFile);

function newestTmux(): string {
  const folder = join(ROOT, "target/tmux");
  const versions = existsSync(folder) ? readdirSync(folder).sort() : [];
  const found = versions.map((version) => join(folder, version, "tmux")).filter((path) => existsSync(path));
  return process.env.TMUX_PROGRAM ?? found.at(-1) ?? "tmux";
}

/** A tmux server of its own and the program that serves it, both below one folder that goes with them. */
export class World {
  readonly folder = mkdtempSync(join(tmpdir(), "muxwire-js-"));
  readonly tmux = newestTmux();
  readonly socket = join(this.folder, "tmux.sock");
  readonly environment: NodeJS.ProcessEnv = {
    HOME: this.folder,
    PATH: process.env.PATH,
    TMPDIR: this.folder,
    LC_ALL: "C.UTF-8",
    SHELL: "/bin/sh",
    MUXWIRE_SERVER_TMUX: this.tmux,
    MUXWIRE_SERVER_HOST_NAME: "lab",
    // A restart is a new log then, unless a test wants to go on with it.
    MUXWIRE_HISTORY_ENABLED: "false",
  };
  readonly #program = process.env.MUXWIRE ?? join(ROOT, "target/debug/muxwire");
  #server: ChildProcess | undefined;
  url = "";
  token = "";

  static async start(settings: Record<string, string> = {}): Promise<World> {
    const world = new World();
    Object.assign(world.environment, settings);
    // Who is interrupted leaves nothing behind.
    process.once("SIGINT", () => void world.stop().finally(() => process.exit(130)));
    try {
      await world.run("new-session", "-d", "-s", "keep", "-x", "80", "-y", "24", "cat");
      world.token = world.newToken("--name", "test", "--allow", "write,admin");
      await world.serve();
    } catch (error) {
      await world.stop();
      throw error;
    }
    return world;
  }

  /** Makes a token with these options. */
  newToken(...options: string[]): string {
    const made = execFileSync(this.#program, ["token", "create", ...options], {
      env: this.environment,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return made.trim().split("\n").at(-1) as string;
  }

  /** Starts the program, at the same address if it ran before. */
  async serve(): Promise<void> {
    const listen = this.url ? new URL(this.url).host : "127.0.0.1:0";
    const options = ["serve", "-S", this.socket, "--listen", listen];
    const server = spawn(this.#program, options, { env: this.environment, stdio: ["ignore", "pipe", "pipe"] });
    this.#server = server;
    let said = "";
    server.stderr?.on("data", (chunk) => {
      said = (said + String(chunk)).slice(-4000);
    });
    for await (const line of createInterface({ input: server.stdout as NodeJS.ReadableStream })) {
      const url = /^listening on (ws:\S+)$/.exec(line)?.[1];
      if (!url) continue;
      this.url = url;
      const ready = new URL("/readyz", url.replace(/^ws/, "http"));
      await until("a tmux server is followed", async () => (await fetch(ready)).ok);
      return;
    }
    throw new Error(`muxwire did not start: ${said}`);
  }

  /** Ends the program in order. */
  async endServer(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const ended = new Promise((done) => server.once("exit", done));
    server.kill(signal);
    await ended;
  }

  /** Asks tmux. */
  async run(...command: string[]): Promise<string> {
    const { stdout } = await run(this.tmux, ["-S", this.socket, "-f", "/dev/null", ...command], {
      env: this.environment,
    });
    return stdout;
  }

  async stop(): Promise<void> {
    await this.endServer();
    await this.run("kill-server").catch(() => undefined);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Waits until this holds; what is waited for is named in the error. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, seconds = 60): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

// Bundles the tests and runs them: `npm test`, or `npm test -- cuts 20 1 4`.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { build } from "esbuild";

const at = (path) => new URL(path, import.meta.url).pathname;
// Below node_modules, where packages are found from, and which is nobody's source.
const out = at("../../node_modules/.muxwire-test");
const [what, ...more] = process.argv.slice(2);
const tests = readdirSync(at("../test")).filter((name) => name.endsWith(".test.ts"));
const chosen = what === "cuts" ? ["cuts.ts"] : tests.filter((name) => !what || name.startsWith(`${what}.`));

await build({
  entryPoints: chosen.map((name) => at(`../test/${name}`)),
  outdir: out,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  sourcemap: "inline",
  outExtension: { ".js": ".mjs" },
  packages: "external",
  alias: { muxwire: at("../src/index.ts") },
  logLevel: "warning",
});
const files = chosen.map((name) => `${out}/${name.replace(/\.ts$/, ".mjs")}`);
const options = what === "cuts" ? [...files, ...more] : ["--test", "--test-concurrency=1", ...files];
const ended = spawnSync(process.execPath, ["--enable-source-maps", ...options], { stdio: "inherit", cwd: at("..") });
process.exit(ended.status ?? 1);

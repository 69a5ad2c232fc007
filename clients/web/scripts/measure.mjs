// Measures the pages in headless Chromium, beside ttyd's where that is comparable: `.ci/pages-bench`, or here `npm run measure`.
// With the names of measures it takes these alone: load keys tiles flood many memory.
import { spawnSync } from "node:child_process";
import { build } from "esbuild";

const at = (path) => new URL(path, import.meta.url).pathname;
const out = at("../../node_modules/.muxwire-web-test/measure.mjs");

await build({
  entryPoints: [at("../test/support/measure.ts")],
  outfile: out,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  sourcemap: "inline",
  external: ["playwright-core", "ws"],
  logLevel: "warning",
});
const ended = spawnSync(process.execPath, ["--enable-source-maps", out, ...process.argv.slice(2)], {
  stdio: "inherit",
  cwd: at(".."),
});
process.exit(ended.status ?? 1);

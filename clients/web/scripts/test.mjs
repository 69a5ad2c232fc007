// Bundles the tests and runs them: `npm test`, or `npm test -- page` for those of one file, `npm test -- page phone` for one of them.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { build } from "esbuild";

const at = (path) => new URL(path, import.meta.url).pathname;
// Below node_modules, where packages are found from, and which is nobody's source.
const out = at("../../node_modules/.muxwire-web-test");
const [what, named] = process.argv.slice(2);
const tests = readdirSync(at("../test")).filter((name) => name.endsWith(".test.ts"));
const chosen = tests.filter((name) => !what || name.startsWith(`${what}.`));

await build({
  entryPoints: chosen.map((name) => at(`../test/${name}`)),
  outdir: out,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  sourcemap: "inline",
  outExtension: { ".js": ".mjs" },
  external: ["esbuild", "http_ece", "playwright-core", "ws"],
  alias: {
    muxwire: at("../../js/src/index.ts"),
    "muxwire/bytes": at("../../js/src/bytes.ts"),
    "vendor/editor": at("../src/vendor/editor.ts"),
    "vendor/focus": at("../src/vendor/focus.ts"),
    "vendor/terminal": at("../src/vendor/terminal.ts"),
    vendor: at("../src/vendor/ui.ts"),
    grammar: at("../../../grammar/protocol/v1"),
  },
  jsx: "automatic",
  jsxImportSource: "preact",
  logLevel: "warning",
});
const files = chosen.map((name) => `${out}/${name.replace(/\.ts$/, ".mjs")}`);
const options = [
  "--enable-source-maps",
  "--test",
  "--test-concurrency=1",
  ...(named ? ["--test-name-pattern", named] : []),
  ...files,
];
const ended = spawnSync(process.execPath, options, { stdio: "inherit", cwd: at("..") });
process.exit(ended.status ?? 1);

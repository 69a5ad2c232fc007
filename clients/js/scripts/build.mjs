// Makes dist/: one module without dependencies, and the declarations. Says how large it is, and fails beyond 12 KB.
import { execFileSync } from "node:child_process";
import { copyFileSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const LIMIT = 12 * 1024;
const at = (path) => new URL(path, import.meta.url).pathname;
const tsc = createRequire(import.meta.url)
  .resolve("typescript/package.json")
  .replace(/package\.json$/, "bin/tsc");

rmSync(at("../dist"), { recursive: true, force: true });
execFileSync(process.execPath, [tsc, "-p", at("../tsconfig.json"), "--emitDeclarationOnly", "--stripInternal"], {
  stdio: "inherit",
});
const options = {
  entryPoints: [at("../src/index.ts")],
  bundle: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
};
await build({ ...options, outfile: at("../dist/index.js") });
for (const licence of ["LICENSE-MIT", "LICENSE-APACHE"]) copyFileSync(at(`../../../${licence}`), at(`../${licence}`));

const { outputFiles } = await build({ ...options, minify: true, write: false });
const small = gzipSync(outputFiles[0].contents, { level: 9 }).length;
const whole = (await readFile(at("../dist/index.js"))).length;
console.log(`build: ${whole} bytes, minified ${outputFiles[0].contents.length}, compressed ${small} of ${LIMIT}`);
if (small > LIMIT) {
  console.error(`build: the library is larger than ${LIMIT} bytes`);
  process.exit(1);
}

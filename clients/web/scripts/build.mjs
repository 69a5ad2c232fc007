// Bundles the pages into bundle/, which is committed: what cargo builds needs no Node. With --check it only says whether what
// is committed is what would be made. bundle/manifest.json names all that went in, so that a test in Rust sees what is stale.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build, version as esbuild } from "esbuild";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const web = join(root, "clients/web");
const bundle = join(web, "bundle");
/** What decides what is made, besides the sources. */
const ALWAYS = ["clients/package-lock.json", "clients/web/package.json", "clients/web/scripts/build.mjs"];
const PAGES = ["dashboard", "protocol"];
/** What the pages use of others, in bundles that change with a version. A page loads those that it needs. */
const VENDORS = { vendor: "ui", "vendor/editor": "editor", "vendor/focus": "focus", "vendor/terminal": "terminal" };
const VENDOR = /^(vendor(\/[a-z]+)?|preact\/jsx-runtime)$/;
const files = new Map();
const inputs = new Set(ALWAYS);

const options = {
  absWorkingDir: root,
  bundle: true,
  charset: "utf8",
  format: "esm",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  metafile: true,
  minify: true,
  outdir: "clients/web/bundle",
  target: "es2022",
  write: false,
  logLevel: "warning",
};

/** Ours finds what is others' in a bundle beside it. */
const beside = {
  name: "beside",
  setup({ onResolve }) {
    onResolve({ filter: VENDOR }, ({ path }) => {
      const name = VENDORS[path.startsWith("preact/") ? "vendor" : path];
      return name ? { path: `./vendor-${name}.js`, external: true } : undefined;
    });
  },
};
/** Of events the page knows the types alone. */
const typesOfEvents = {
  name: "types of events",
  setup({ onLoad }) {
    onLoad({ filter: /event\.schema\.json$/ }, ({ path }) => {
      const defs = Object.entries(JSON.parse(readFileSync(path, "utf8")).$defs);
      const $defs = Object.fromEntries(defs.map(([name, { description }]) => [name, { description }]));
      return { contents: JSON.stringify({ $defs }), loader: "json" };
    });
  },
};
const alias = {
  muxwire: join(root, "clients/js/src/index.ts"),
  "muxwire/bytes": join(root, "clients/js/src/bytes.ts"),
  grammar: join(root, "grammar/protocol/v1"),
};

const made = [
  ...(await Promise.all(
    Object.values(VENDORS).map((name) =>
      build({ ...options, entryPoints: [`clients/web/src/vendor/${name}.ts`], entryNames: `vendor-${name}` }),
    ),
  )),
  ...(await Promise.all(
    PAGES.flatMap((name) => [
      build({
        ...options,
        entryPoints: [`clients/web/src/${name}/main.tsx`],
        entryNames: name,
        plugins: [beside, typesOfEvents],
        alias,
      }),
      build({ ...options, entryPoints: [`clients/web/src/${name}/${name}.css`] }),
    ]),
  )),
  await build({ ...options, entryPoints: ["clients/web/src/dashboard/worker.ts"], entryNames: "sw", format: "iife" }),
];
const packages = new Set();
for (const { metafile, outputFiles } of made) {
  for (const { path, contents } of outputFiles) files.set(relative(bundle, path), Buffer.from(contents));
  for (const [path, { imports }] of Object.entries(metafile.inputs)) {
    if (imports.some(({ path }) => /^https?:/.test(path))) throw new Error(`${path} imports from elsewhere`);
    const of = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
    if (of) packages.add(of);
    else inputs.add(path);
  }
}
for (const path of ["icon.svg", ...readdirSync(join(web, "src/icons")).map((name) => `icons/${name}`)]) {
  files.set(basename(path), readFileSync(join(web, "src", path)));
  inputs.add(`clients/web/src/${path}`);
}
files.set("licences.txt", Buffer.from(licences([...packages].sort())));
const digest = (bytes) => createHash("sha256").update(bytes).digest("hex");
const listed = (names, read) => Object.fromEntries([...names].sort().map((name) => [name, digest(read(name))]));
const manifest = {
  about: "Made by `npm run build` in clients/web from these inputs. A test compares them with what is there.",
  tools: { esbuild },
  inputs: listed(inputs, (name) => readFileSync(join(root, name))),
  outputs: listed(files.keys(), (name) => files.get(name)),
};
files.set("manifest.json", Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`));

if (process.argv.includes("--check")) {
  const there = readdirSync(bundle).sort();
  const names = [...files.keys()].sort();
  const isSame = (name) => files.get(name)?.equals(readFileSync(join(bundle, name)));
  const stale = there.filter((name) => !isSame(name)).concat(names.filter((name) => !there.includes(name)));
  if (stale.length > 0) {
    console.error(
      `build: ${stale.join(", ")} in clients/web/bundle: stale; run \`npm run build\` in clients/web, and commit it`,
    );
    process.exit(1);
  }
} else {
  rmSync(bundle, { recursive: true, force: true });
  mkdirSync(bundle);
  for (const [name, bytes] of files) writeFileSync(join(bundle, name), bytes);
}
for (const [name, { length }] of [...files].sort()) console.log(`build: ${name}: ${length} bytes`);

/** The licences of what is in the bundle, as these ask for. */
function licences(names) {
  const require = createRequire(join(web, "package.json"));
  const parts = names.map((name) => {
    const folder = dirname(findManifest(require, name));
    const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
    const text = file ? readFileSync(join(folder, file), "utf8").trim() : `Its licence is ${license}.`;
    return `${name} ${version}\n\n${text.replaceAll("\r\n", "\n")}\n`;
  });
  return `What the pages of muxwire are made with, and its licences.\n\n${parts.join(`\n${"-".repeat(72)}\n\n`)}`;
}

/** Packages need not export their manifest. */
function findManifest(require, name) {
  for (const folder of require.resolve.paths(name) ?? []) {
    const path = join(folder, name, "package.json");
    try {
      readFileSync(path);
      return path;
    } catch {
      // It is in a folder further up.
    }
  }
  throw new Error(`${name} is nowhere`);
}

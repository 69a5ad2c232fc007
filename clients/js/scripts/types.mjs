// Makes src/protocol.ts from grammar/protocol/v1. With --check it only says whether the file is stale.
//
// It reads as much of JSON Schema as the protocol's schemas use, and refuses what it does not know: a constraint that
// silently became `unknown` would be worse than a failure here.
import { readFileSync, writeFileSync } from "node:fs";

const SCHEMAS = new URL("../../../grammar/protocol/v1/", import.meta.url);
const OUT = new URL("../src/protocol.ts", import.meta.url);
const FILES = ["objects", "event", "server", "client", "terminal-server", "terminal-client"];
// Say more about values than types can, or only describe.
const IGNORED = new Set(
  [
    "description",
    "pattern",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
  ].concat(["maxProperties", "format", "dependentSchemas", "if", "then", "else", "$schema", "$id", "title", "$defs"]),
);

const schemas = Object.fromEntries(
  FILES.map((file) => [file, JSON.parse(readFileSync(new URL(`${file}.schema.json`, SCHEMAS), "utf8"))]),
);

const PREFIX = {
  objects: "",
  event: "",
  server: "",
  client: "",
  "terminal-server": "Terminal",
  "terminal-client": "Terminal",
};
const SUFFIX = {
  objects: "",
  event: "Event",
  server: "Message",
  client: "Request",
  "terminal-server": "Message",
  "terminal-client": "Request",
};

function isMessage(file, name) {
  return (schemas[file].oneOf ?? []).some((one) => one.$ref === `#/$defs/${name}`);
}

/** Names that mean something else already, in the language, in browsers or in this library. */
const RENAMED = {
  number: "Count",
  server: "TmuxServer",
  window: "TmuxWindow",
  pane: "TmuxPane",
  client: "TmuxClient",
  buffer: "TmuxBuffer",
};

function typeName(file, name) {
  if (file === "objects" && name in RENAMED) return RENAMED[name];
  // A family of types, such as `task.*`, is named after what they have in common.
  const words = name
    .replace(/\.\*$/, "")
    .split(/[._-]/)
    .map((word) => word[0].toUpperCase() + word.slice(1));
  const shared = file === "objects" || !(isMessage(file, name) || name === "envelope");
  // What is no message is told apart by its file where two files have the same name.
  const taken = FILES.filter((other) => name in schemas[other].$defs && !isMessage(other, name)).length > 1;
  if (shared && file !== "objects" && taken)
    return `${words.join("")}Of${file
      .split("-")
      .map((w) => w[0].toUpperCase() + w.slice(1))
      .join("")}`;
  return (shared ? "" : PREFIX[file]) + words.join("") + (shared ? "" : SUFFIX[file]);
}

function reference(file, ref) {
  const local = /^#\/\$defs\/(.+)$/.exec(ref);
  if (local) return typeName(file, local[1]);
  const other = /^urn:muxwire:protocol:v1:([a-z-]+)#\/\$defs\/(.+)$/.exec(ref);
  if (!other || !(other[2] in (schemas[other[1]]?.$defs ?? {}))) throw new Error(`nothing is at ${ref}`);
  // What has an envelope is an event.
  if (other[1] === "event" && other[2] === "envelope") return "AnyEvent";
  return typeName(other[1], other[2]);
}

const SIMPLE = { string: "string", integer: "number", number: "number", boolean: "boolean", null: "null" };

function typeOf(file, schema, place) {
  for (const key of Object.keys(schema)) {
    const known = [
      "type",
      "$ref",
      "const",
      "enum",
      "oneOf",
      "anyOf",
      "allOf",
      "required",
      "properties",
      "items",
      "additionalProperties",
    ];
    if (!IGNORED.has(key) && !known.includes(key))
      throw new Error(`${file}: ${place} has ${key}, which this script does not know`);
  }
  const parts = [];
  if (schema.$ref) parts.push(reference(file, schema.$ref));
  if ("const" in schema) parts.push(JSON.stringify(schema.const));
  if (schema.enum) parts.push(union(schema.enum.map((value) => JSON.stringify(value))));
  if (schema.allOf)
    parts.push(
      ...schema.allOf.map((one) =>
        bracketed(onlyRequires(one) ? demanded(file, schema.allOf, one) : typeOf(file, one, place)),
      ),
    );
  if (schema.anyOf && !schema.anyOf.every(onlyRequires))
    parts.push(union(schema.anyOf.map((one) => typeOf(file, one, place))));
  if (schema.oneOf && !schema.oneOf.every(onlyRequires))
    parts.push(union(schema.oneOf.map((one) => typeOf(file, one, place))));
  if (!("const" in schema) && !schema.enum && schema.type) {
    const types = [schema.type].flat();
    parts.push(union(types.map((type) => one(file, schema, type, place))));
  } else if (schema.properties || schema.required) {
    parts.push(object(file, schema, place));
  }
  const told = parts.filter((part) => part !== "unknown");
  if (told.length === 0) return "unknown";
  return told.length === 1 ? told[0] : told.map(bracketed).join(" & ");
}

const onlyRequires = (schema) => Object.keys(schema).every((key) => key === "required");
const union = (types) => [...new Set(types)].join(" | ");
const bracketed = (type) => (/ \| /.test(type) && !/^[{(]/.test(type) ? `(${type})` : type);

function one(file, schema, type, place) {
  if (type === "array") return `Array<${typeOf(file, schema.items, `${place}[]`)}>`;
  if (type === "object") return object(file, schema, place);
  if (!(type in SIMPLE)) throw new Error(`${file}: ${place} is of the type ${type}`);
  return SIMPLE[type];
}

function object(file, schema, place) {
  const { properties = {}, required = [], additionalProperties: rest } = schema;
  const lines = Object.entries(properties).map(([name, of]) => {
    const mark = required.includes(name) ? "" : "?";
    const key = /^[a-z_]\w*$/i.test(name) ? name : JSON.stringify(name);
    return `${comment(of.description)}${key}${mark}: ${typeOf(file, of, `${place}.${name}`)};`;
  });
  // A field that is required, and described elsewhere, as by what this is an intersection with.
  const bare = required.filter((name) => !(name in properties));
  lines.push(...bare.map((name) => `${name}: ${described(name)};`));
  if (rest && typeof rest === "object") lines.push(`[key: string]: ${typeOf(file, rest, `${place}.*`)};`);
  return lines.length === 0 ? "{ [key: string]: unknown }" : `{\n${lines.join("\n")}\n}`;
}

/** What `required` alone says of what it stands beside. */
function demanded(file, beside, { required }) {
  const fields = required.map((name) => {
    const of = beside.filter((one) => one.$ref).find((one) => name in (resolved(file, one.$ref).properties ?? {}));
    if (!of) throw new Error(`nothing says what ${name} is`);
    return `${name}: Exclude<${reference(file, of.$ref)}["${name}"], undefined>;`;
  });
  return `{\n${fields.join("\n")}\n}`;
}

function resolved(file, ref) {
  const [, other, name] = /^(?:urn:muxwire:protocol:v1:([a-z-]+))?#\/\$defs\/(.+)$/.exec(ref);
  return schemas[other ?? file].$defs[name];
}

/** The type of a field of the envelope that an event requires. */
function described(name) {
  const schema = schemas.event.$defs.envelope.properties[name];
  if (!schema) throw new Error(`nothing says what ${name} is`);
  return typeOf("event", schema, name);
}

const comment = (text) => (text ? `/** ${text.replaceAll("*/", "* /")} */\n` : "");

/** The envelope's own `type` and `data` would hide those of each event. */
function eventType(name, schema) {
  const { $ref: _, ...own } = schema;
  own.required = ["type", "data", ...(schema.required ?? [])];
  const type = typeOf("event", own, name);
  if (!name.endsWith(".*")) return `Envelope & ${type}`;
  const family = name.replace("*", "$" + "{string}");
  return `Envelope & ${type.replace(/^type: .*$/m, () => `type: \`${family}\`;`)}`;
}

function declarations(file) {
  return Object.entries(schemas[file].$defs)
    .filter(([name, schema]) => !onlyConditions(schema) && !(file !== "objects" && name === "id" && file !== "client"))
    .map(([name, schema]) => {
      if (name === "envelope") {
        const { type: _type, data: _data, ...properties } = schema.properties;
        const required = schema.required.filter((field) => field in properties);
        return `${comment(schema.description)}export type Envelope = ${typeOf(file, { ...schema, properties, required }, name)};`;
      }
      const type = file === "event" ? eventType(name, schema) : typeOf(file, schema, name);
      return `${comment(schema.description)}export type ${typeName(file, name)} = ${type};`;
    });
}

const onlyConditions = (schema) => Boolean(!schema.properties && schema.anyOf?.every(onlyRequires));

function unions() {
  const of = (file) => schemas[file].oneOf.map((one) => reference(file, one.$ref)).join(" | ");
  const names = (file) => schemas[file].oneOf.map((one) => one.$ref.slice("#/$defs/".length));
  const text = (list) => JSON.stringify(list, null, 2);
  const keyed = names("client").filter((name) => "key" in schemas.client.$defs[name].properties);
  return [
    "/** An event of a type that this version knows. */",
    `export type AnyEvent = ${of("event")};`,
    "/** What the server sends besides events. */",
    `export type ServerMessage = ${of("server")};`,
    "/** What clients send. */",
    `export type AnyRequest = ${of("client")};`,
    "/** What a terminal sends. */",
    `export type TerminalServerMessage = ${of("terminal-server")};`,
    "/** The codes of errors that the server knows. */",
    `export type ErrorCode = ErrorMessage["code"];`,
    "/** Requests that do something once: each has a key, under which it can be repeated. */",
    `export const KEYED: ReadonlyArray<string> = ${text(keyed)};`,
    "/** Types of events that change what there is: all that a state takes in. */",
    `export const STRUCTURAL: ReadonlyArray<string> = ${text(names("event").filter((name) => !PASSING.includes(name) && !name.endsWith(".*")))};`,
  ];
}

const PASSING = ["pane.output", "pane.gap", "pane.bell", "pane.missed", "window.missed", "server.unfit", "log.gap"];

function fixId(text) {
  // Ids are the same in all files.
  return text.replaceAll(/\bIdOf(?:Server|Client|TerminalClient|TerminalServer)\b/g, "Id");
}

const head =
  "// Made by scripts/types.mjs from grammar/protocol/v1. Don't edit it: change the schemas and run `npm run types`.\n";
const body = fixId([...FILES.flatMap(declarations), ...unions()].join("\n\n"));
const made = `${head}\n${indent(body)}\n`;

/** Lays out what is in braces. */
function indent(text) {
  let depth = 0;
  return text
    .split("\n")
    .map((line) => {
      const bare = line.replace(/\/\*\*.*?\*\//g, "");
      const closes = (bare.match(/^[}\]]+/)?.[0].length ?? 0) > 0 ? 1 : 0;
      const shown = line && "  ".repeat(Math.max(0, depth - closes)) + line.trim();
      depth += (bare.match(/[{[](?=\s*$)/g)?.length ?? 0) - closes;
      return shown;
    })
    .join("\n");
}

if (process.argv.includes("--check")) {
  if (readFileSync(OUT, "utf8") !== made) {
    console.error("types: src/protocol.ts is stale: run `npm run types` in clients/js, and commit it");
    process.exit(1);
  }
} else {
  writeFileSync(OUT, made);
}

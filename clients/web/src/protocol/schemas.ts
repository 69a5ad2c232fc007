import client from "grammar/client.schema.json";
import event from "grammar/event.schema.json";
import terminal from "grammar/terminal-client.schema.json";
import { Validator } from "vendor/editor";
import type { Endpoint } from "./place.ts";

/** As much of JSON Schema as the protocol uses. */
export interface Schema {
  readonly $ref?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minItems?: number;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly if?: Schema;
  readonly then?: Schema;
  readonly additionalProperties?: boolean | Schema;
}

/** A kind of message that a client may send. */
export interface Kind {
  readonly name: string;
  readonly about: string;
  readonly schema: Schema;
}

/** What clients send to an endpoint. */
export class Messages {
  readonly kinds: ReadonlyArray<Kind>;
  /** The field that says which kind a message is. */
  readonly tag: string;
  readonly #defs: Readonly<Record<string, Schema>>;
  readonly #validators = new Map<string, Validator>();

  constructor(tag: string, defs: Readonly<Record<string, Schema>>, names: ReadonlyArray<string>) {
    this.tag = tag;
    this.#defs = defs;
    this.kinds = names.map((name) => {
      const schema = defs[name] ?? {};
      return { name, about: schema.description ?? "", schema };
    });
  }

  /** The kind of a message, by the field that says so; a terminal's clients say some things as all clients do. */
  kind(message: unknown): Kind | undefined {
    if (typeof message !== "object" || message === null) return undefined;
    const { action, type } = message as Record<string, unknown>;
    const name = this.tag === "action" ? action : (type ?? action);
    return this.kinds.find((kind) => kind.name === name);
  }

  /** The schema itself where another one is referred to. */
  resolve(schema: Schema): Schema {
    const name = /^#\/\$defs\/(.+)$/.exec(schema.$ref ?? "")?.[1];
    const found = name === undefined ? undefined : this.#defs[name];
    if (!found) return schema;
    const { $ref: _, ...own } = schema;
    return { ...this.resolve(found), ...own };
  }

  /** All that holds for a value: the schema, and what it says of the value by other means. */
  parts(schema: Schema, value: unknown): Schema[] {
    const whole = this.resolve(schema);
    const more = [...(whole.allOf ?? []), ...(whole.anyOf ?? []), ...(whole.oneOf ?? [])];
    const holds = whole.if && this.#fits(whole.if, value) ? [whole.then ?? {}] : [];
    return [whole, ...[...more, ...holds].flatMap((part) => this.parts(part, value))];
  }

  /** What holds at a place of a message. `value` is the message as far as it can be read. */
  at(path: ReadonlyArray<string | number>, value: unknown): Schema[] {
    const kind = this.kind(value);
    let here = kind ? this.parts(kind.schema, value) : [];
    let inside: unknown = value;
    for (const step of path) {
      inside = (inside as Record<string | number, unknown> | undefined | null)?.[step];
      const below = here.flatMap((schema) => {
        if (typeof step === "number") return schema.items ? [schema.items] : [];
        const found = schema.properties?.[step];
        return found ? [found] : [];
      });
      here = below.flatMap((schema) => this.parts(schema, inside));
    }
    return here;
  }

  /** What is wrong with a message, each with the path to where it is. */
  wrong(message: unknown): Array<{ path: string[]; what: string }> {
    const kind = this.kind(message);
    if (!kind) {
      const isObject = typeof message === "object" && message !== null && !Array.isArray(message);
      const what = isObject
        ? `${this.tag} says which kind of message it is: give one of those that there are`
        : "a message is an object";
      return [{ path: [], what }];
    }
    let validator = this.#validators.get(kind.name);
    if (!validator) {
      const schema = { $ref: `#/$defs/${kind.name}`, $defs: this.#defs };
      validator = new Validator(schema as ConstructorParameters<typeof Validator>[0], "2020-12", false);
      this.#validators.set(kind.name, validator);
    }
    const { valid, errors } = validator.validate(message);
    if (valid) return [];
    // Those that say no more than that something below them is wrong stand beside what is.
    const told = errors.filter(({ keyword }) => !["$ref", "properties", "items", "if", "allOf"].includes(keyword));
    return told.map(({ instanceLocation, error }) => ({
      path: instanceLocation
        .split("/")
        .slice(1)
        .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~")),
      what: error,
    }));
  }

  /** A message of a kind, with all that it has to have. `example` gives values that there are. */
  template(kind: Kind, id: number, example: (path: ReadonlyArray<string>) => unknown): object {
    const filled = this.#filled(kind.schema, [], example) as Record<string, unknown>;
    const { [this.tag]: _, action, ...rest } = filled;
    const tag = this.tag in filled ? this.tag : "action";
    const hasId = "id" in (kind.schema.properties ?? {});
    return { [tag]: kind.name, ...(hasId ? { id } : {}), ...rest };
  }

  #filled(schema: Schema, path: string[], example: (path: ReadonlyArray<string>) => unknown): unknown {
    const found = example(path);
    if (found !== undefined) return found;
    const whole = this.resolve(schema);
    if ("const" in whole) return whole.const;
    if (whole.enum) return whole.enum[0];
    const [type] = [whole.type ?? whole.oneOf?.[0]?.type ?? "string"].flat();
    if (type === "array") {
      return whole.minItems && whole.items ? [this.#filled(whole.items, [...path, "[]"], example)] : [];
    }
    if (type !== "object") return { integer: 1, number: 1, boolean: true }[String(type)] ?? "";
    const alternative = [...(whole.oneOf ?? []), ...(whole.anyOf ?? [])].find(({ required }) => required);
    const names = [...(whole.required ?? []), ...(alternative?.required ?? []), ...(USUAL[path.join(".")] ?? [])];
    const wanted = path.length === 0 ? [...names, ...(USUAL[`/${constOf(whole)}`] ?? [])] : names;
    const fields = wanted.map((name) => {
      const of = whole.properties?.[name] ?? {};
      return [name, this.#filled(of, [...path, name], example)] as const;
    });
    return Object.fromEntries(fields);
  }

  #fits(schema: Schema, value: unknown): boolean {
    const whole = { ...schema, $defs: this.#defs } as ConstructorParameters<typeof Validator>[0];
    return new Validator(whole, "2020-12").validate(value).valid;
  }
}

/** What a template has although it need not. */
const USUAL: Record<string, string[]> = {
  "/subscribe": ["filters"],
  filters: ["types"],
  "/open": ["scrollback"],
  "/connect": [],
};

const constOf = ({ properties }: Schema) => properties?.action?.const ?? properties?.type?.const;
const named = (schema: { oneOf: ReadonlyArray<{ $ref: string }> }) =>
  schema.oneOf.map(({ $ref }) => $ref.slice("#/$defs/".length));

type Defs = Readonly<Record<string, Schema>>;
const ofClient = client.$defs as unknown as Defs;
const ofTerminal = terminal.$defs as unknown as Defs;

const MONITOR = new Messages("action", ofClient, named(client));
const TERMINAL = new Messages("type", { ...ofTerminal, auth: ofClient.auth ?? {}, ping: ofClient.ping ?? {} }, [
  ...named(terminal),
  "auth",
  "ping",
]);

/** What clients send to an endpoint. */
export const messagesOf = (endpoint: Endpoint): Messages => (endpoint === "monitor" ? MONITOR : TERMINAL);

/** The types of events that there are, and patterns of those that belong together. */
export const EVENT_TYPES: ReadonlyArray<{ name: string; about: string }> = (() => {
  const types = Object.entries(event.$defs as unknown as Defs)
    .filter(([name]) => name !== "envelope")
    .map(([name, { description }]) => ({ name, about: description ?? "" }));
  const families = new Set(types.map(({ name }) => `${name.split(".")[0]}.*`));
  const patterns = [...families].filter((name) => !types.some((type) => type.name === name));
  return [{ name: "*", about: "Everything" }, ...types, ...patterns.map((name) => ({ name, about: "All of these" }))];
})();

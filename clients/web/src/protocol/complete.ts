import { placeOf, readable } from "./cursor.ts";
import type { Names } from "./names.ts";
import { EVENT_TYPES, type Messages, type Schema } from "./schemas.ts";

/** Something that could stand at the cursor. */
export interface Choice {
  /** As it is shown. */
  label: string;
  /** What is put there: JSON, with `${}` where the cursor goes. */
  insert: string;
  detail: string;
  about: string;
}

export interface Choices {
  from: number;
  to: number;
  choices: Choice[];
}

type Path = ReadonlyArray<string | number>;
/** As much of what is known of tmux as is completed. */
export type Known = Pick<Names, "sessions" | "windows" | "panes" | "placeOf">;

/** What fits at the cursor: keys and values by the schemas, names by what there is. */
export function choicesAt(
  text: string,
  cursor: number,
  messages: Messages,
  known: Known,
  since: string,
): Choices | undefined {
  const place = placeOf(text, cursor);
  if (!place) return undefined;
  const { from, to, path } = place;
  const message = readable(text);
  const choices =
    place.expects === "key" ? keys(path, place.keys, message, messages) : values(path, message, messages, known, since);
  return choices.length > 0 ? { from, to, choices } : undefined;
}

function keys(path: Path, taken: ReadonlyArray<string>, message: unknown, messages: Messages): Choice[] {
  const hasKind = messages.kind(message) !== undefined;
  if (path.length === 0 && !hasKind) {
    const tags = messages.tag === "action" ? ["action"] : ["type", "action"];
    return tags
      .filter((tag) => !taken.includes(tag))
      .map((tag) => ({
        label: tag,
        insert: `"${tag}": "\${}"`,
        detail: "required",
        about: "Which kind of message it is.",
      }));
  }
  const schemas = messages.at(path, message);
  const required = new Set(schemas.flatMap((schema) => schema.required ?? []));
  const found = new Map<string, Schema>();
  for (const schema of schemas) {
    for (const [name, of] of Object.entries(schema.properties ?? {})) {
      if (!taken.includes(name) && !found.has(name)) found.set(name, messages.resolve(of));
    }
  }
  const choices = [...found].map(([name, of]) => ({
    label: name,
    insert: `"${name}": ${blank(of)}`,
    detail: required.has(name) ? `${kindOf(of)}, required` : kindOf(of),
    about: of.description ?? "",
  }));
  return choices.sort((one, other) => Number(required.has(other.label)) - Number(required.has(one.label)));
}

/** What a value begins as. */
function blank(schema: Schema): string {
  if ("const" in schema) return JSON.stringify(schema.const);
  const [type] = [schema.type ?? (schema.enum ? typeof schema.enum[0] : "string")].flat();
  switch (type) {
    case "object":
      return "{ ${} }";
    case "array":
      return "[${}]";
    case "boolean":
    case "integer":
    case "number":
      return "${}";
    default:
      return '"${}"';
  }
}

function kindOf(schema: Schema): string {
  if (schema.enum) return schema.enum.join(" | ");
  const types = [schema.type ?? (schema.oneOf ?? []).flatMap(({ type }) => type ?? [])].flat();
  return types.join(" or ");
}

function values(path: Path, message: unknown, messages: Messages, known: Known, since: string): Choice[] {
  const last = path.at(-1);
  if (path.length === 1 && (last === "action" || last === messages.tag)) {
    return messages.kinds
      .filter(({ schema }) => last in (schema.properties ?? {}))
      .map(({ name, about }) => text(name, "", about));
  }
  const there = names(path, known, since);
  if (there) return there;
  const schemas = messages.at(path, message);
  const fixed = schemas.flatMap((schema) => ("const" in schema ? [schema.const] : [...(schema.enum ?? [])]));
  const types = new Set(schemas.flatMap(({ type }) => type ?? []));
  const choices = fixed.map((value) => ({
    label: String(value),
    insert: JSON.stringify(value),
    detail: "",
    about: "",
  }));
  if (types.has("boolean"))
    choices.push(...["true", "false"].map((word) => ({ label: word, insert: word, detail: "", about: "" })));
  if (types.has("object")) choices.push({ label: "{ }", insert: "{ ${} }", detail: "object", about: "" });
  if (types.has("array")) choices.push({ label: "[ ]", insert: "[${}]", detail: "list", about: "" });
  return choices;
}

const text = (value: string, detail: string, about = ""): Choice => ({
  label: value,
  insert: JSON.stringify(value),
  detail,
  about,
});

/** Keys by tmux's names, those that are pressed most. */
const KEYS = [
  "Enter",
  "Escape",
  "Tab",
  "BTab",
  "Space",
  "BSpace",
  "Up",
  "Down",
  "Left",
  "Right",
  "Home",
  "End",
  "PPage",
  "NPage",
].concat(["IC", "DC", "C-c", "C-d", "C-l", "C-z", "M-Enter", "F1", "F2", "F12"]);
const EMITTED = [
  "task.started",
  "task.progress",
  "task.completed",
  "cost.update",
  "tool.started",
  "tool.completed",
  "x.example.note",
];

/** What there is by the name of a field, whatever kind of message it is in; `undefined` if that says nothing. */
function names(path: Path, { sessions, windows, panes, placeOf }: Known, since: string): Choice[] | undefined {
  const field = path.findLast((step) => typeof step === "string");
  const inList = typeof path.at(-1) === "number";
  switch (`${field}${inList ? "[]" : ""}`) {
    case "session":
    case "session_name":
    case "sessions[]":
      return sessions.map(({ name, id }) => text(name, id));
    case "session_id":
      return sessions.map(({ id, name }) => text(id, name));
    case "window_id":
      return windows.map(({ id, name }) => text(id, `${placeOf(id)} ${name}`));
    case "window":
    case "windows[]":
    case "window_name":
      return windows.map(({ id, name }) => text(name, placeOf(id)));
    case "pane":
    case "panes[]":
      return panes.map(({ id, window, index, command }) => text(id, `${placeOf(window)}.${index} ${command}`));
    case "types[]":
      return EVENT_TYPES.map(({ name, about }) => text(name, "", about));
    case "type":
      return path[0] === "events" ? EMITTED.map((name) => text(name, "")) : undefined;
    case "agents[]": {
      const kinds = new Set(panes.flatMap(({ agent }) => (agent ? [agent.agent_type] : [])));
      return [...kinds].map((kind) => text(kind, ""));
    }
    case "dialog":
      return panes.flatMap(({ agent, id }) => (agent?.dialog ? [text(agent.dialog.fingerprint, `of ${id}`)] : []));
    case "keys[]":
      return KEYS.map((key) => text(key, ""));
    case "since":
      return since ? [text(since, "the last position that came")] : [];
    default:
      return undefined;
  }
}

import type { Endpoint } from "./place.ts";
import { HIDDEN } from "./secrets.ts";

export type Language = "js" | "python" | "shell";
export const LANGUAGES: ReadonlyArray<readonly [Language, string]> = [
  ["js", "JavaScript"],
  ["python", "Python"],
  ["shell", "Command line"],
];

type Message = Record<string, unknown>;

/** What code is for: a message to an endpoint of a server. */
export interface Subject {
  message: Message;
  endpoint: Endpoint;
  /** The address of `/monitor`, and of the endpoint itself. */
  monitor: string;
  url: string;
  /** Of a terminal. */
  session: string;
}

/** A program that does what a message does. Where a token is needed it takes it from the variable MUXWIRE_TOKEN. */
export function asCode(language: Language, subject: Subject): string {
  const isTerminal = subject.endpoint === "terminal";
  switch (language) {
    case "js":
      return isTerminal ? jsTerminal(subject) : js(subject);
    case "python":
      return isTerminal ? pythonTerminal(subject) : python(subject);
    case "shell":
      return isTerminal ? websocat(subject) : shell(subject);
  }
}

/** The message without what the libraries add by themselves. */
function own(message: Message): Message {
  const { id: _, ...rest } = message;
  return rest;
}

function without(message: Message, ...names: string[]): Message {
  return Object.fromEntries(Object.entries(message).filter(([name]) => !names.includes(name)));
}

const isEmpty = (fields: object) => Object.keys(fields).length === 0;

/** What a call has behind its first argument, if there is anything. */
function more(write: (value: unknown) => string, ...values: unknown[]): string {
  const kept = [...values];
  const isNothing = (value: unknown) => typeof value === "object" && value !== null && isEmpty(value);
  while (kept.length > 0 && isNothing(kept.at(-1))) kept.pop();
  return kept.map((value) => write(value)).join(", ");
}

// JavaScript

const NAME = /^[A-Za-z_$][\w$]*$/;

/** A value as JavaScript has it. */
export function jsValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jsValue).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value).map(
      ([name, of]) => `${NAME.test(name) ? name : JSON.stringify(name)}: ${jsValue(of)}`,
    );
    return fields.length > 0 ? `{ ${fields.join(", ")} }` : "{}";
  }
  // Text is written so that no line of it ends where a reader doesn't see it.
  return escaped(JSON.stringify(value) ?? "undefined");
}

const escaped = (text: string) =>
  text.replace(
    /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

function jsProgram(url: string, body: string): string {
  return `import { Client } from "muxwire";

const client = new Client(${jsValue(url)}, { token: process.env.MUXWIRE_TOKEN });
${body}
await client.close();
`;
}

function js({ message, monitor }: Subject): string {
  const call = jsCall(own(message));
  const isStream = call.startsWith("for ");
  const body = isStream || message.action === "auth" ? call : `const reply = await ${call};\nconsole.log(reply);`;
  return jsProgram(monitor, body);
}

function jsCall(message: Message): string {
  const { action, target } = message;
  const fields = without(message, "action", "target");
  switch (action) {
    case "auth":
      return "const welcome = await client.connect();\nconsole.log(welcome);";
    case "subscribe": {
      const options = without(fields, "filters");
      const given = more(jsValue, message.filters ?? {}, options);
      return `for await (const event of client.events(${given})) {\n  console.log(event);\n}`;
    }
    case "open": {
      const { ack_window, ...rest } = fields;
      const options = { ...rest, ...(ack_window === undefined ? {} : { ackWindow: ack_window }) };
      return `for await (const part of client.open(${more(jsValue, target ?? {}, options)})) {\n  console.log(part);\n}`;
    }
    case "snapshot":
      return `client.snapshot(${more(jsValue, without(message, "action"))})`;
    case "command":
      return `client.command(${more(jsValue, target, message.command, without(fields, "command"))})`;
    case "send-keys":
      return `client.sendKeys(${more(jsValue, target, fields)})`;
    case "emit":
      return `client.emit(${more(jsValue, message.events, without(fields, "events"))})`;
    case "prompt":
      return `client.prompt(${more(jsValue, target, message.text, without(fields, "text"))})`;
    case "answer":
      return `client.answer(${more(jsValue, target, message.dialog, message.choice, without(fields, "dialog", "choice"))})`;
    case "stats":
    case "clients":
      return `client.${action}()`;
    default:
      return `client.request(${jsValue(message)})`;
  }
}

function jsTerminal({ message, monitor, session }: Subject): string {
  const { type } = message;
  const options = defined({ scrollback: message.scrollback, ackWindow: message.ack_window });
  const given = `${jsValue(session)}${type === "connect" && !isEmpty(options) ? `, ${jsValue(options)}` : ""}`;
  const lines = [
    `const terminal = client.terminal(${given});`,
    "for await (const part of terminal) {",
    "  console.log(part);",
  ];
  // What is sent goes behind the first that came: before that nothing is connected.
  if (type === "input")
    lines.push(
      `  if (part.type === "replay") terminal.write(${more(jsValue, message.data, defined({ paste: message.paste }))});`,
    );
  if (type === "resize")
    lines.push(`  if (part.type === "connect") terminal.resize(${jsValue(message.cols)}, ${jsValue(message.rows)});`);
  if (type === "disconnect") lines.push("  break;");
  return jsProgram(monitor, [...lines, "}"].join("\n"));
}

const defined = (fields: Message): Message =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

// Python

/** A value as Python has it. */
export function pythonValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonValue).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    return `{${Object.entries(value)
      .map(([name, of]) => `${pythonValue(name)}: ${pythonValue(of)}`)
      .join(", ")}}`;
  }
  if (typeof value === "string") {
    // Python has no halves of characters in a text.
    return escaped(JSON.stringify(value));
  }
  if (typeof value === "boolean") return value ? "True" : "False";
  return value === null || value === undefined ? "None" : String(value);
}

function pythonProgram(url: string, body: string): string {
  const indented = body.replace(/^(?=.)/gm, "        ");
  return `import asyncio
import os

import muxwire


async def main():
    async with muxwire.Client(${pythonValue(url)}, token=os.environ.get("MUXWIRE_TOKEN")) as client:
${indented}


asyncio.run(main())
`;
}

function python({ message, monitor }: Subject): string {
  const { action, target, ...rest } = own(message);
  const loop = (item: string, over: string) => `async for ${item} in client.${over}:\n    print(${item})`;
  switch (action) {
    case "auth":
      return pythonProgram(monitor, "print(await client.connect())");
    case "subscribe": {
      const { filters, ...options } = rest;
      return pythonProgram(monitor, loop("item", `events(${args([filters ?? {}], options)})`));
    }
    case "open":
      return pythonProgram(monitor, loop("item", `open(${args([target], rest)})`));
    case "command": {
      const { command, ...fields } = rest;
      return pythonProgram(monitor, `print(await client.command(${args([target, command], fields)}))`);
    }
    case "send-keys":
      return pythonProgram(monitor, `print(await client.send_keys(${args([target], rest)}))`);
    case "prompt": {
      const { text, ...fields } = rest;
      return pythonProgram(monitor, `print(await client.prompt(${args([target, text], fields)}))`);
    }
    case "answer": {
      const { dialog, choice, ...fields } = rest;
      return pythonProgram(monitor, `print(await client.answer(${args([target, dialog, choice], fields)}))`);
    }
    case "emit": {
      const { events, ...fields } = rest;
      return pythonProgram(monitor, `print(await client.emit(${args([events], fields)}))`);
    }
    case "snapshot":
      return pythonProgram(monitor, `print(await client.snapshot(${args([], defined({ target, ...rest }))}))`);
    case "stats":
    case "clients":
      return pythonProgram(monitor, `print(await client.${action}())`);
    default:
      return pythonProgram(monitor, `print(await client.request(${pythonValue(own(message))}))`);
  }
}

function args(values: unknown[], named: Message): string {
  const kept = values.filter((value, at) => at > 0 || !(typeof value === "object" && value !== null && isEmpty(value)));
  return [
    ...kept.map(pythonValue),
    ...Object.entries(named).map(([name, value]) => `${name}=${pythonValue(value)}`),
  ].join(", ");
}

function pythonTerminal({ message, monitor, session }: Subject): string {
  const { type, scrollback, ack_window, data, paste, cols, rows } = message;
  const options = type === "connect" ? defined({ scrollback, ack_window }) : {};
  const lines = [
    `terminal = client.terminal(${args([session], options)})`,
    "async for item in terminal:",
    "    print(item)",
  ];
  if (type === "input")
    lines.push('    if item["type"] == "replay":', `        terminal.write(${args([data], defined({ paste }))})`);
  if (type === "resize")
    lines.push('    if item["type"] == "connect":', `        terminal.resize(${args([cols, rows], {})})`);
  if (type === "disconnect") lines.push("    break");
  return pythonProgram(monitor, lines.join("\n"));
}

// The command line

/** A word as a shell takes it. */
export function quoted(word: string): string {
  return /^[\w%+,./:=@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function shell(subject: Subject): string {
  const { message, monitor } = subject;
  const words = muxwire(own(message));
  if (words) return `export MUXWIRE_URL=${quoted(monitor)}\n${["muxwire", ...words].map(quoted).join(" ")}\n`;
  if (message.action === "emit") return curl(subject);
  return websocat(subject);
}

/** The subcommand that does just the same, if there is one. */
function muxwire(message: Message): string[] | undefined {
  const { action } = message;
  const only = (...names: string[]) => isEmpty(without(message, "action", "key", ...names));
  const target = targetOf(message.target);
  switch (action) {
    case "subscribe":
      return only("filters", "since") ? watch(message) : undefined;
    case "snapshot":
      return only() ? ["list", "--json"] : undefined;
    case "command":
      if (!target || !only("target", "command", "paste", "cancel_mode")) return undefined;
      return ["send", ...flags(message), "--enter", target, "--", String(message.command)];
    case "send-keys":
      if (!target || !only("target", "text", "keys", "paste", "cancel_mode")) return undefined;
      if (Array.isArray(message.keys))
        return ["send", ...flags(message), target, "--keys", ...message.keys.map(String)];
      return ["send", ...flags(message), target, "--", String(message.text)];
    case "prompt": {
      if (!target || !only("target", "text", "queue", "timeout_ms")) return undefined;
      const limit = message.timeout_ms === undefined ? [] : ["--timeout", `${Number(message.timeout_ms)}ms`];
      return ["prompt", ...(message.queue === true ? ["--queue"] : []), ...limit, target, "--", String(message.text)];
    }
    default:
      return undefined;
  }
}

function flags(message: Message): string[] {
  return [...(message.paste === true ? ["--paste"] : []), ...(message.cancel_mode === true ? ["--cancel-mode"] : [])];
}

function watch({ filters, since }: Message): string[] | undefined {
  const { types = [], sessions = [], ...others } = (filters ?? {}) as Record<string, unknown[]>;
  const isPlain = [...types, ...sessions].every((one) => typeof one === "string");
  if (!isEmpty(others) || !isPlain || (since !== undefined && typeof since !== "string")) return undefined;
  const lists = [...types.map((one) => ["--type", String(one)]), ...sessions.map((one) => ["--session", String(one)])];
  return ["watch", "--json", ...lists.flat(), ...(since === undefined ? [] : ["--since", String(since)])];
}

/** A target as the command line names it: what could be read as something else has no name there. */
function targetOf(target: unknown): string | undefined {
  const { pane, session, window, pane_index, ...others } = (target ?? {}) as Record<string, unknown>;
  if (!isEmpty(others)) return undefined;
  if (typeof pane === "string" && session === undefined) return pane;
  if (typeof session !== "string" || !/^[\w][\w -]*$/.test(session)) return undefined;
  if (window === undefined) return pane_index === undefined ? session : undefined;
  if (typeof window !== "number") return undefined;
  return `${session}:${window}${pane_index === undefined ? "" : `.${pane_index}`}`;
}

/** The token comes by a pipe, since anybody on the machine can read a program's arguments. */
function curl({ message, monitor }: Subject): string {
  const url = monitor.replace(/^ws/, "http").replace(/monitor$/, "api/events");
  const body = JSON.stringify(without(own(message), "action"));
  return `printf 'Authorization: Bearer %s' "$MUXWIRE_TOKEN" |\n  curl --header @- --data ${quoted(body)} ${quoted(url)}\n`;
}

/** Other messages have no subcommand of their own: any client of WebSockets sends them. */
function websocat({ message, url, endpoint }: Subject): string {
  const { action, type } = message;
  const auth = `printf '{"action":"auth","token":"%s"}\\n' "$MUXWIRE_TOKEN"`;
  const opened = endpoint === "terminal" && type !== undefined && type !== "connect" ? [{ type: "connect" }] : [];
  const said = [...opened, ...(action === "auth" ? [] : [message])].map((one) => quoted(escaped(JSON.stringify(one))));
  const say = said.length > 0 ? `; printf '%s\\n' ${said.join(" ")}` : "";
  return `{ ${auth}${say}; sleep 2; } |\n  websocat --text --protocol muxwire.v1 ${quoted(url)}\n`;
}

/** A message as code is made of it; `undefined` if it is none. Secrets are taken out. */
export function messageOf(text: string): Message | undefined {
  try {
    const message: unknown = JSON.parse(text);
    if (typeof message !== "object" || message === null || Array.isArray(message)) return undefined;
    const { token, ticket, ...rest } = message as Message;
    return token === undefined && ticket === undefined ? rest : { ...rest, token: HIDDEN };
  } catch {
    return undefined;
  }
}

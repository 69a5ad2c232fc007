import type { AnyEvent, StreamItem } from "muxwire";
import { plain } from "./words.ts";

/** What events are about, as the filter of the list has them. */
export const KINDS = ["alerts", "agents", "sessions", "panes", "output", "tasks"] as const;
export type Kind = (typeof KINDS)[number];

/** The types that are asked for, by kind. Output is asked for by itself: it may be much. */
export const TYPES: Record<Kind, readonly string[]> = {
  alerts: ["alert", "alert.cleared"],
  agents: ["agent.started", "agent.status", "agent.ended"],
  sessions: ["server.*", "session.*", "window.*", "client.*"],
  panes: ["pane.created", "pane.removed", "pane.exited", "pane.bell", "pane.missed"],
  output: ["pane.output", "pane.gap"],
  tasks: ["task.*", "cost.*", "tool.*", "x.*"],
};

export type Level = "info" | "warning" | "error";

/** A line of the list. */
export interface Entry {
  readonly key: string;
  /** Milliseconds of the server's clock; of what has no time, that of the line before. */
  readonly time: number | undefined;
  readonly kind: Kind | "gap";
  readonly level: Level;
  readonly type: string;
  readonly place: string;
  readonly pane: string | undefined;
  readonly text: string;
}

export function kindOf(type: string): Kind {
  const family = type.split(".")[0] ?? "";
  if (type === "pane.output" || type === "pane.gap") return "output";
  if (family === "alert") return "alerts";
  if (family === "agent") return "agents";
  if (family === "pane") return "panes";
  return ["server", "session", "window", "client", "buffer"].includes(family) ? "sessions" : "tasks";
}

/** Entries of what a stream yields; output gives one for each line with text. */
export function entriesOf(item: StreamItem, count: number): Entry[] {
  if (item.type === "lost") {
    return [gap(count, "Earlier events are gone: the server keeps no more. It goes on from here.")];
  }
  if (item.type === "lagged")
    return [gap(count, `Output of ${item.pane} was left out: this page was too slow for it.`)];
  if (item.type === "pane.snapshot" || item.type === "pane.scrollback" || !("data" in item)) return [];
  const event = item as AnyEvent;
  if (event.type === "log.gap") {
    const text = "muxwire ended unexpectedly here. Of the moment before, events may be missing.";
    return [{ ...gap(count, text), key: `${event.epoch} ${event.seq}`, time: Date.parse(event.timestamp) }];
  }
  const base = {
    key: `${event.epoch} ${event.seq}`,
    time: Date.parse(event.timestamp),
    kind: kindOf(event.type),
    type: event.type,
    place: placeText(event),
    pane: event.pane,
  };
  if (event.type === "pane.output") {
    const lines = event.data.content
      .split(/\r\n|[\r\n]/)
      .map(plain)
      .filter(Boolean);
    return lines.map((text, at) => ({ ...base, key: `${base.key} ${at}`, level: event.data.severity, text }));
  }
  return [{ ...base, level: levelOf(event), text: plain(textOf(event)) }];
}

function gap(count: number, text: string): Entry {
  const key = `gap ${count}`;
  return { key, time: undefined, kind: "gap", level: "warning", type: "gap", place: "", pane: undefined, text };
}

function placeText({ session, window, pane }: AnyEvent): string {
  if (session === undefined) return "";
  return `${session}${window === undefined ? "" : `:${window}`}${pane === undefined ? "" : ` ${pane}`}`;
}

function levelOf(event: AnyEvent): Level {
  switch (event.type) {
    case "alert":
      return event.data.severity === "critical" ? "error" : event.data.severity;
    case "agent.status":
    case "agent.started":
      return event.data.status === "error" ? "error" : event.data.status === "waiting" ? "warning" : "info";
    case "pane.exited":
      return event.data.status === 0 ? "info" : "warning";
    case "server.lost":
    case "server.unfit":
      return "error";
    default:
      return (event.data as { status?: unknown }).status === "failed" ? "error" : "info";
  }
}

function textOf(event: AnyEvent): string {
  const data = event.data as Record<string, unknown>;
  switch (event.type) {
    case "alert":
      return [event.data.title, event.data.message].filter(Boolean).join(": ");
    case "alert.cleared":
      return `over: ${event.data.title}`;
    case "agent.started":
      return `${event.data.agent_type} was found: ${event.data.status}`;
    case "agent.status":
      return [
        `${event.data.agent_type} ${event.data.previous === event.data.status ? "is" : `was ${event.data.previous}, is`} ${event.data.status}`,
        event.data.reason,
        event.data.message,
      ]
        .filter(Boolean)
        .join(": ");
    case "agent.ended":
      return `${event.data.agent_type} is gone, was ${event.data.previous}`;
    case "pane.exited":
      return event.data.signal === null
        ? `ended with ${event.data.status ?? "?"}`
        : `ended by signal ${event.data.signal}`;
    case "pane.bell":
      return "the bell rang";
    case "pane.created":
      return `${event.data.moved ? "came from another window" : "new"}: ${event.data.command}`;
    case "pane.removed":
      return event.data.moved ? "went to another window" : "gone";
    case "window.created":
      return `new: ${event.data.name}`;
    case "window.renamed":
      return `${event.data.previous} is called ${event.data.name}`;
    case "session.renamed":
      return `${event.data.previous} is called ${event.data.session}`;
    case "client.attached":
    case "client.session_changed":
      return `${event.data.name} shows ${event.data.session ?? "nothing"}`;
    case "client.detached":
      return `${event.data.name} detached`;
    default:
      return ["title", "message", "reason", "status", "name", "session", "version", "alerts"]
        .map((field) => data[field])
        .filter((value) => value !== undefined && value !== null && String(value) !== "")
        .map(String)
        .slice(0, 3)
        .join(", ");
  }
}

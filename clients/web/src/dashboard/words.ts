import type { Item, Need } from "./items.ts";

/** States have a shape besides their colour, and a word. */
export const NEED_WORDS: Record<Need, string> = {
  waiting: "waiting",
  error: "error",
  finished: "finished",
  busy: "busy",
  idle: "ready",
  none: "no agent",
};

/** What an agent waits for or why it failed; of words that are not known, the word itself. */
const REASONS: Record<string, string> = {
  permission: "asks for permission",
  question: "asks a question",
  plan: "asks to approve a plan",
  trust: "asks whether to trust the folder",
  login: "needs a login",
  setup: "needs to be set up",
  usage_limit: "reached a usage limit",
  api_error: "API error",
  retrying: "tries again",
  interrupted: "was interrupted",
};

export function reasonOf(reason: string | undefined): string | undefined {
  return reason === undefined ? undefined : (REASONS[reason] ?? plain(reason));
}

export function reasonText({ need, agent, exit, mode, command }: Item): string {
  if (exit) return exitText(exit);
  if (!agent) return mode ? mode : command;
  const reason = reasonOf(agent.reason);
  const until = agent.resets_at ? `, until ${agent.resets_at}` : "";
  if (reason) return `${reason}${until}`;
  if (need === "finished") return "finished, not seen";
  if (need === "busy") return "works";
  if (need === "waiting") return "waits for an answer";
  if (need === "error") return "gave up";
  return agent.status === "unknown" ? "nothing says what it does" : "takes a prompt";
}

export function exitText({ status, signal }: { status: number | null; signal: number | null }): string {
  if (signal !== null) return `ended by signal ${signal}`;
  return status === null ? "ended" : `ended with ${status}`;
}

/** How long ago, as the command line says it. */
export function ageText(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400)
    return `${Math.floor(seconds / 3600)}h${String(Math.floor(seconds / 60) % 60).padStart(2, "0")}m`;
  return `${Math.floor(seconds / 86_400)}d`;
}

export function bytesText(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

export function countText(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

export function tokensText(count: number): string {
  if (count < 1000) return String(count);
  if (count < 1_000_000) return `${(count / 1000).toFixed(count < 10_000 ? 1 : 0)}k`;
  return `${(count / 1_000_000).toFixed(1)}M`;
}

export function costText(cost: number | undefined): string {
  return cost === undefined ? "" : `$${cost.toFixed(2)}`;
}

/** What somebody else wrote, on one line, without what controls a terminal or turns text around. */
export function plain(text: string): string {
  return text
    .replace(/\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-~])/g, "")
    .replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g, " ")
    .trim();
}

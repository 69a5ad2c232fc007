import type { Entry } from "./log.ts";

/** Which entries are looked at. */
export type Direction = "both" | "sent" | "received";

/** Words of a filter: what stands in quotes is one. */
const WORDS = /(-?)(type:)?(?:"([^"]*)"?|(\S+))/g;

/** Whether an entry is one of a direction, and fits each word of a filter.
 *
 *  A word is looked for in the whole message, in any letters; `type:pane.*` is a pattern of its type; `-` in front of either
 *  leaves out what fits.
 */
export function matcher(filter: string, direction: Direction): (entry: Entry) => boolean {
  const tests: Array<(entry: Entry) => boolean> = [];
  for (const [, minus, type, quoted, bare] of filter.matchAll(WORDS)) {
    const word = (quoted ?? bare ?? "").toLowerCase();
    if (!word) continue;
    const fits = type ? typed(word) : (entry: Entry) => entry.text.toLowerCase().includes(word);
    tests.push(minus ? (entry) => !fits(entry) : fits);
  }
  return (entry) => {
    // What happened to the connection is shown whatever direction is asked for.
    const isAsked =
      direction === "both" || entry.kind === direction || entry.kind === "note" || entry.kind === "problem";
    return isAsked && tests.every((test) => test(entry));
  };
}

function typed(pattern: string): (entry: Entry) => boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  const whole = new RegExp(`^${parts.join(".*")}$`, "i");
  return (entry) => whole.test(entry.type);
}

import type { Agent } from "muxwire";
import { plain } from "./words.ts";

/** Frames, bars and blocks around what is said. */
const FRAMES = /[\u2500-\u259f]+/g;
/** What agents write below what they say: hints of keys, modes, and choices, which are buttons here. */
const ASIDE =
  /^(?:esc\b|enter to\b|\? for\b|ctrl[+-]|shift[+-]|tab to\b|press\b|type \S+ to\b|[←↑→↓/]+ (?:to|for|navigate)\b|⏵⏵ |⏸ |(?:[❯>›●○◉◯•]\s*)?\d+[.)]\s|[❯›]\s)/i;
/** How long something took, or where it was done: the age and the place stand beside it. */
const FIGURES = /^(?:\W\s*)?(?:\p{Lu}\p{L}+ for <?\d+\w*\b.*|~?\/\S*(?:\s*\[[^\]]*\])?|enter \w+ · esc \w+)$/u;
/** Where an agent takes a prompt. A choice has a number behind the sign. */
const INPUT = /^[\s│┃|╭╰▌]*[❯›>*](?:\s+(?!\d+[.)]\s)|$)/;
/** An agent writes at most so many lines below where it takes a prompt. */
const BELOW_INPUT = 6;
/** Where an agent asks, its question stands among so many lines above the last one. */
const NEAR = 20;

/**
 * The last line that says something. Frames don't, nor what an agent of this status writes from where it takes a prompt on;
 * what stands aside does only if nothing else is there. Of an agent that waits, it is the question if one is there.
 */
export function lastLine(lines: readonly string[], status?: Agent["status"]): string {
  const isAgent = status !== undefined && status !== "exited";
  const isWaiting = status === "waiting";
  const said = isAgent && !isWaiting ? aboveInput(lines) : lines;
  const texts = textsOf(said);
  const saying = texts.filter((text) => !ASIDE.test(text) && !(isAgent && FIGURES.test(text)));
  const question = isWaiting ? saying.slice(-NEAR).findLast((text) => text.endsWith("?")) : undefined;
  return question ?? saying.at(-1) ?? texts.at(-1) ?? textsOf(lines).at(-1) ?? "";
}

function textsOf(lines: readonly string[]): string[] {
  return lines
    .map((line) => plain(line).replace(FRAMES, " ").replace(/\s+/g, " ").trim().slice(0, 200))
    .filter((text) => /[\p{L}\p{N}]/u.test(text));
}

/** The lines above the one in which an agent takes a prompt, if there is one near the end. */
function aboveInput(lines: readonly string[]): readonly string[] {
  let below = 0;
  for (let at = lines.length - 1; at >= 0 && below <= BELOW_INPUT; at -= 1) {
    const line = plain(lines[at] ?? "").trimEnd();
    if (INPUT.test(line)) {
      const above = lines.slice(0, at);
      return textsOf(above).length > 0 ? above : lines;
    }
    if (/[\p{L}\p{N}]/u.test(line)) below += 1;
  }
  return lines;
}

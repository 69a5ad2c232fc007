/** Where in a message the cursor is, and what fits there. */
export interface Place {
  /** The names and indexes that lead there: to the object for a key, to the value for a value. */
  path: Array<string | number>;
  expects: "key" | "value";
  /** What stands there already and would be replaced. */
  from: number;
  to: number;
  /** The keys that the object has. */
  keys: string[];
}

type State = "key" | "colon" | "value" | "after";
interface Level {
  isObject: boolean;
  key: string;
  index: number;
  state: State;
  keys: string[];
}

/** Longer messages are marked as a whole. */
const MOST = 10_000;
const WORD = /[^\s{}[\],:"]/;

/** Reads a message that is being written, as far as to the cursor; `undefined` where nothing can stand. */
export function placeOf(text: string, cursor: number): Place | undefined {
  const levels: Level[] = [];
  let at = 0;
  while (at <= cursor) {
    const letter = text[at] ?? "";
    const level = levels.at(-1);
    const isToken = letter === '"' || WORD.test(letter);
    const end = isToken ? tokenEnd(text, at) : at;
    // Behind a string that is closed nothing of it is being written any more; behind a word it is.
    const isInside = cursor < end || (cursor === end && isToken && !isWhole(text, at, end));
    if (at === cursor || (isToken && isInside)) return placed(text, levels, at, end);
    if (isToken) {
      if (level) token(level, text.slice(at, end));
      at = end;
      continue;
    }
    step(levels, letter);
    at += 1;
  }
  return undefined;
}

/** Behind a string or a word. A string that has no end reaches to the end of its line. */
function tokenEnd(text: string, from: number): number {
  let at = from + 1;
  if (text[from] !== '"') {
    while (at < text.length && WORD.test(text[at] ?? "")) at += 1;
    return at;
  }
  while (at < text.length && text[at] !== "\n") {
    if (text[at] === '"') return at + 1;
    at += text[at] === "\\" ? 2 : 1;
  }
  return Math.min(at, text.length);
}

const isWhole = (text: string, from: number, end: number) =>
  text[from] === '"' && end - from > 1 && text[end - 1] === '"';

function token(level: Level, word: string): void {
  if (level.isObject && level.state === "key") {
    level.key = word.replace(/^"|"$/g, "");
    level.keys.push(level.key);
    level.state = "colon";
  } else {
    level.state = "after";
  }
}

function step(levels: Level[], letter: string): void {
  const level = levels.at(-1);
  if (letter === "{" || letter === "[") {
    if (level) level.state = "after";
    const isObject = letter === "{";
    levels.push({ isObject, key: "", index: 0, state: isObject ? "key" : "value", keys: [] });
  } else if (letter === "}" || letter === "]") {
    levels.pop();
  } else if (letter === ":" && level) {
    level.state = "value";
  } else if (letter === "," && level) {
    level.state = level.isObject ? "key" : "value";
    level.index += 1;
  }
}

function placed(text: string, levels: Level[], from: number, to: number): Place | undefined {
  const level = levels.at(-1);
  if (!level || level.state === "colon" || level.state === "after") return undefined;
  const path = levels.map(({ isObject, key, index }) => (isObject ? key : index));
  const expects = level.state;
  if (expects === "key") path.pop();
  return { path, expects, from, to, keys: [...level.keys, ...keysBehind(text, to)] };
}

/** The keys of the same object that stand behind. */
function keysBehind(text: string, from: number): string[] {
  const keys: string[] = [];
  let depth = 0;
  for (let at = from; at < text.length && depth >= 0; ) {
    const letter = text[at] ?? "";
    if (letter === '"') {
      const end = tokenEnd(text, at);
      if (depth === 0 && /^\s*:/.test(text.slice(end))) keys.push(text.slice(at + 1, end - 1));
      at = end;
      continue;
    }
    if (letter === "{" || letter === "[") depth += 1;
    if (letter === "}" || letter === "]") depth -= 1;
    at += 1;
  }
  return keys;
}

/** A message that is being written, as far as it can be read: what says of which kind it is, and whose type an event is. */
export function readable(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const field = (name: string) => new RegExp(`"${name}"\\s*:\\s*"((?:[^"\\\\]|\\\\.)*)"`).exec(text)?.[1];
    const [action, type] = [field("action"), field("type")];
    return {
      ...(action === undefined ? {} : { action }),
      ...(type === undefined ? {} : { type, events: Array(100).fill({ type }) }),
    };
  }
}

/** Where the value at a path stands in a message that is JSON. */
export function rangeOf(text: string, path: ReadonlyArray<string>): { from: number; to: number } {
  const whole = { from: 0, to: text.length };
  if (text.length > MOST) return whole;
  for (let at = 0; at < text.length; at += 1) {
    const before = text[at];
    if (before !== '"' && !WORD.test(before ?? "") && before !== "{" && before !== "[") continue;
    const place = placeOf(text, at);
    const end = before === "{" || before === "[" ? at + 1 : tokenEnd(text, at);
    const isAt = place?.expects === "value" && place.path.join("\n") === path.join("\n");
    if (isAt) return { from: at, to: end };
    if (before === '"' || WORD.test(before ?? "")) at = end - 1;
  }
  return whole;
}

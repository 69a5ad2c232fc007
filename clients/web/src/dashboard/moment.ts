/** A time in the past, in milliseconds of the server's clock; of one pane, more exactly the one behind a byte of its output. */
export interface Moment {
  readonly at: number;
  readonly offset?: number;
}

/** How long a slider is, and what it says of that. */
export const SPANS = { "10m": "10 minutes", "1h": "1 hour", "8h": "8 hours", "1d": "1 day", "7d": "7 days" } as const;
export type Span = keyof typeof SPANS;

const UNITS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export function isSame(one: Moment | undefined, other: Moment | undefined): boolean {
  return one?.at === other?.at && one?.offset === other?.offset;
}

/** A span such as `8h`, in milliseconds. */
export function spanOf(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,9})\s*([smhd])$/.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * (UNITS[unit ?? ""] ?? Number.NaN);
}

/**
 * The time that somebody means: a time of day is the last one there was, in this browser's zone; `8h` is so long before now.
 * `undefined` if it is none.
 */
export function readTime(text: string, now: number): number | undefined {
  const said = text.trim().toLowerCase();
  const span = spanOf(said.replace(/\s*ago$/, ""));
  if (span !== undefined) return now - span;
  const clock = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(said);
  if (clock)
    return lastTime(
      clock.slice(1).map((part) => Number(part ?? 0)),
      now,
    );
  const day = /^(\d{4})-(\d{2})-(\d{2})(?:[t ]+(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?)?$/.exec(said);
  if (day) return localTime(day.slice(1).map((part) => Number(part ?? 0)));
  const isWhole = /^\d{4}-\d{2}-\d{2}t\d{2}:\d{2}(:\d{2}(\.\d+)?)?(z|[+-]\d{2}:\d{2})$/.test(said);
  const at = isWhole ? Date.parse(said.toUpperCase()) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}

function lastTime([hour = 0, minute = 0, second = 0]: number[], now: number): number | undefined {
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const at = new Date(now);
  at.setHours(hour, minute, second, 0);
  if (at.getTime() > now) at.setDate(at.getDate() - 1);
  return at.getTime();
}

function localTime([year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0]: number[]): number | undefined {
  const at = new Date(year, month - 1, day, hour, minute, 0, Math.round(second * 1000));
  // Other days and hours there are become those of the next month or day.
  const isReal = at.getMonth() === month - 1 && at.getDate() === day && hour <= 23 && minute <= 59 && second < 60;
  return isReal ? at.getTime() : undefined;
}

const two = (part: number) => String(part).padStart(2, "0");

/** As `readTime` reads it: a time of day where that is enough. */
export function timeText(at: number, now: number): string {
  const time = new Date(at);
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(":");
  return time.toDateString() === new Date(now).toDateString() ? clock : `${dayText(at)} ${clock}`;
}

export function dayText(at: number): string {
  const time = new Date(at);
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
}

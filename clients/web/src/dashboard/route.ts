import type { Moment } from "./moment.ts";

export const VIEWS = ["panes", "overview", "activity", "history", "digest"] as const;
export type View = (typeof VIEWS)[number];

/** Where the list is a view of its own, as in phone.css. */
export const PHONE = "(max-width: 720px)";

/** What the page shows: a view of all, or panes to work in. Phones have the list of what needs somebody as a view of its own. */
export type Place = (
  | { readonly kind: "view"; readonly view: View | "attention" }
  | { readonly kind: "panes"; readonly panes: readonly string[] }
) & {
  /** When, if that is not now: of panes and of all of them alone. */
  readonly moment?: Moment;
};

/** What the address says behind `#`. Anything else is the first view. */
export function placeOf(hash: string): Place {
  const [where = "", ...fields] = hash.split("&");
  const moment = momentOf(new URLSearchParams(fields.join("&")));
  const panes = /^#pane=([%\d,]+)$/.exec(where)?.[1];
  if (panes) {
    const known = panes
      .split(",")
      .map((pane) => pane.replace(/^%25/, "%"))
      .filter((pane) => /^%\d+$/.test(pane));
    if (known.length > 0) return { kind: "panes", panes: [...new Set(known)].slice(-4), ...moment };
  }
  const view = [...VIEWS, "attention" as const].find((name) => where === `#${name}`) ?? "panes";
  return { kind: "view", view, ...(hasPast({ kind: "view", view }) ? moment : {}) };
}

function momentOf(fields: URLSearchParams): { moment?: Moment } {
  const at = Date.parse(fields.get("at") ?? "");
  const offset = fields.get("offset") ?? "";
  if (Number.isNaN(at)) return {};
  return { moment: /^\d{1,15}$/.test(offset) ? { at, offset: Number(offset) } : { at } };
}

/** Whether there is a past of what shows: the other views have no moment. */
export function hasPast(place: Place): boolean {
  return place.kind === "panes" || place.view === "panes";
}

export function textOf(place: Place): string {
  const { moment } = place;
  const offset = moment?.offset === undefined ? "" : `&offset=${moment.offset}`;
  const when = moment ? `&at=${new Date(moment.at).toISOString()}${offset}` : "";
  if (place.kind === "view") return `#${place.view}${when}`;
  return `#pane=${place.panes.map((pane) => pane.replace("%", "%25")).join(",")}${when}`;
}

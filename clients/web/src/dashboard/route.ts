export const VIEWS = ["panes", "overview", "activity"] as const;
export type View = (typeof VIEWS)[number];

/** Where the list is a view of its own, as in phone.css. */
export const PHONE = "(max-width: 720px)";

/** What the page shows: a view of all, or panes to work in. Phones have the list of what needs somebody as a view of its own. */
export type Place =
  | { readonly kind: "view"; readonly view: View | "attention" }
  | { readonly kind: "panes"; readonly panes: readonly string[] };

/** What the address says behind `#`. Anything else is the first view. */
export function placeOf(hash: string): Place {
  const panes = /^#pane=([%\d,]+)$/.exec(hash)?.[1];
  if (panes) {
    const known = panes
      .split(",")
      .map((pane) => pane.replace(/^%25/, "%"))
      .filter((pane) => /^%\d+$/.test(pane));
    if (known.length > 0) return { kind: "panes", panes: [...new Set(known)].slice(-4) };
  }
  const view = [...VIEWS, "attention" as const].find((name) => hash === `#${name}`);
  return { kind: "view", view: view ?? "panes" };
}

export function textOf(place: Place): string {
  if (place.kind === "view") return `#${place.view}`;
  return `#pane=${place.panes.map((pane) => pane.replace("%", "%25")).join(",")}`;
}

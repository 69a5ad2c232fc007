/** One of the two endpoints of the protocol. */
export type Endpoint = "monitor" | "terminal";

/** Where this page was loaded from, as far as to the last slash: a proxy may have put something in front. */
const base = (): URL => new URL(".", globalThis.location.href);

/** The address of something beside this page. */
export function beside(path: string): URL {
  const url = new URL(path, base());
  url.search = "";
  url.hash = "";
  return url;
}

/** The address of an endpoint, for WebSockets. */
export function endpointUrl(endpoint: Endpoint, session: string): string {
  const path = endpoint === "monitor" ? "monitor" : `ws/terminal/${encodeURIComponent(session)}`;
  const url = beside(path);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}

/** Where the server is found: this program is loaded from a folder two levels below it, also behind a proxy. */
export const BASE = new URL("../../", import.meta.url);

/** The address of something of the server. */
export function at(path: string): string {
  return new URL(path, BASE).href;
}

/** The address for WebSockets. */
export function monitorUrl(): string {
  const url = new URL("monitor", BASE);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}

import { MuxwireError } from "./errors.js";
import type { SocketConstructor } from "./options.js";

/** The WebSocket of this place: that of the browser or of Node, or that of the package `ws`. */
export async function findSocket(given: SocketConstructor | undefined): Promise<SocketConstructor> {
  if (given) return given;
  const own = (globalThis as { WebSocket?: unknown }).WebSocket;
  if (own) return own as SocketConstructor;
  // Not a literal, so that no bundler takes it for a dependency of pages.
  const name = "ws";
  try {
    return ((await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as { WebSocket: SocketConstructor })
      .WebSocket;
  } catch (cause) {
    const remedy = "install the package ws, or give the option WebSocket";
    throw new MuxwireError("INVALID_ARGUMENT", `there is no WebSocket here: ${remedy}`, { cause });
  }
}

/** The address of the protocol on a server. */
export function endpoint(given: string): URL {
  let url: URL;
  try {
    url = new URL(given, (globalThis as { location?: { href: string } }).location?.href);
  } catch (cause) {
    throw new MuxwireError("INVALID_ARGUMENT", "write an address such as ws://127.0.0.1:8765/monitor", { cause });
  }
  url.protocol = url.protocol.replace(/^http/, "ws");
  if (!/^wss?:$/.test(url.protocol)) {
    throw new MuxwireError("INVALID_ARGUMENT", "the address begins with ws:// or wss://");
  }
  if (url.username || url.password || url.searchParams.has("token")) {
    throw new MuxwireError("INVALID_ARGUMENT", "an address must hold no secret: give the token as an option");
  }
  url.hash = "";
  if (url.pathname === "/") url.pathname = "/monitor";
  return url;
}

/** The address of a terminal beside it. */
export function terminalEndpoint(base: URL, path: string, query: Record<string, string | undefined>): URL {
  const url = new URL(base);
  url.pathname = url.pathname.replace(/\/monitor$/, "") + path;
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
  return url;
}

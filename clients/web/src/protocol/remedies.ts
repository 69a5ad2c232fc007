/** What happened, and what can be done about it. */
export interface Problem {
  what: string;
  /** What stands in backticks is a command, or the name of a setting. */
  remedy: string;
}

const TOKEN = "Make one where muxwire runs: `muxwire token create --name me --allow write`";

/** What the codes with which a connection is closed mean. */
const CLOSED: Record<number, Problem> = {
  1002: {
    what: "a frame was not as WebSockets have it",
    remedy: "Something between this page and the server may change what passes.",
  },
  1003: { what: "a message was no text", remedy: "Send JSON text." },
  1007: { what: "a text message was no UTF-8", remedy: "Send JSON text." },
  1009: { what: "a message was longer than 256 KiB", remedy: "Send less in one message: 64 KiB at most." },
  4001: { what: "the server stops", remedy: "Connect again when it is back." },
  4002: { what: "this page was too slow for what it asked for", remedy: "Subscribe to less, and connect again." },
  4003: { what: "this page gave no sign of life", remedy: "Connect again." },
  4004: { what: "there was too much in too little time", remedy: "Wait a moment, then connect again." },
  4005: { what: "the rights of the token have changed", remedy: "Connect again." },
  4006: {
    what: "the token has as many connections as it may have",
    remedy: "Close some, or raise `limits.token_connections`.",
  },
  4500: { what: "the token is not accepted: it is unknown, revoked or expired", remedy: TOKEN },
  4501: { what: "no token came in time", remedy: "Enter a token, or send auth within 5 seconds of the greeting." },
  4503: { what: "the token was revoked or has expired", remedy: TOKEN },
  4504: { what: "an admin ended the connection", remedy: "Ask whoever runs this server." },
};

/** What it means that a connection ended with this code; nothing for an end that was wished for. */
export function closed(code: number, reason: string): Problem | undefined {
  if (code === 1000) return undefined;
  const said = reason ? ` The server says: ${reason}` : "";
  const known = CLOSED[code];
  if (known) return { what: `The connection was closed with ${code}: ${known.what}.`, remedy: known.remedy };
  if (code === 1005 || code === 1006) {
    return {
      what: "The connection ended without a word.",
      remedy: "Look whether muxwire still runs, then connect again.",
    };
  }
  return { what: `The connection was closed with ${code}.${said}`, remedy: "Connect again." };
}

export const NO_TOKEN: Problem = { what: "This server asks for a token, and none was entered.", remedy: TOKEN };
export const BAD_TOKEN: Problem = {
  what: "The token is not accepted: it is unknown, revoked or expired.",
  remedy: `Look whether all of it was copied. ${TOKEN}`,
};
export const NO_SERVER = (origin: string): Problem => ({
  what: `No server answers at ${origin}.`,
  remedy: "Start it with `muxwire serve`, and look whether this address still leads to it.",
});

/** What an answer over HTTP means that is no success. `said` is its text. */
export function refused(status: number, said: string): Problem {
  const text = said.trim();
  const what = `The server answers ${status}${text ? `: ${text}` : ""}`;
  switch (status) {
    case 401:
      return BAD_TOKEN;
    case 403:
      return {
        what: `Pages of ${globalThis.location?.origin ?? "this origin"} may not connect to this server.`,
        remedy:
          "Add this origin to `security.allowed_origins`, or let the proxy in between pass Host and X-Forwarded-Proto on.",
      };
    case 404:
      return { what, remedy: "Look whether the proxy in between passes this path on." };
    case 421:
      return {
        what: "The server is not called by a name of its own.",
        remedy: "Add the name in this page's address to `security.allowed_hosts`.",
      };
    case 429:
    case 503:
      return { what, remedy: "Wait a moment, then connect again." };
    default:
      return { what, remedy: "Its log and its audit log say why: `muxwire audit show --action client.refused`" };
  }
}

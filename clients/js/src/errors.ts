import type { ErrorCode } from "./protocol.js";

/** Codes of errors that are this library's own, not the server's. */
export type ClientErrorCode =
  | "CLOSED"
  | "CONNECTION_LOST"
  | "NOT_CONNECTED"
  | "TIMEOUT"
  | "REFUSED"
  | "UNSUPPORTED"
  | "INVALID_ARGUMENT";

/** What more is known of an error. */
export interface ErrorDetails {
  /** Whether the same may succeed later. */
  retryable?: boolean;
  /** When to try again, if the server said so. */
  retryAfterMs?: number | undefined;
  /** The code with which the connection was closed. */
  closeCode?: number | undefined;
  cause?: unknown;
}

/** Whatever goes wrong here. `code` is stable, the message is for people. */
export class MuxwireError extends Error {
  readonly code: ErrorCode | ClientErrorCode | (string & {});
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly closeCode: number | undefined;

  constructor(code: MuxwireError["code"], message: string, details: ErrorDetails = {}) {
    super(printable(message), details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "MuxwireError";
    this.code = code;
    this.retryable = details.retryable ?? false;
    this.retryAfterMs = details.retryAfterMs;
    this.closeCode = details.closeCode;
  }

  /** The error that a message of the server stands for. */
  static of(message: Record<string, unknown>): MuxwireError {
    return new MuxwireError(String(message.code), String(message.message), {
      retryable: message.retryable === true,
      retryAfterMs: typeof message.retry_after_ms === "number" ? message.retry_after_ms : undefined,
    });
  }
}

/** To be thrown by `getToken` when there is no token to be had any more: the client is disconnected then. */
export class Unauthorized extends Error {
  constructor(message = "there is no token") {
    super(message);
    this.name = "Unauthorized";
  }
}

/** Without characters that control a terminal, for what comes from elsewhere. */
export function printable(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    (control) => `\\u{${control.charCodeAt(0).toString(16)}}`,
  );
}

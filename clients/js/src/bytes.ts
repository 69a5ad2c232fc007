/** What a binary message holds. */
export interface PaneBytes {
  pane: string;
  isReplay: boolean;
  check: number;
  offset: number;
  bytes: Uint8Array;
}

const HEADER = 28;
const OUTPUT = 1;
const REPLAY = 2;

/** Reads a binary message; `undefined` if this version does not know what it is. */
export function readBytes(message: Uint8Array): PaneBytes | undefined {
  if (message.length < HEADER) return undefined;
  const view = new DataView(message.buffer, message.byteOffset);
  const kind = view.getUint8(1);
  if (view.getUint8(0) !== 1 || (kind !== OUTPUT && kind !== REPLAY)) return undefined;
  return {
    pane: `%${view.getUint32(4)}`,
    isReplay: kind === REPLAY,
    check: view.getUint32(8),
    offset: Number(view.getBigUint64(20)),
    bytes: message.subarray(HEADER),
  };
}

/** The first eight hex digits of an epoch as a number. */
export function epochCheck(epoch: string): number {
  return Number.parseInt(/^[0-9a-f]{1,8}/i.exec(epoch)?.[0] ?? "0", 16);
}

const encoder = new TextEncoder();

/** A text as the bytes that a terminal reads. */
export const encode = (text: string): Uint8Array => encoder.encode(text);

/** All of these behind each other. */
export function join(parts: ReadonlyArray<Uint8Array>): Uint8Array {
  const [first] = parts;
  if (first && parts.length === 1) return first;
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** What stands for a secret wherever one would be shown. */
export const HIDDEN = "•••";

const SECRETS = /("(?:token|ticket)"\s*:\s*")((?:[^"\\]|\\.)*)/g;
/** What has the form of a token or a JWT, wherever it stands. */
const TOKENS = /\bmw_[0-9a-z]+_[0-9a-z_]+|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]+/g;

/** A text without the secrets in it: tokens and tickets, whatever else the text is. */
export function masked(text: string): string {
  return text.replace(SECRETS, (_, before: string) => before + HIDDEN).replace(TOKENS, HIDDEN);
}

/** Marks that change the order of text, and letters that are not seen. */
const UNSEEN =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]|[\u{e0000}-\u{e007f}]/gu;

/** A text as it is shown: what comes from a pane must not reorder a line, or hide in it. */
export function shown(text: string): string {
  return text.replace(UNSEEN, (letter) => `\\u{${(letter.codePointAt(0) ?? 0).toString(16)}}`);
}

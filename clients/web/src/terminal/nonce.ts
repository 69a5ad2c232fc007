/**
 * Sets a nonce on each style element before it is inserted: xterm.js makes some, and a strict Content-Security-Policy ignores
 * those without one. Returns what ends that; elements that are there keep theirs.
 */
export function nonceStyles(nonce: string): () => void {
  const users = nonces.get(nonce) ?? 0;
  nonces.set(nonce, users + 1);
  if (nonces.size > 1) throw new TypeError("a page has one nonce");
  if (!wrapped) {
    const { createElement } = Document.prototype;
    wrapped = true;
    document.createElement = ((name: string, options?: ElementCreationOptions) => {
      const element = createElement.call(document, name, options);
      if (element instanceof HTMLStyleElement) {
        const [current] = nonces.keys();
        if (current !== undefined) element.nonce = current;
      }
      return element;
    }) as typeof document.createElement;
  }
  let ended = false;
  return () => {
    if (ended) return;
    ended = true;
    const left = (nonces.get(nonce) ?? 1) - 1;
    if (left > 0) nonces.set(nonce, left);
    else nonces.delete(nonce);
  };
}

const nonces = new Map<string, number>();
let wrapped = false;

import { useEffect, useRef } from "vendor";
import { Composer, type ComposerHandle } from "./composer.tsx";
import { ConnectPanel } from "./connect-panel.tsx";
import { Help } from "./help.tsx";
import { LogView } from "./log-view.tsx";
import type { Model } from "./model.ts";

/** Whether a key is for what has the focus, and not for the page. */
function isTyping({ target }: KeyboardEvent): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName))
  );
}

export function App({ model, nonce }: { model: Model; nonce: string }) {
  const composer = useRef<ComposerHandle | null>(null);
  const help = useRef<HTMLDialogElement | null>(null);
  useEffect(() => {
    const keys: Record<string, () => void> = {
      "/": () => document.getElementById("filter")?.focus(),
      c: () => document.getElementById("connect")?.click(),
      e: () => composer.current?.focus(),
      m: () => document.getElementById("kind")?.focus(),
      l: () => document.querySelector<HTMLElement>(".entries button[tabindex='0']")?.focus(),
      p: () => model.log.pause(!model.log.paused.value),
      "?": () => help.current?.showModal(),
    };
    const pressed = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event) || help.current?.open) return;
      const act = keys[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [model]);
  return (
    <>
      <header class="top">
        <h1>
          <a href=".">muxwire</a> <span>protocol</span>
        </h1>
        <Status model={model} />
        <button type="button" class="quiet" onClick={() => help.current?.showModal()}>
          Help <kbd>?</kbd>
        </button>
      </header>
      <main>
        <div class="side">
          <ConnectPanel model={model} />
          <Composer model={model} nonce={nonce} handle={composer} />
        </div>
        <LogView model={model} edit={(text) => composer.current?.set(text)} />
      </main>
      <p class="unseen" role="status">
        {model.said}
      </p>
      <Help dialog={help} />
    </>
  );
}

/** By shape as well as by colour. */
const STATUS = {
  closed: ["○", "not connected"],
  connecting: ["◌", "connecting"],
  greeted: ["◐", "greeted, not let in"],
  open: ["●", "connected"],
} as const;

function Status({ model }: { model: Model }) {
  const status = model.connection.status.value;
  const [shape, word] = STATUS[status];
  return (
    <p class={`status ${status}`} role="status" aria-label={`Connection: ${word}`}>
      <span aria-hidden="true">{shape}</span> <strong>{word}</strong>
      <small>{model.connection.about}</small>
    </p>
  );
}

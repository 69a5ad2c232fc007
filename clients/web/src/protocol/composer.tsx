import { useEffect, useRef } from "vendor";
import { LANGUAGES } from "./code.ts";
import { MessageEditor } from "./editor.tsx";
import { type Model, pretty } from "./model.ts";

/** What others do with the composer. */
export interface ComposerHandle {
  focus(): void;
  set(text: string): void;
}

type Place<T> = { current: T | null };

export function Composer({ model, nonce, handle }: { model: Model; nonce: string; handle: Place<ComposerHandle> }) {
  const place = useRef<HTMLDivElement | null>(null);
  const editor = useRef<MessageEditor | null>(null);
  useEffect(() => {
    if (!place.current) return;
    const made = new MessageEditor({
      parent: place.current,
      nonce,
      messages: () => model.messages,
      known: model.names,
      since: () => model.since,
      changed: (text) => {
        model.text.value = text;
      },
      send: () => model.send(),
    });
    editor.current = made;
    handle.current = {
      focus: () => made.focus(),
      set: (text) => {
        made.set(text);
        made.focus();
      },
    };
    return () => made.destroy();
  }, [model, nonce, handle]);
  const choose = (name: string) => {
    const kind = model.messages.kinds.find((one) => one.name === name);
    if (kind) editor.current?.set(model.template(kind));
    editor.current?.focus();
  };
  const format = () => {
    const { text } = model;
    try {
      editor.current?.set(pretty(JSON.parse(text.value)));
      model.said.value = "The message was laid out.";
    } catch {
      model.said.value = "It can't be laid out: it is no JSON yet.";
    }
  };
  const isOpen = model.connection.status.value === "open" || model.connection.status.value === "greeted";
  return (
    <section aria-labelledby="compose-title">
      <h2 id="compose-title">Message</h2>
      <div class="compose">
        <label class="kind">
          <span>Begin with</span>
          <select
            id="kind"
            value=""
            onChange={({ currentTarget }) => {
              choose(currentTarget.value);
              currentTarget.value = "";
            }}
          >
            <option value="" disabled hidden>
              choose a message…
            </option>
            {model.messages.kinds.map(({ name, about }) => (
              <option key={name} value={name}>
                {`${name}: ${about.split(/[.,](?:\s|$)/)[0]}`}
              </option>
            ))}
          </select>
        </label>
        <div class="editor" ref={place} />
        <p id="editor-help" class="hint">
          <kbd>Ctrl</kbd> <kbd>Space</kbd> shows what fits, <kbd>Ctrl</kbd> <kbd>Enter</kbd> sends. {model.names.about}
        </p>
        <div class="row">
          <button id="send" type="button" class={isOpen ? "main" : ""} onClick={() => model.send()}>
            Send
          </button>
          <button id="offer" type="button" onClick={() => editor.current?.offer()}>
            What fits
          </button>
          <button type="button" onClick={format}>
            Lay out
          </button>
          <output class="said">{model.said}</output>
        </div>
      </div>
      <Code model={model} />
    </section>
  );
}

function Code({ model }: { model: Model }) {
  const code = model.code.value;
  const chosen = LANGUAGES.find(([name]) => name === model.language.value)?.[1];
  return (
    <details class="code">
      <summary>As code</summary>
      <div class="row">
        <div class="choices" role="radiogroup" aria-label="Language">
          {LANGUAGES.map(([name, label]) => (
            <label key={name}>
              <input
                type="radio"
                name="language"
                value={name}
                checked={model.language.value === name}
                onChange={() => {
                  model.language.value = name;
                }}
              />
              <span>{label}</span>
            </label>
          ))}
        </div>
        <button
          id="copy-code"
          type="button"
          disabled={code === undefined}
          onClick={() => void model.copy(code ?? "", `${chosen} was`)}
        >
          Copy
        </button>
      </div>
      {code === undefined ? (
        <p class="hint">Write a message above, and what does the same stands here.</p>
      ) : (
        <section class="program" aria-label={`The message as code: ${chosen}`}>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keys */}
          <pre id="code" tabIndex={0}>
            <code>{code}</code>
          </pre>
        </section>
      )}
    </details>
  );
}

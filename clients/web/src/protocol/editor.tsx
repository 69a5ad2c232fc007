import {
  autocompletion,
  bracketMatching,
  type Completion,
  type CompletionContext,
  type CompletionResult,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
  type Diagnostic,
  defaultKeymap,
  drawSelection,
  EditorState,
  EditorView,
  HighlightStyle,
  history,
  historyKeymap,
  insertCompletionText,
  json,
  keymap,
  linter,
  lintKeymap,
  Prec,
  pickedCompletion,
  placeholder,
  snippet,
  startCompletion,
  syntaxHighlighting,
  tags,
} from "vendor/editor";
import { choicesAt, type Known } from "./complete.ts";
import { placeOf, rangeOf } from "./cursor.ts";
import type { Messages } from "./schemas.ts";

/** What the editor is made with. */
export interface EditorOptions {
  parent: HTMLElement;
  /** Allows the style sheets that the editor makes, where a browser knows no other way. */
  nonce: string;
  /** What may be said where the page is connected to, or would be. */
  messages: () => Messages;
  known: Known;
  /** The last position that came. */
  since: () => string;
  changed: (text: string) => void;
  send: () => void;
}

const COLOURS = HighlightStyle.define([
  { tag: tags.propertyName, color: "var(--key)" },
  { tag: tags.string, color: "var(--string)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--number)" },
]);

const LOOKS = EditorView.theme({
  "&": { color: "var(--text)", backgroundColor: "transparent", fontSize: "0.875rem" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.5" },
  ".cm-content": { caretColor: "var(--text)", padding: "0.5rem 0" },
  ".cm-line": { padding: "0 0.75rem" },
  ".cm-cursor": { borderLeftColor: "var(--text)", borderLeftWidth: "2px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--selected)",
  },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--selected)" },
  ".cm-placeholder": { color: "var(--quiet)" },
  ".cm-tooltip": {
    color: "var(--text)",
    backgroundColor: "var(--raised)",
    border: "1px solid var(--line)",
    borderRadius: "6px",
    overflow: "hidden",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", fontSize: "0.8125rem", maxHeight: "16rem" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "4px 10px" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { color: "var(--on-accent)", backgroundColor: "var(--accent)" },
  ".cm-tooltip-autocomplete ul li[aria-selected] .cm-completionDetail": { color: "inherit" },
  ".cm-completionDetail": { color: "var(--quiet)", fontStyle: "normal", marginLeft: "1rem" },
  ".cm-completionInfo": { padding: "6px 10px", maxWidth: "20rem", fontSize: "0.8125rem" },
  // As it is by itself it is a picture, which the page's policy does not let in.
  ".cm-lintRange": {
    backgroundImage: "none",
    paddingBottom: "0",
    textDecoration: "underline wavy",
    textUnderlineOffset: "0.2em",
  },
  ".cm-lintRange-error": { textDecorationColor: "var(--bad)" },
  ".cm-lintRange-warning": { textDecorationColor: "var(--warn)" },
  ".cm-tooltip-lint": { fontSize: "0.8125rem" },
  ".cm-diagnostic": { padding: "6px 10px", borderLeft: "3px solid var(--bad)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--warn)" },
});

/** An editor for one message, which knows the protocol. */
export class MessageEditor {
  readonly #view: EditorView;
  readonly #options: EditorOptions;

  constructor(options: EditorOptions) {
    this.#options = options;
    const send = () => {
      options.send();
      return true;
    };
    const state = EditorState.create({
      extensions: [
        EditorView.cspNonce.of(options.nonce),
        history(),
        drawSelection(),
        bracketMatching(),
        closeBrackets(),
        json(),
        syntaxHighlighting(COLOURS),
        EditorView.lineWrapping,
        LOOKS,
        placeholder("A message, as JSON. Choose one above, or begin with {"),
        autocompletion({ override: [(context) => this.#complete(context)], icons: false, activateOnTyping: true }),
        linter((view) => this.#wrong(view.state.doc.toString()), { delay: 400 }),
        // Above all other meanings of Enter. Tab stays the key that leaves the editor.
        Prec.highest(keymap.of([{ key: "Mod-Enter", run: send }])),
        keymap.of([
          ...closeBracketsKeymap,
          ...completionKeymap,
          ...lintKeymap,
          ...historyKeymap,
          ...defaultKeymap,
          { key: "Escape", run: leave },
        ]),
        EditorView.contentAttributes.of({ "aria-label": "Message to send", "aria-describedby": "editor-help" }),
        EditorView.updateListener.of(({ docChanged }) => {
          if (docChanged) options.changed(this.text);
        }),
      ],
    });
    this.#view = new EditorView({ state, parent: options.parent });
  }

  get text(): string {
    return this.#view.state.doc.toString();
  }

  /** Puts another message in its place, which can be undone. The cursor goes to the first text that is empty. */
  set(text: string): void {
    const empty = /""|\[\]/.exec(text);
    const anchor = empty ? empty.index + 1 : text.length;
    this.#view.dispatch({
      changes: { from: 0, to: this.#view.state.doc.length, insert: text },
      selection: { anchor },
      scrollIntoView: true,
    });
  }

  focus(): void {
    this.#view.focus();
  }

  /** Shows what fits at the cursor. */
  offer(): void {
    startCompletion(this.#view);
  }

  destroy(): void {
    this.#view.destroy();
  }

  #complete(context: CompletionContext): CompletionResult | null {
    const { messages, known, since } = this.#options;
    const text = context.state.doc.toString();
    const found = choicesAt(text, context.pos, messages(), known, since());
    if (!found) return null;
    const { from, choices } = found;
    const typed = text.slice(from, context.pos);
    const isWanted = context.explicit || typed !== "" || /[{[,:"]\s*$/.test(text.slice(0, context.pos));
    if (!isWanted) return null;
    const options = choices.map(({ label, insert, detail, about }, at): Completion => {
      const apply = (view: EditorView, completion: Completion) => {
        // What stands there by now is replaced as a whole, the end of its string too.
        const { head } = view.state.selection.main;
        const end = Math.max(placeOf(view.state.doc.toString(), head)?.to ?? head, head);
        const isKey = insert.startsWith(`"${label}": `);
        const hasValue = isKey && /^\s*:/.test(view.state.sliceDoc(end));
        const text = hasValue ? JSON.stringify(label) : insert;
        if (!text.includes("${}")) {
          view.dispatch({
            ...insertCompletionText(view.state, text, from, end),
            annotations: pickedCompletion.of(completion),
          });
          return;
        }
        snippet(snippetText(text))(view, completion, from, end);
        setTimeout(() => startCompletion(view));
      };
      const info = about ? { info: about } : {};
      // In the order in which they come: what is required comes last of two that are alike, and is lifted.
      return {
        label: quotedLike(typed, label),
        displayLabel: label,
        detail,
        apply,
        boost: detail.endsWith("required") ? 50 : -at,
        ...info,
      };
    });
    return { from, options, validFor: /^"?[^"{}[\],]*$/ };
  }

  #wrong(text: string): Diagnostic[] {
    if (!text.trim()) return [];
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch (error) {
      const at = Number(/position (\d+)/.exec(String(error))?.[1] ?? text.length);
      const from = Math.min(at, Math.max(text.length - 1, 0));
      return [{ from, to: Math.min(from + 1, text.length), severity: "error", message: "This is no JSON yet." }];
    }
    const found = this.#options.messages().wrong(message);
    return found.map(({ path, what }) => ({ ...rangeOf(text, path), severity: "warning", message: what }));
  }
}

function leave({ contentDOM }: EditorView): boolean {
  contentDOM.blur();
  return true;
}

/** A template for the editor, which takes braces for its own. */
const snippetText = (insert: string) =>
  insert
    .replaceAll("${}", "\u0000")
    .replace(/[{}\\]/g, "\\$&")
    .replaceAll("\u0000", "${}");

/** Choices are compared with what was typed, its quotation mark too. */
const quotedLike = (typed: string, label: string) => (typed.startsWith('"') ? `"${label}` : label);

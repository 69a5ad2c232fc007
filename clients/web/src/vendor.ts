// What the pages use of others, in a bundle of its own: it changes when a version does, and ours changes more often.
export { Validator } from "@cfworker/json-schema";
export {
  autocompletion,
  type Completion,
  type CompletionContext,
  type CompletionResult,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
  insertCompletionText,
  pickedCompletion,
  snippet,
  startCompletion,
} from "@codemirror/autocomplete";
export { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
export { json, jsonLanguage } from "@codemirror/lang-json";
export { bracketMatching, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
export { type Diagnostic, linter, lintKeymap } from "@codemirror/lint";
export { EditorState, Prec } from "@codemirror/state";
export { drawSelection, EditorView, keymap, placeholder } from "@codemirror/view";
export type { SyntaxNode } from "@lezer/common";
export { tags } from "@lezer/highlight";
export { batch, computed, effect, signal, untracked, useSignal } from "@preact/signals";
export { type ComponentChildren, Fragment, render } from "preact";
export { useEffect, useLayoutEffect, useRef } from "preact/hooks";
export { jsx, jsxs } from "preact/jsx-runtime";

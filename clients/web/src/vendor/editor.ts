// The editor of messages, which the page at /protocol alone has.
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

// What all pages use of others, in a bundle of its own: it changes when a version does, and ours changes more often.
export {
  batch,
  computed,
  effect,
  type ReadonlySignal,
  type Signal,
  signal,
  untracked,
  useComputed,
  useSignal,
} from "@preact/signals";
export { type ComponentChildren, Fragment, render } from "preact";
export { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
export { jsx, jsxs } from "preact/jsx-runtime";

import assert from "node:assert/strict";
import { test } from "node:test";
import { tell } from "../src/state.js";

test("a callback that fails disturbs nobody, and its error is not swallowed", (context) => {
  const errors: unknown[] = [];
  context.mock.method(globalThis, "queueMicrotask", (act: () => void) => {
    try {
      act();
    } catch (error) {
      errors.push(error);
    }
  });
  const fault = new Error("of the program");
  const told: number[] = [];
  const failing = () => {
    throw fault;
  };
  tell([failing, (what) => told.push(what), failing, (what) => told.push(what + 1)], 1);
  tell(undefined, 1);
  assert.deepEqual(
    [told, errors],
    [
      [1, 2],
      [fault, fault],
    ],
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { USUAL } from "../src/dashboard/notices.ts";
import { bytesOf, deviceName, saidOf, wishesOf } from "../src/dashboard/push.ts";

test("a device is named by what its browser says of itself", () => {
  const rows = [
    [
      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
      "Chrome on Linux",
    ],
    [
      "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36",
      "Chrome on Android",
    ],
    ["Mozilla/5.0 (Android 15; Mobile; rv:143.0) Gecko/143.0 Firefox/143.0", "Firefox on Android"],
    [
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Version/18.6 Safari/604.1",
      "Safari on iPhone",
    ],
    [
      "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
      "Edge on Windows",
    ],
    ["curl/8", "Browser on another system"],
  ] as const;
  for (const [userAgent, expected] of rows) assert.equal(deviceName({ userAgent }), expected);
});

test("keys are read as they are written for addresses", () => {
  assert.deepEqual([...bytesOf("_-8")], [255, 239]);
  assert.deepEqual([...bytesOf("")], []);
});

test("what is wanted goes with the clock of the device", () => {
  const wishes = wishesOf({ ...USUAL, on: true, kinds: ["waiting"], quiet: { from: "22:00", to: "07:00" } });
  const { zone, ...rest } = wishes as { zone?: string };
  assert.deepEqual(rest, {
    kinds: ["waiting"],
    dwell: 10,
    quiet: { from: "22:00", to: "07:00" },
    offset: -new Date().getTimezoneOffset(),
    content: false,
  });
  assert.equal(zone, Intl.DateTimeFormat().resolvedOptions().timeZone);
  assert.equal("quiet" in wishesOf(USUAL), false);
});

test("what the server says is text, whatever stands in it", () => {
  const sent = { at: "2026-11-30T12:00:00Z", kind: "waiting", title: "api\u001b[31m", error: "no\u202e" };
  const row = {
    subscription: "abc",
    name: "me",
    device: "x\u0007",
    service: "push.example",
    created: "?",
    sent: [sent, 7],
  };
  const { devices, key, enabled } = saidOf({ enabled: true, key: "BAAA", subscriptions: [row, null] });
  assert.deepEqual([enabled, key, devices.length], [true, "BAAA", 2]);
  const [device] = devices;
  assert.ok(device);
  const text = JSON.stringify(devices);
  assert.ok(!/[\u0000-\u001f\u202e]/.test(text), text);
  assert.equal(Number.isNaN(device.created), true);
  assert.equal(device.sent[0]?.at, Date.parse("2026-11-30T12:00:00Z"));
  assert.deepEqual(saidOf(undefined), { enabled: false, key: undefined, problem: undefined, devices: [] });
  // Without a key there is nothing to subscribe with.
  assert.equal(saidOf({ enabled: false, key: "BAAA", problem: "why" }).key, undefined);
});

import { render } from "vendor";
import { Door, hasCode } from "./access.ts";
import { App } from "./app.tsx";
import { embeddedOf } from "./embedded.tsx";
import { Settings } from "./settings.ts";

const root = document.getElementById("app");
const nonce = document.querySelector<HTMLScriptElement>("script[nonce]")?.nonce ?? "";
if (root) {
  root.replaceChildren();
  const door = new Door();
  const settings = new Settings();
  render(<App door={door} settings={settings} nonce={nonce} embedded={embeddedOf(location)} />, root);
  void door.begin();
  // An address with a code that is opened where the page is already.
  addEventListener("hashchange", () => {
    if (hasCode()) void door.begin();
  });
}

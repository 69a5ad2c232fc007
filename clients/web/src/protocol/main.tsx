import { render } from "vendor";
import { App } from "./app.tsx";
import { Model } from "./model.ts";

const root = document.getElementById("app");
const nonce = document.querySelector<HTMLScriptElement>("script[nonce]")?.nonce ?? "";
if (root) {
  root.replaceChildren();
  render(<App model={new Model()} nonce={nonce} />, root);
}

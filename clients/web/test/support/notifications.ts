import type { Locator, Page } from "playwright-core";
import { shownLock } from "../../src/dashboard/shown.ts";
import { page } from "./stage.ts";

export const panel = (): Locator => page.getByRole("dialog", { name: "Notifications" });

export async function openPanel(): Promise<void> {
  await page.getByLabel("Menu").click();
  await page.getByRole("button", { name: "Notifications" }).click();
  await panel().waitFor();
}

export interface Shown {
  readonly title: string;
  readonly body: string;
  readonly tag: string;
}

/** What the browser shows of the dashboard now, by any of its pages. A listing beside one that shows would lose what that shows: see `inTurn`. */
export const shownBy = (of: Page): Promise<Shown[]> =>
  of.evaluate(
    async (lock) => {
      const worker = await navigator.serviceWorker.getRegistration("/");
      const all = (await navigator.locks.request(lock, () => worker?.getNotifications())) ?? [];
      return all.map(({ title, body, tag }) => ({ title, body, tag }));
    },
    shownLock({ scope: new URL("/", of.url()).href }),
  );

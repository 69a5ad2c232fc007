import type { Locator, Page } from "playwright-core";
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

/** What the browser shows of the dashboard now, by any of its pages. */
export const shownBy = (of: Page): Promise<Shown[]> =>
  of.evaluate(async () => {
    const worker = await navigator.serviceWorker.getRegistration("/");
    const all = (await worker?.getNotifications()) ?? [];
    return all.map(({ title, body, tag }) => ({ title, body, tag }));
  });

/** Drives the page in a headless Chromium. */
import { ok } from "node:assert/strict";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { ScriptedServer } from "./scripted_server.ts";

const executablePath = Deno.env.get("KILN_CHROMIUM");
if (!executablePath) {
  console.log(
    "No browser: the tests of the page in Chromium are skipped. `. .ci/install-chromium.sh` sets KILN_CHROMIUM.",
  );
}

let browser: Promise<Browser> | undefined;
Deno.test.afterAll(async () => await (await browser)?.close());

/** A browser of this file's own, started at its first test. */
export function openBrowser(): Promise<Browser> {
  // Chromium's own sandbox does not work for root, and the page is ours.
  return browser ??= chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

/** What a test of the page is given. */
export interface Visit {
  page: Page;
  server: ScriptedServer;
}

/**
 * A test with a server and a page of its own, nothing opened yet. It fails too when the page throws, or when its security
 * policy has to stop something. Skipped without a browser.
 */
export function browserTest(
  name: string,
  run: (visit: Visit) => Promise<void>,
  options: BrowserContextOptions = {},
): void {
  Deno.test({
    name,
    ignore: !executablePath,
    // The browser outlives the test.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => {
      await using server = new ScriptedServer();
      const context = await (await openBrowser()).newContext({
        viewport: { width: 1280, height: 860 },
        locale: "en-GB",
        ...options,
      });
      context.setDefaultTimeout(20_000);
      try {
        const page = await context.newPage();
        const faults: string[] = [];
        page.on("pageerror", (error) => faults.push(String(error)));
        page.on("console", (message) => {
          if (/security policy|refused to/i.test(message.text())) faults.push(message.text());
        });
        await run({ page, server });
        ok(faults.length === 0, `the page throws nothing and breaks no policy: ${faults.join("; ")}`);
      } finally {
        await context.close();
      }
    },
  });
}

/** Asks as a person does, and waits for the whole answer. */
export async function ask(page: Page, question: string): Promise<void> {
  const before = await page.locator(".exchange").count();
  await page.getByLabel("Your question").fill(question);
  await page.keyboard.press("Enter");
  await page.locator(`.exchange:nth-of-type(${before + 1}):not([aria-busy])`).waitFor();
}

/** Chooses how to answer. */
export async function chooseMode(page: Page, mode: "Direct" | "Evidence" | "Audited"): Promise<void> {
  await page.locator(".modes label", { hasText: mode }).click();
}

import { deepEqual, equal, match, ok } from "node:assert/strict";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { ask, browserTest } from "./browser.ts";
import { ANSWER } from "./scripts.ts";
import { refusal } from "./scripted_server.ts";

/** What axe-core finds wrong, each as "rule: element". */
async function faults(page: Page): Promise<string[]> {
  if (!await page.evaluate(() => "axe" in globalThis)) await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}

for (const colorScheme of ["light", "dark"] as const) {
  for (const width of [1366, 360]) {
    browserTest(
      `axe-core finds nothing in the ${colorScheme} page of ${width} px, whatever is open`,
      async ({ page, server }) => {
        const none = async (what: string) => {
          const found = await faults(page);
          ok(found.length === 0, `${what}: ${found.join("\n")}`);
        };
        await page.goto(server.url);
        await page.getByLabel("Model").waitFor();
        await none("the first page");
        await ask(page, "I am 31 and pregnant, and my head aches. Can I take ibuprofen?");
        for (const summary of await page.locator("main summary:visible").all()) await summary.click();
        await page.getByRole("button", { name: "Not helpful" }).click();
        await none("an answer");
        await page.getByRole("button", { name: /^Evidence 1/ }).click();
        await none("evidence");
        await page.getByRole("button", { name: "Close" }).click();
        await page.getByRole("button", { name: "Memory" }).click();
        await page.getByRole("button", { name: "Edit penicillin" }).click();
        await none("memory");
        await page.getByRole("button", { name: "Close" }).click();
        if (width < 800) {
          await page.getByRole("button", { name: "History" }).click();
          await none("history");
          await page.getByRole("button", { name: "Close" }).click();
        }
        await page.locator("#export summary").click();
        await none("the export menu");
        await ask(page, "My chest hurts");
        await none("an emergency");
        server.refuse = () => refusal(503, "busy", { "retry-after": "60" });
        await ask(page, "Again");
        await none("a failure");
        server.token = "x";
        server.refuse = () => null;
        await page.reload();
        await page.getByRole("dialog", { name: /asks for a token/ }).waitFor();
        await none("the token");
      },
      { colorScheme, viewport: { width, height: 800 } },
    );
  }
}

browserTest("everything can be done with the keyboard alone", async ({ page, server }) => {
  server.keep({ id: "one", title: "What is gout?", messages: [{ id: "1", role: "user", content: "What is gout?" }] });
  await page.goto(server.url);
  await page.getByRole("link", { name: "What is gout?" }).waitFor();
  equal(await focused(page), "TEXTAREA question", "writing can begin at once");
  await page.keyboard.type("May I take");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("ibuprofen?");
  await page.keyboard.press("Enter");
  await page.locator(".exchange:not([aria-busy]) .cite").first().waitFor();
  equal(server.sent("POST", "/chat")[0].message, "May I take\nibuprofen?");

  await page.keyboard.press("Shift+Tab");
  for (let steps = 0; !/^BUTTON .*\[1\]/.test(await focused(page)) && steps < 30; steps++) {
    await page.keyboard.press("Shift+Tab");
  }
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement ?? document.body).outlineStyle);
  equal(outline, "solid", "focus is seen");
  await page.keyboard.press("Enter");
  match(await focused(page), /^LI .*NSAIDs in pregnancy/);
  await page.keyboard.press("Escape");
  match(await focused(page), /^BUTTON .*\[1\]/);

  await page.reload();
  await page.locator(".cite").first().waitFor();
  await page.evaluate(() => {
    document.body.tabIndex = -1;
    document.body.focus();
  });
  await page.keyboard.press("Tab");
  equal(await focused(page), "A skip Skip to the question");
  await page.keyboard.press("Enter");
  equal(await focused(page), "TEXTAREA question");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("ArrowLeft");
  equal(await page.locator("input:checked").getAttribute("value"), "evidence", "arrows choose the mode");
});

/** The element that has the focus: its tag, id and text. */
function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const { tagName, id, textContent } = document.activeElement as HTMLElement;
    return `${tagName} ${id} ${textContent}`.trim();
  });
}

browserTest(
  "a screen reader is told whole sentences, of an audited answer only what passed",
  async ({ page, server }) => {
    await page.goto(server.url);
    await page.evaluate(() => {
      const told: string[] = [];
      Object.assign(globalThis, { told });
      new MutationObserver((changes) => {
        for (const { addedNodes } of changes) for (const node of addedNodes) told.push(node.textContent ?? "");
      }).observe(document.querySelector("[aria-live=polite]") as Element, { childList: true });
    });
    const told = () => page.evaluate(() => (globalThis as unknown as { told: string[] }).told.splice(0));
    const spoken = ANSWER.replace(/ \[\d\]/g, "").replace(/\s+/g, " ");

    await ask(page, "May I take ibuprofen?");
    const audited = await told();
    deepEqual(audited.slice(0, 4), ["Searching the library.", "Writing.", "Auditing the draft.", "Mending the draft."]);
    equal(audited.slice(4).join(" ").replace(/\s+/g, " "), spoken);

    await page.locator(".modes label", { hasText: "Evidence" }).click();
    await ask(page, "May I take ibuprofen?");
    const streamed = await told();
    deepEqual(streamed.slice(2).map((words) => /[.]$/.test(words)), [true, true, true], "sentence by sentence");
    equal(streamed.slice(2).join(" ").replace(/\s+/g, " "), spoken);
    equal(await page.locator("[aria-live]").count(), 1);
    ok(await page.locator("#announcer").evaluate((region) => region.children.length <= 12));
  },
);

import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { Page } from "playwright-core";
import { ask, browserTest } from "./browser.ts";
import { answerMessage, EVIDENCE } from "./scripts.ts";
import { eventsOf } from "./scripted_server.ts";

const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };

/** Whether all that is shown has room in the window's width. */
async function fits(page: Page): Promise<void> {
  const { width, content } = await page.evaluate(() => ({
    width: document.documentElement.clientWidth,
    content: Math.max(
      document.documentElement.scrollWidth,
      ...[...document.querySelectorAll("dialog[open], dialog[open] *, main *, .composer *")]
        .filter((each) => each.checkVisibility() && !each.closest(".unseen, .modes"))
        .map((each) => Math.ceil(each.getBoundingClientRect().right)),
    ),
  }));
  ok(content <= width, `${content} px of content in ${width} px`);
}

browserTest("a phone of 360 px shows everything without scrolling sideways", async ({ page, server }) => {
  await page.goto(server.url);
  await fits(page);
  await ask(page, "I am 31 and pregnant, and my head aches. Can I take ibuprofen?");
  await fits(page);
  for (const summary of await page.locator("summary:visible").all()) await summary.click();
  await fits(page);
  await page.getByRole("button", { name: /^Evidence 1/ }).click();
  await page.getByRole("dialog", { name: "Evidence" }).waitFor();
  await fits(page);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Memory" }).click();
  await page.getByRole("dialog", { name: "Memory" }).waitFor();
  await fits(page);
  await page.getByRole("button", { name: "Close" }).click();
  await page.getByRole("button", { name: "History" }).click();
  await page.getByRole("dialog", { name: "Conversations" }).getByRole("link").click();
  ok(!await page.getByRole("dialog").isVisible());
  await fits(page);
}, PHONE);

browserTest("an emergency on a phone is seen without scrolling", async ({ page, server }) => {
  await page.goto(server.url);
  await ask(page, "My chest hurts");
  await fits(page);
  const box = await page.getByRole("alert").boundingBox();
  ok(box !== null && box.y >= 0 && box.y + box.height < 740 - 150);
}, PHONE);

browserTest("long words and right-to-left text break nothing", async ({ page, server }) => {
  const long = "pneumonoultramicroscopicsilicovolcanoconiosis".repeat(20);
  const arabic = "اشرب الماء واسترح [1].";
  server.script = () =>
    eventsOf(
      { type: "query", text: long },
      {
        type: "evidence",
        evidence: [{
          ...EVIDENCE[0],
          title: long,
          text: `${arabic} ${long}`,
          source: long,
          quotes: [{ start: 0, end: 4 }],
        }],
      },
      { type: "reasoning", text: long },
      {
        type: "answer",
        outcome: "answered",
        message: answerMessage(`${arabic}\n\n- ${long}\n\n\`${long}\``, {
          critique: { verdict: "revise", problems: [{ kind: long, quote: long, reason: long }] },
        }),
      },
    );
  await page.goto(server.url);
  await ask(page, `${long} صداع`);
  for (const summary of await page.locator("summary:visible").all()) await summary.click();
  await fits(page);
  equal(await page.locator(".answer p").first().evaluate((each) => getComputedStyle(each).direction), "rtl");
  await page.getByRole("button", { name: /^Evidence 1/ }).click();
  await fits(page);
  equal(await page.locator("mark").innerText(), "اشرب");
}, PHONE);

browserTest("a window made narrow turns the open column into a sheet, and back", async ({ page, server }) => {
  await page.goto(server.url);
  await ask(page, "May I take ibuprofen?");
  await page.getByRole("button", { name: "Memory" }).click();
  equal(await page.getByRole("dialog").count(), 0);
  ok(await page.getByRole("complementary", { name: "Memory" }).isVisible());
  await page.setViewportSize({ width: 700, height: 800 });
  await page.getByRole("dialog", { name: "Memory" }).waitFor();
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.getByRole("complementary", { name: "Memory" }).waitFor();
  equal(await page.getByRole("dialog").count(), 0);
});

browserTest("who wants less motion gets none", async ({ page, server }) => {
  const rest = Promise.withResolvers<void>();
  server.script = () => eventsOf({ type: "stage", stage: "draft", state: "begun" }, rest.promise);
  await page.goto(server.url);
  await page.getByLabel("Your question").fill("What helps?");
  await page.keyboard.press("Enter");
  const animation = () => page.locator(".now").evaluate((each) => getComputedStyle(each, "::after").animationName);
  await page.locator(".now", { hasText: "Writing" }).waitFor();
  equal(await animation(), "glow");
  await page.emulateMedia({ reducedMotion: "reduce" });
  equal(await animation(), "none");
  rest.resolve();
  await page.locator(".exchange:not([aria-busy])").waitFor();
});

browserTest("hostile text stays text wherever it comes from", async ({ page, server }) => {
  const hostile = `<script>window.hacked = 1</script><img src=x onerror="window.hacked = 1"> ` +
    `[click](javascript:window.hacked=1) ![](https://evil.example/x.png) </p><style>*{display:none}</style>`;
  const evidence = [{
    number: 1,
    title: hostile,
    text: hostile,
    source: "javascript:window.hacked=1",
    riskLevel: hostile,
    quotes: [{ start: 0, end: 9e9 }],
  }];
  const source = { turn: 1, quote: hostile, by: "patient" as const };
  server.script = () =>
    eventsOf(
      {
        type: "memory",
        profile: {
          allergies: [{ value: hostile, source }],
          conflicts: [{ field: hostile, kept: { value: hostile, source }, other: { value: null, source } }],
        },
      },
      { type: "query", text: hostile },
      { type: "evidence", evidence },
      { type: "reasoning", text: hostile },
      { type: "text", text: hostile },
      {
        type: "answer",
        outcome: "answered",
        message: answerMessage(`**${hostile}** \`${hostile}\` [1]`, {
          evidence,
          critique: { verdict: "revise", problems: [{ kind: hostile, quote: hostile }] },
        }),
      },
    );
  server.models = [{ id: hostile }, { id: "other" }];
  const requests: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(server.url);
  await ask(page, hostile);
  await page.getByRole("button", { name: "Memory" }).click();
  match(await page.locator("#panel").innerText(), /<script>window\.hacked = 1<\/script>/);
  await page.getByRole("button", { name: /^Evidence 1/ }).click();
  equal(await page.locator("blockquote").textContent(), hostile);
  equal(await page.locator("mark").textContent(), hostile);
  ok((await page.locator(".answer").textContent())?.includes("[click](javascript:window.hacked=1)"));
  equal(await page.evaluate(() => (globalThis as { hacked?: number }).hacked), undefined);
  equal(await page.locator("main img, main script, main style, main a, #panel a, #panel img").count(), 0);
  deepEqual(requests.filter((url) => !url.startsWith(server.url)), []);
});

import { equal, match, ok } from "node:assert/strict";
import { readServeSettings } from "../../../lib/serve/mod.ts";
import { startServing } from "../../../lib/tasks/serve.ts";
import { inFolder } from "../../support/in_folder.ts";
import { ask, browserTest } from "./browser.ts";

browserTest(
  "the page and the real server: remember, answer, cite, mend memory, reload, emergency, delete",
  async ({ page }) => {
    await inFolder(async (data) => {
      const settings = readServeSettings(["--port", "0", "--data", data, "--token", "kiln-test"], {});
      ok(settings !== "help");
      const serving = startServing(settings, () => {});
      try {
        await serving.ready;
        await page.goto(serving.running.url);
        await page.getByRole("textbox", { name: "Token" }).fill("kiln-test");
        await page.getByRole("button", { name: "Use it" }).click();
        await ask(page, "I am 31 and pregnant, and I am allergic to penicillin.");

        await page.getByRole("button", { name: "Memory" }).click();
        const penicillin = page.locator(".facts dd", { hasText: "penicillin" });
        match(await penicillin.innerText(), /you, question 1: .*allergic to penicillin/);
        await penicillin.getByRole("button", { name: "Edit" }).click();
        await page.getByLabel("allergies", { exact: true }).fill("latex");
        await page.keyboard.press("Enter");
        match(await page.locator(".facts dd", { hasText: "latex" }).innerText(), /edited by you/);

        await ask(page, "How does allopurinol help people with gout?");
        const answer = page.locator(".answer").last();
        match(
          await answer.innerText(),
          /Allopurinol lowers uric acid and prevents later attacks when taken every day \[1\]/,
        );
        match(await page.locator(".work").last().innerText(), /^Answered in/);
        await answer.locator(".cite").first().click();
        match((await page.locator(".passage.chosen mark").allInnerTexts()).join(" "), /Allopurinol lowers uric acid/);

        await page.reload();
        equal(
          await page.locator(".question").nth(1).textContent(),
          "You asked: How does allopurinol help people with gout?",
        );
        await page.locator(".work").nth(1).locator("summary").click();
        match(
          await page.locator(".work").nth(1).innerText(),
          /Answered in[^]*Searched for[^]*Searching the library\s+[\d.]+ m?s/,
        );
        await page.getByRole("button", { name: "Try again" }).click();
        await page.locator(".exchange:not([aria-busy])").nth(1).waitFor();
        equal(await page.locator(".exchange").count(), 2);
        await page.getByRole("button", { name: "Helpful", exact: true }).last().click();
        await page.getByText("Thank you, noted.").waitFor();

        await ask(page, "My chest hurts and my left arm is numb");
        match(await page.getByRole("alert").innerText(), /This may be an emergency[^]*112/);

        await page.getByRole("button", { name: /^Delete I am 31/ }).click();
        await page.getByRole("button", { name: "Really?" }).click();
        await page.getByRole("heading", { name: "Ask about your health" }).waitFor();
        await page.getByText("Nothing yet.").waitFor();
      } finally {
        await serving.stop();
      }
    });
  },
);

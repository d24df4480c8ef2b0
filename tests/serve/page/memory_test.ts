import { deepEqual, equal, match } from "node:assert/strict";
import type { Page } from "playwright-core";
import { ask, browserTest } from "./browser.ts";

const openMemory = (page: Page) => page.getByRole("button", { name: "Memory" }).click();
const fact = (page: Page, value: string) =>
  page.locator(".facts dd", { has: page.locator(`.value:text-is("${value}")`) });

browserTest(
  "memory shows each fact with who said it and when, and contradictions with both sides",
  async ({ page, server }) => {
    await page.goto(server.url);
    await openMemory(page);
    await page.getByText("Nothing is remembered yet.").waitFor();
    await ask(page, "I am 31 and pregnant, allergic to penicillin");
    equal(await page.getByRole("button", { name: "Memory" }).getAttribute("aria-expanded"), "true");
    match(await fact(page, "penicillin").innerText(), /penicillin\s+you, question 1: .*allergic to penicillin/);
    match(
      await page.getByRole("region", { name: "Contradictions" }).innerText(),
      /Age: 31\s+used for now[^]*Age: 36\s+you, question 2: /,
    );

    await page.getByRole("button", { name: "This is right: Age: 36" }).click();
    await fact(page, "36").getByText("edited by you").waitFor();
    equal(await page.getByRole("region", { name: "Contradictions" }).count(), 0);
    deepEqual(server.sent("PATCH", `/memory/${[...server.sessions.keys()][0]}`), [{ age: 36 }]);
  },
);

browserTest("a fact is edited, added and deleted, and all of them at the second click", async ({ page, server }) => {
  await page.goto(server.url);
  await ask(page, "I am 31 and pregnant, allergic to penicillin");
  const path = `/memory/${[...server.sessions.keys()][0]}`;
  await openMemory(page);

  await page.getByRole("button", { name: "Edit penicillin" }).click();
  await page.getByLabel("allergies", { exact: true }).fill("amoxicillin");
  await page.keyboard.press("Enter");
  await fact(page, "amoxicillin").waitFor();

  await page.getByRole("button", { name: "Add to allergies" }).click();
  await page.getByLabel("allergies", { exact: true }).fill("latex");
  await page.getByRole("button", { name: "Save" }).click();
  await fact(page, "latex").waitFor();

  await page.getByRole("button", { name: "Edit yes" }).click();
  await page.getByLabel("pregnant", { exact: true }).selectOption("no");
  await page.getByRole("button", { name: "Save" }).click();
  await fact(page, "no").waitFor();

  await page.getByRole("button", { name: "Delete headache" }).click();
  await fact(page, "headache").waitFor({ state: "detached" });
  deepEqual(server.sent("PATCH", path), [
    { allergies: ["amoxicillin"] },
    { allergies: ["amoxicillin", "latex"] },
    { pregnant: false },
    { symptoms: null },
  ]);

  await page.getByRole("button", { name: "Delete all of it" }).click();
  await page.getByRole("button", { name: "Really delete all?" }).click();
  await page.getByText("Nothing is remembered yet.").waitFor();
  equal(server.sent("DELETE", path).length, 1);
});

browserTest("the summary of earlier messages is edited and deleted", async ({ page, server }) => {
  await page.goto(server.url);
  await ask(page, "I am 31 and pregnant, allergic to penicillin");
  const [session] = server.sessions.values();
  session.summary = { text: "You said: I have asthma." };
  await page.reload();
  await openMemory(page);
  const summary = page.getByRole("region", { name: "Earlier in this conversation" });
  match(await summary.innerText(), /I have asthma/);
  await page.getByRole("button", { name: "Edit the summary" }).click();
  await page.getByLabel("summary", { exact: true }).fill("You said: I had asthma as a child.");
  await page.getByRole("button", { name: "Save" }).click();
  await summary.getByText("as a child").waitFor();
  await page.getByRole("button", { name: "Delete the summary" }).click();
  await summary.waitFor({ state: "detached" });
  deepEqual(server.sent("PATCH", `/memory/${session.id}`), [
    { summary: "You said: I had asthma as a child." },
    { summary: null },
  ]);
});

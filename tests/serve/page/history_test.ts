import { deepEqual, equal, match, ok } from "node:assert/strict";
import { ask, browserTest } from "./browser.ts";
import { ANSWER, answerMessage, EVIDENCE } from "./scripts.ts";

const EARLIER = [
  {
    id: "one",
    messages: [{ id: "1", role: "user", content: "What is gout?" }, { ...answerMessage("A joint disease."), id: "2" }],
  },
  {
    id: "two",
    messages: [{ id: "3", role: "user", content: "What is asthma?" }, { ...answerMessage("A lung disease."), id: "4" }],
  },
] as const;

browserTest(
  "the history lists conversations, opens one, deletes one at the second click, and begins anew",
  async ({ page, server }) => {
    for (const session of EARLIER) server.keep(session);
    await page.goto(server.url);
    const list = page.getByRole("navigation", { name: "History" });
    await list.getByRole("link", { name: "What is gout?" }).click();
    await page.locator("#thread").getByText("A joint disease.").waitFor();
    equal(await list.getByRole("link", { name: "What is gout?" }).getAttribute("aria-current"), "true");
    match(page.url(), /#\/one$/);
    await list.getByRole("link", { name: "What is asthma?" }).click();
    await page.locator("#thread").getByText("A lung disease.").waitFor();
    await page.goBack();
    await page.locator("#thread").getByText("A joint disease.").waitFor();

    await list.getByRole("button", { name: "Delete What is asthma?" }).click();
    equal(server.sessions.size, 2, "it asks first");
    await list.getByRole("button", { name: "Really?" }).click();
    await list.getByRole("link", { name: "What is asthma?" }).waitFor({ state: "detached" });
    deepEqual([...server.sessions.keys()], ["one"]);
    await page.locator("#thread").getByText("A joint disease.").waitFor();

    await page.getByRole("button", { name: "New conversation" }).click();
    ok(await page.getByRole("heading", { name: "Ask about your health" }).isVisible());
    await ask(page, "What is anemia?");
    equal(server.sessions.size, 2);
    await list.getByRole("link", { name: "What is anemia?" }).waitFor();
    equal(await list.getByRole("link").count(), 2);
  },
);

browserTest("an address that nobody could have written is that of a new conversation", async ({ page, server }) => {
  await page.goto(`${server.url}#/%E0%A4`);
  await page.getByRole("heading", { name: "Ask about your health" }).waitFor();
  await ask(page, "What is anemia?");
  match(page.url(), new RegExp(`#/${[...server.sessions.keys()][0]}$`));
});

browserTest("deleting the conversation on show empties the page", async ({ page, server }) => {
  server.keep(EARLIER[0]);
  await page.goto(`${server.url}#/one`);
  await page.locator("#thread").getByText("A joint disease.").waitFor();
  await page.getByRole("button", { name: "Delete What is gout?" }).click();
  await page.getByRole("button", { name: "Really?" }).click();
  await page.getByRole("heading", { name: "Ask about your health" }).waitFor();
  equal(new URL(page.url()).hash, "");
});

browserTest("a conversation is exported as Markdown and as JSON", async ({ page, server }) => {
  await page.goto(server.url);
  await ask(page, "May I take ibuprofen?");
  const saved = async (kind: string) => {
    await page.locator("#export summary").click();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: kind }).click(),
    ]);
    return { name: download.suggestedFilename(), text: await Deno.readTextFile(await download.path()) };
  };
  const markdown = await saved("As Markdown");
  match(markdown.name, /^kiln-[\w-]{8}\.md$/);
  ok(markdown.text.startsWith("# May I take ibuprofen?\n\n> May I take ibuprofen?\n\nIbuprofen is best avoided"));
  match(
    markdown.text,
    /1\. NSAIDs in pregnancy \(medicine\/nsaids_in_pregnancy\.md, high risk\): Ibuprofen and naproxen/,
  );
  const { text } = await saved("As JSON");
  deepEqual(JSON.parse(text), [...server.sessions.values()][0]);
});

browserTest("an answer is rated, with a comment", async ({ page, server }) => {
  await page.goto(server.url);
  await ask(page, "May I take ibuprofen?");
  await page.getByRole("button", { name: "Not helpful" }).click();
  await page.getByLabel("What was good or bad about it?").fill("Too short");
  await page.getByRole("button", { name: "Send comment" }).click();
  await page.getByText("Thank you, noted.").waitFor();
  equal(await page.getByRole("button", { name: "Not helpful" }).getAttribute("aria-pressed"), "true");
  const [{ id: session_id, messages }] = server.sessions.values();
  const common = { session_id, message_id: messages[1].id, rating: "down" };
  deepEqual(server.sent("POST", "/feedback"), [common, { ...common, comment: "Too short" }]);
});

browserTest("[1] opens the passage with the quoted words marked, its risk and its source", async ({ page, server }) => {
  await page.goto(server.url);
  await ask(page, "May I take ibuprofen?");
  const cite = page.getByRole("button", { name: `Evidence 1: ${EVIDENCE[0].title}` });
  equal(await cite.innerText(), "[1]");
  await cite.click();
  const passage = page.locator(".passage.chosen");
  deepEqual(await passage.locator("mark").allInnerTexts(), ["avoided in pregnancy from week 20 on"]);
  equal(await passage.locator("blockquote").innerText(), EVIDENCE[0].text);
  match(await passage.innerText(), /high risk\s+medicine\/nsaids_in_pregnancy\.md\s+score 0\.90/);
  ok(await passage.evaluate((each) => each === document.activeElement), "a screen reader goes there");
  await page.keyboard.press("Escape");
  ok(await cite.evaluate((each) => each === document.activeElement), "and comes back");
  ok(!await passage.isVisible());

  await page.getByRole("button", { name: "All 3 passages found" }).click();
  equal(await page.locator(".passage").count(), 3);
  equal(await page.locator(".passage.chosen").count(), 0);
  ok(ANSWER.includes("[2]"));
});

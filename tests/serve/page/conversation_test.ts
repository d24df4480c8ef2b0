import { deepEqual, equal, match, ok } from "node:assert/strict";
import { ask, browserTest, chooseMode } from "./browser.ts";
import { ANSWER, answerMessage, DRAFT, EVIDENCE } from "./scripts.ts";
import { eventsOf } from "./scripted_server.ts";

const QUESTION = "I am 31 and pregnant, and my head aches. Can I take ibuprofen?";
const shown = ANSWER.replaceAll("\n\n", "");

browserTest("a question is answered with its stages, thinking, audit and sources", async ({ page, server }) => {
  await page.goto(server.url);
  await ask(page, QUESTION);
  equal(await page.locator(".answer").textContent(), shown);
  equal(await page.locator(".question").textContent(), `You asked: ${QUESTION}`);
  match(await page.locator(".work .now").innerText(), /^Answered in 4\.4 s$/);

  ok(!await page.locator(".thought").isVisible());
  await page.getByText("Thinking").click();
  equal(await page.locator(".thought").innerText(), "The patient is pregnant, so passage 1 matters most.");

  await page.locator(".work summary").click();
  deepEqual((await page.locator(".work li").allInnerTexts()).map((row) => row.replace(/\s+/g, " ")).slice(0, 5), [
    "Looking for signs of an emergency 3 ms",
    "Noting what you said about yourself 141 tokens 412 ms",
    "Choosing words to search for 87 tokens 186 ms",
    "Searched for ibuprofen headache pregnancy",
    "Searching the library 41 ms",
  ]);

  equal(await page.locator(".audit summary").innerText(), "Audited: 1 problem found, mended.");
  await page.locator(".audit summary").click();
  match(await page.locator(".audit").innerText(), /Not safe for you\s+You can take ibuprofen 400 mg three times a day/);
  equal(await page.locator(".before").innerText(), DRAFT);
  deepEqual(await page.locator(".sources li button").allInnerTexts(), ["NSAIDs in pregnancy", "Acetaminophen"]);
  deepEqual(server.sent("POST", "/chat"), [{ message: QUESTION, mode: "audited", model: "kiln-tiny", stream: true }]);
});

browserTest("words are shown as they come, and a draft as a draft until it is audited", async ({ page, server }) => {
  const rest = Promise.withResolvers<void>();
  server.script = () =>
    eventsOf(
      { type: "stage", stage: "draft", state: "begun" },
      { type: "text", text: "Rest" },
      { type: "text", text: " and" },
      rest.promise,
      { type: "text", text: " drink." },
      { type: "answer", outcome: "answered", message: answerMessage("Rest and drink water.") },
    );
  await page.goto(server.url);
  await page.getByLabel("Your question").fill("What helps?");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText("Rest and", { exact: true }).waitFor();
  ok(await page.locator(".answer.draft").isVisible());
  equal(await page.locator(".exchange").getAttribute("aria-busy"), "true");
  ok(await page.getByRole("button", { name: "Stop" }).isVisible());
  rest.resolve();
  await page.locator("#thread").getByText("Rest and drink water.", { exact: true }).waitFor();
  equal(await page.locator(".answer.draft").count(), 0);
  await page.getByRole("button", { name: "Send" }).waitFor();
});

for (const how of ["the Stop button", "Escape"]) {
  browserTest(`${how} ends an answer: what is written stays, and the server hears of it`, async ({ page, server }) => {
    const left = Promise.withResolvers<void>();
    server.script = async function* () {
      try {
        yield { type: "text", text: "A long answer begins" };
        // A piece now and then, as a model writes them: the server sees at the next that nobody listens.
        for (let i = 0;; i++) {
          await new Promise((resolve) => setTimeout(resolve, 5));
          yield { type: "text", text: ` ${i}` };
        }
      } finally {
        left.resolve();
      }
    };
    await page.goto(server.url);
    await page.getByLabel("Your question").fill("Tell me all");
    await page.keyboard.press("Enter");
    await page.getByText("A long answer begins").waitFor();
    if (how === "Escape") await page.keyboard.press("Escape");
    else await page.getByRole("button", { name: "Stop" }).click();
    await page.getByText("Stopped. What stands here is not a whole answer.").waitFor();
    await left.promise;
    match(await page.locator(".answer").innerText(), /^A long answer begins/);
    equal(await page.evaluate(() => document.activeElement?.id), "question");

    server.script = () => eventsOf({ type: "answer", outcome: "answered", message: answerMessage("A short one.") });
    await page.getByRole("button", { name: "Try again" }).click();
    await page.locator("#thread").getByText("A short one.").waitFor();
    equal(await page.locator(".exchange").count(), 1);
    const [session] = server.sessions.values();
    deepEqual(
      session.messages.map(({ content }) => content),
      ["Tell me all", "A short one."],
      "the stopped one is replaced",
    );
  });
}

browserTest("the conversation is still there after a reload, passages and all", async ({ page, server }) => {
  await page.goto(server.url);
  await ask(page, QUESTION);
  await ask(page, "And paracetamol?");
  const address = page.url();
  await page.reload();
  await page.locator(".exchange").nth(1).waitFor();
  equal(page.url(), address);
  deepEqual(await page.locator(".question").allTextContents(), [
    `You asked: ${QUESTION}`,
    "You asked: And paracetamol?",
  ]);
  equal(await page.locator(".answer").first().textContent(), shown);
  equal(await page.locator(".audit summary").first().innerText(), "Audited: 1 problem found, mended.");
  await page.getByRole("button", { name: `Evidence 1: ${EVIDENCE[0].title}` }).first().click();
  equal(await page.locator("mark").first().innerText(), "avoided in pregnancy from week 20 on");
  await ask(page, "Thank you");
  equal([...server.sessions.values()][0].messages.length, 6, "it goes on in the same session");
});

browserTest("the last question can be edited, and takes its answer back", async ({ page, server }) => {
  await page.goto(server.url);
  await ask(page, "What is gout?");
  await ask(page, "What is anemia?");
  await page.keyboard.press("ArrowUp");
  equal(await page.getByLabel("Your question").inputValue(), "What is anemia?");
  await page.getByLabel("Your question").fill("What is asthma?");
  await page.keyboard.press("Enter");
  await page.locator(".exchange:not([aria-busy])", { hasText: "What is asthma?" }).waitFor();
  deepEqual(await page.locator(".question").allTextContents(), [
    "You asked: What is gout?",
    "You asked: What is asthma?",
  ]);
  const [session] = server.sessions.values();
  deepEqual(session.messages.filter(({ role }) => role === "user").map(({ content }) => content), [
    "What is gout?",
    "What is asthma?",
  ]);
  equal(await page.getByRole("button", { name: "Try again" }).count(), 1, "the last alone is tried again");
});

browserTest("mode and model are chosen, sent, and kept for the next visit", async ({ page, server }) => {
  server.models.push({ id: "kiln-embed", kind: "embedder" });
  await page.goto(server.url);
  await chooseMode(page, "Direct");
  await page.getByLabel("Model").selectOption("medical");
  deepEqual(await page.getByLabel("Model").locator("option").allInnerTexts(), ["kiln-tiny", "medical (adapter)"]);
  await ask(page, QUESTION);
  equal(await page.locator(".sources").count(), 0);
  await page.reload();
  await chooseMode(page, "Evidence");
  await page.reload();
  await ask(page, "Again");
  deepEqual(server.sent("POST", "/chat").map(({ mode, model }) => ({ mode, model })), [
    { mode: "direct", model: "medical" },
    { mode: "evidence", model: "medical" },
  ]);
});

browserTest(
  "an emergency cannot be overlooked: an alert, numbers to call, and nothing that hides it",
  async ({ page, server }) => {
    await page.goto(server.url);
    for (let i = 0; i < 3; i++) await ask(page, QUESTION);
    await ask(page, "My chest hurts and my arm is numb");
    const alert = page.getByRole("alert");
    match(await alert.innerText(), /^This may be an emergency\s+Call 112\s+Call 911\s+Chest pain/);
    match(await alert.innerText(), /Sit down, and do not drive yourself\.$/);
    equal(await alert.getByRole("link", { name: "Call 112" }).getAttribute("href"), "tel:112");
    const isSeen = () =>
      alert.evaluate((box) => {
        const { left, top, bottom } = box.getBoundingClientRect();
        return [top + 30, bottom - 30].every((y) => box.contains(document.elementFromPoint(left + 30, y)));
      });
    ok(await isSeen());
    await page.reload();
    await alert.waitFor();
    ok(await isSeen());
  },
);

browserTest("an answer that the auditor withheld or could not see says so", async ({ page, server }) => {
  await page.goto(server.url);
  const problems = [{ kind: "dosing", quote: "take 400 mg" }];
  const cases = [
    {
      outcome: "withheld",
      critique: { verdict: "revise", problems },
      words: "Audited: 1 problem found, answer withheld.",
    },
    {
      outcome: "answered",
      critique: { verdict: "unchecked", problems: [] },
      words: "Not audited: the auditor gave no verdict. Rely on it less.",
    },
    {
      outcome: "answered",
      critique: { verdict: "pass", problems: [] },
      words: "Audited: nothing found, the draft was kept.",
    },
  ] as const;
  for (const { outcome, critique, words } of cases) {
    server.script = () =>
      eventsOf({ type: "answer", outcome, message: answerMessage("Ask a doctor.", { outcome, critique }) });
    await ask(page, "May I take it?");
    match(await page.locator(".exchange").last().locator(".audit").innerText(), new RegExp(words));
  }
});

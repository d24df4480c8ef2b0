import { deepEqual, equal, match, ok } from "node:assert/strict";
import { ServerError } from "../../../lib/serve/page/api.js";
import { failureOf } from "../../../lib/serve/page/failure.js";
import { ask, browserTest } from "./browser.ts";
import { answerMessage } from "./scripts.ts";
import { eventsOf, refusal } from "./scripted_server.ts";

const onChat = (response: () => Response) => (request: Request) =>
  new URL(request.url).pathname === "/chat" ? response() : null;

browserTest("a 401 asks for the token once, says when it is refused, and goes on", async ({ page, server }) => {
  server.token = "right";
  await page.goto(server.url);
  const dialog = page.getByRole("dialog", { name: "This server asks for a token" });
  await dialog.getByLabel("Token").fill("wrong");
  await page.keyboard.press("Enter");
  await dialog.getByText("The token was refused.").waitFor();
  await dialog.getByLabel("Token").fill("right");
  await dialog.getByRole("button", { name: "Use it" }).click();
  await dialog.waitFor({ state: "hidden" });
  await page.getByLabel("Model").waitFor();
  await ask(page, "What is gout?");
  await page.reload();
  await page.locator(".answer").waitFor();
  equal(await dialog.isVisible(), false, "kept while the tab is open");
  equal(await page.evaluate(() => JSON.stringify(localStorage).includes("right")), false);
});

browserTest("who has no token reads what to do", async ({ page, server }) => {
  await page.goto(server.url, { waitUntil: "networkidle" });
  server.token = "right";
  await page.getByLabel("Your question").fill("What is gout?");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Cancel" }).click();
  const advice = "The server wants a token. Ask whoever started it for one, then try again.";
  await page.locator("#thread").getByText(advice).waitFor();
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.locator("#thread").getByText(advice).waitFor();
  equal(await page.getByRole("dialog").count(), 0, "what the page reads by itself does not ask again");
});

browserTest("a busy server is waited for, and the question is kept", async ({ page, server }) => {
  await page.goto(server.url);
  server.refuse = onChat(() => refusal(429, "the queue is full", { "retry-after": "1" }));
  await ask(page, "What is gout?");
  match(await page.locator(".failure").last().innerText(), /The server is busy\. It asks you to wait 1 s\./);
  ok(await page.getByRole("button", { name: /^Try again in/ }).isDisabled());
  server.refuse = () => null;
  await page.getByRole("button", { name: "Try again", exact: true }).click();
  await page.locator(".answer", { hasText: "Ibuprofen" }).waitFor();
  equal(await page.locator(".exchange").count(), 1);
});

browserTest(
  "an error in the middle of an answer keeps what is written and offers another try",
  async ({ page, server }) => {
    await page.goto(server.url);
    const seen = Promise.withResolvers<void>();
    server.script = async function* () {
      yield* eventsOf({ type: "text", text: "It is a" }, seen.promise);
      throw new Error("broken");
    };
    await page.getByLabel("Your question").fill("What is gout?");
    await page.keyboard.press("Enter");
    await page.getByText("It is a").waitFor();
    seen.resolve();
    await page.locator(".exchange:not([aria-busy])").waitFor();
    match(
      await page.locator(".failure").last().innerText(),
      /The connection broke off\.\s+Look whether the server still runs/,
    );
    equal(await page.locator(".answer").innerText(), "It is a");
    server.script = () => eventsOf({ type: "answer", outcome: "answered", message: answerMessage("A joint disease.") });
    await page.getByRole("button", { name: "Try again" }).click();
    await page.locator("#thread").getByText("A joint disease.").waitFor();
    deepEqual([...server.sessions.values()][0].messages.map(({ content }) => content), [
      "What is gout?",
      "A joint disease.",
    ]);
  },
);

browserTest("an answer that ends before its end is no answer", async ({ page, server }) => {
  await page.goto(server.url);
  server.script = () => eventsOf({ type: "stage", stage: "draft", state: "begun" });
  await ask(page, "What is gout?");
  match(await page.locator(".failure").last().innerText(), /The connection broke off\./);
});

browserTest("an error that the server tells is shown in its words", async ({ page, server }) => {
  await page.goto(server.url);
  server.refuse = onChat(() =>
    new Response(
      'event: session\ndata: {"session_id":"s"}\n\nevent: error\ndata: {"error":{"message":"out of <b>memory</b>"}}\n\n',
    )
  );
  await ask(page, "What is gout?");
  match(
    await page.locator(".failure").last().innerText(),
    /Something went wrong\..*The server says: out of <b>memory<\/b>/,
  );
});

browserTest("a server that is gone is named, and the question is not lost", async ({ page, server }) => {
  await page.goto(server.url);
  await page.getByRole("button", { name: "Memory" }).click();
  await page.route("**/chat", (route) => route.abort());
  await ask(page, "What is gout?");
  match(
    await page.locator(".failure").last().innerText(),
    /The server did not answer\.\s+Look whether the server still runs \(deno task serve\)/,
  );
  await page.getByRole("button", { name: "Edit question" }).click();
  equal(await page.getByLabel("Your question").inputValue(), "What is gout?");
});

browserTest("a conversation that is no longer there says so", async ({ page, server }) => {
  await page.goto(`${server.url}#/gone`);
  await page.locator("#trouble").getByText("This conversation is no longer there.").waitFor();
});

Deno.test("failureOf() says for each kind of failure what can be done", () => {
  const titles = [0, 400, 401, 403, 404, 409, 413, 429, 500, 503].map((status) => {
    const { title, advice, canRetry } = failureOf(new ServerError("words", { status }), { isOnline: true });
    ok(advice.length > 20, String(status));
    return `${status} ${title} ${canRetry}`;
  });
  deepEqual(titles, [
    "0 words. true",
    "400 The server refused this. true",
    "401 The server wants a token. true",
    "403 The server refused this. true",
    "404 This conversation is no longer there. false",
    "409 The server is busy. true",
    "413 This is too long. false",
    "429 The server is busy. true",
    "500 Something went wrong. true",
    "503 The server is busy. true",
  ]);
  equal(failureOf(new ServerError("words"), { isOnline: false }).title, "You are offline.");
  equal(failureOf(new TypeError("x is undefined"), { isOnline: true }).title, "The page itself failed.");
});

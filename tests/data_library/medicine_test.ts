import assert from "node:assert/strict";
import { readLibraryArticles, readLibraryQuestions, sentencesOf, testLibrary } from "./library_checks.ts";

const CLOSING = "Written for Kiln's examples. Not medical advice.";

testLibrary({
  topic: "medicine",
  articles: 105,
  closing: CLOSING,
  questions: { keyword: 20, paraphrase: 18, "two-articles": 8, unanswerable: 6 },
});

Deno.test("the medicine articles consist of sentences of 8 to 18 words that end in a full stop", async () => {
  for (const article of await readLibraryArticles("medicine")) {
    const paragraphs = article.paragraphs.filter((paragraph) => paragraph !== CLOSING);
    for (const sentence of sentencesOf({ ...article, paragraphs })) {
      const words = sentence.split(" ").length;
      assert.ok(words >= 8 && words <= 18 && sentence.endsWith("."), `${article.slug}: ${words} words: '${sentence}'`);
    }
  }
});

Deno.test("the medicine questions with one article have answers that are words of their quotes", async () => {
  for (const row of await readLibraryQuestions("medicine")) {
    if (row.kind !== "keyword" && row.kind !== "paraphrase") continue;
    assert.ok(row.quote.includes(row.answer), `${row.id}: '${row.answer}' in '${row.quote}'`);
  }
});

Deno.test("the medicine questions quote sentences that stand in one article only", async () => {
  const articles = await readLibraryArticles("medicine");
  for (const row of await readLibraryQuestions("medicine")) {
    if (row.kind === "unanswerable") continue;
    for (const quote of row.kind === "two-articles" ? [row.quote, row.quote2] : [row.quote]) {
      const holders = articles.filter(({ paragraphs }) => paragraphs.some((text) => text.includes(quote)));
      assert.equal(holders.length, 1, `${row.id}: '${quote}' stands in ${holders.map(({ slug }) => slug).join(", ")}`);
    }
  }
});

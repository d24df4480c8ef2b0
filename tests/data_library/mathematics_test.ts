import assert from "node:assert/strict";
import { readLibraryQuestions, testLibrary } from "./library_checks.ts";

testLibrary({
  topic: "mathematics",
  articles: 95,
  questions: { keyword: 18, paraphrase: 17, "two-articles": 8, unanswerable: 5 },
});

Deno.test("the mathematics questions with one article have answers that are words of their quotes", async () => {
  for (const row of await readLibraryQuestions("mathematics")) {
    if (row.kind !== "keyword" && row.kind !== "paraphrase") continue;
    assert.ok(row.quote.includes(row.answer), `${row.id}: '${row.answer}' in '${row.quote}'`);
  }
});

/** The labelled questions are held out: nothing that an encoder is trained on may hold their wording. */
import assert from "node:assert/strict";
import { libraryPairSources, PAIR_SOURCES, readLibraryArticles } from "../../../lib/data/retrieval_pairs/mod.ts";
import { readLabelledQuestions } from "../../../lib/retrieval/evaluate/mod.ts";
import { ENCODER_RECIPE } from "../../../lib/train/mod.ts";

const LIBRARY = new URL("../../../data/library", import.meta.url).pathname;

/** Words in a row that make a wording. */
const ROW = 6;

/** Pairs of each sort that are looked through. */
const PAIRS = 4000;

/** Sorts that ask "What is the area of a rectangle with sides 3 and 8?" as schools do; none of their passages is of the library. */
const SCHOOL_QUESTIONS = ["topics of questions", "mathematical terms"];

const rowsOf = (text: string): string[] => {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.slice(ROW - 1).map((_, start) => words.slice(start, start + ROW).join(" "));
};

Deno.test("no training text has six words in a row of a labelled question, but for words of an article", async () => {
  const articles = await readLibraryArticles(LIBRARY);
  const shipped = new Set(
    articles.flatMap(({ sections }) =>
      sections.flatMap(({ heading, sentences }) => rowsOf(`${heading} ${sentences.join(" ")}`))
    ),
  );
  const asked = new Set<string>();
  for (const topic of ["medicine", "mathematics"]) {
    for (const { question } of await readLabelledQuestions(`${LIBRARY}/${topic}_questions.jsonl`)) {
      for (const row of rowsOf(question)) if (!shipped.has(row)) asked.add(row);
    }
  }
  assert.ok(asked.size > 300, `${asked.size} rows of words`);
  const others = PAIR_SOURCES.filter(({ kind }) => !SCHOOL_QUESTIONS.includes(kind));
  const shared = others.concat(libraryPairSources(articles)).flatMap(({ kind, pairAt }) =>
    Array.from({ length: PAIRS }, (_, index) => pairAt(index, { seed: ENCODER_RECIPE.seed }))
      .flatMap(({ query, passage }) => [query, passage])
      .filter((text) => rowsOf(text).some((row) => asked.has(row)))
      .map((text) => `${kind}: ${text}`)
  );
  assert.deepEqual(shared, []);
});

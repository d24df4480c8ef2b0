import assert from "node:assert/strict";
import { checkAnswer, evidenceFor, excerptsFor, rankSentences } from "../../../lib/retrieval/answer/mod.ts";
import { judgeOf } from "./judge.ts";
import { result } from "./passages.ts";

const ASTHMA = "Treatment\n\nAsthma is a disease of the airways. An inhaler brings relief within minutes. " +
  "Steroids calm the airways over weeks. Smoke should be avoided.";
const asthma = result(ASTHMA, { headings: ["Asthma", "Treatment"] });
const gout = result("Gout hurts. Rest helps.", { title: "Gout" });

Deno.test("rankSentences() puts the sentence first that has the question's words and place, and takes headings for none", async () => {
  const ranked = await rankSentences(
    "Which relief does an inhaler bring in asthma?",
    [gout, asthma],
    judgeOf([asthma, gout]),
  );
  const texts = ranked.map(({ result: { chunk }, start, end }) => chunk.text.slice(start, end));
  assert.equal(texts[0], "An inhaler brings relief within minutes.");
  assert.deepEqual(texts.toSorted(), [
    "An inhaler brings relief within minutes.",
    "Asthma is a disease of the airways.",
    "Gout hurts.",
    "Rest helps.",
    "Smoke should be avoided.",
    "Steroids calm the airways over weeks.",
  ]);
  // "asthma" stands in the title alone, and counts.
  assert.equal(ranked[0].coverage, 1);
  for (const { coverage, passageCoverage, relevance, cosine } of ranked) {
    assert.ok(coverage <= passageCoverage && Math.abs(relevance - coverage - passageCoverage / 2 - cosine) < 1e-12);
  }
});

Deno.test("rankSentences() gives nothing for no results, and reads a sentence that is too long below its title without it", async () => {
  assert.deepEqual(await rankSentences("What helps?", [], judgeOf([])), []);
  const judge = judgeOf([asthma]);
  const long = result("word ".repeat(40).trim() + ".", { title: "A title of many words that stand above it" });
  const counted = (text: string) => text.split(/\s+/).length;
  const embedder = {
    countTokens: counted,
    description: { ...judge.embedder.description, maxTokens: 41 },
    embedQueries: judge.embedder.embedQueries.bind(judge.embedder),
    embedPassages(passages: readonly string[]) {
      for (const passage of passages) assert.ok(counted(passage) <= 41, passage);
      return judge.embedder.embedPassages(passages);
    },
  };
  const [sentence] = await rankSentences("Which word?", [long], { ...judge, embedder });
  assert.ok(sentence.cosine > 0);
});

Deno.test("excerptsFor() keeps the sentences that matter, with offsets at which they stand in the document", async () => {
  const question = "Which relief does an inhaler bring in asthma, and what do steroids calm?";
  const excerpts = await excerptsFor(question, [gout, asthma], { ...judgeOf([asthma, gout]), maxSentences: 2 });
  // Neighbours are one excerpt.
  assert.deepEqual(excerpts.map(({ chunk }) => chunk.text), [
    "An inhaler brings relief within minutes. Steroids calm the airways over weeks.",
  ]);
  const [{ chunk }] = excerpts;
  assert.equal(ASTHMA.slice(chunk.start - asthma.chunk.start, chunk.end - asthma.chunk.start), chunk.text);
  assert.deepEqual([chunk.source, chunk.title], [asthma.chunk.source, asthma.chunk.title]);
  assert.notEqual(chunk.id, asthma.chunk.id);

  const evidence = evidenceFor(excerpts, { countTokens: () => 1 });
  const quotes = [{ number: 1, words: "Steroids calm the airways" }];
  const { citations: [citation], problems } = checkAnswer(
    { text: "Steroids help [1].", quotes, isRefusal: false },
    evidence,
  );
  assert.deepEqual([citation.found, citation.isExact, problems], [true, true, []]);
  assert.equal(
    ASTHMA.slice(citation.start! - asthma.chunk.start, citation.end! - asthma.chunk.start),
    "Steroids calm the airways",
  );
});

Deno.test("excerptsFor() keeps sentences apart that are not neighbours, in the document's order, and takes one once", async () => {
  const again = result(ASTHMA.slice(11), { headings: ["Asthma"], start: asthma.chunk.start + 11, id: "overlapping" });
  const excerpts = await excerptsFor("Which disease is it in which smoke should be avoided?", [asthma, again], {
    ...judgeOf([asthma]),
    maxSentences: 2,
  });
  assert.deepEqual(excerpts.map(({ chunk }) => chunk.text), [
    "Asthma is a disease of the airways.",
    "Smoke should be avoided.",
  ]);
});

Deno.test("excerptsFor() keeps no more of a passage than asked, and refuses limits that are none", async () => {
  const options = { ...judgeOf([asthma, gout]), maxSentences: 4, maxPerPassage: 1 };
  const excerpts = await excerptsFor("What helps in asthma?", [asthma, gout], options);
  assert.deepEqual(excerpts.map(({ chunk }) => chunk.title), ["Asthma", "Gout"]);
  await assert.rejects(
    excerptsFor("?", [asthma], { ...options, maxSentences: 0 }),
    /maxSentences: expected a whole number above 0, got 0/,
  );
});

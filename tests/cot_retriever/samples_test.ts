import assert from "node:assert/strict";
import { checkSample, type RetrieverSample, retrieverSample, SAMPLE_PROBLEMS } from "../../lib/cot_retriever/mod.ts";
import { readSamples, sampleStatistics, writeSamples } from "../../lib/cot_retriever/mod.ts";
import { inFolder } from "../support/in_folder.ts";
import { goodSample, tokenizer } from "./fixtures.ts";

/** A row with one thing changed. */
function changed(change: (sample: RetrieverSample) => void): RetrieverSample {
  const sample = goodSample();
  change(sample);
  return sample;
}

/** Replaces a text in what was written in a part. */
const rewrite = (part: number, from: string | RegExp, to: string) => (sample: RetrieverSample) => {
  const { written } = sample.parts[part] as { written: string };
  const rewritten = written.replace(from, to);
  assert.notEqual(rewritten, written);
  sample.parts[part] = { written: rewritten };
};

Deno.test("checkSample() finds nothing wrong with a good row, and names each thing that can be wrong", () => {
  assert.equal(checkSample(goodSample()), null);
  assert.deepEqual(retrieverSample.parse(goodSample()), goodSample());
  const wrong: [string, string, (sample: RetrieverSample) => void][] = [
    ["grammar", "expected <think>", rewrite(0, "<think>\n", "")],
    ["grammar", "a plan and a line <query>", rewrite(0, "</query>", "")],
    ["grammar", "a plan and a line <query>", rewrite(0, "I need to find who founded Velmona.\n", "")],
    ["grammar", "a tag stands where", rewrite(2, "a.org/1 and", "<query>a.org/1 and")],
    ["grammar", "a tag stands in the analysis", rewrite(4, "b.net/1,", "</query>b.net/1,")],
    ["grammar", "</think> stands 2 times", rewrite(4, "b.net/1,", "</think>b.net/1,")],
    ["grammar", "is empty", rewrite(4, /^[^]*?\n/, "\n")],
    ["grammar", "by turns", (sample) => sample.parts.pop()],
    ["grammar", "nothing was searched", (sample) => sample.parts.splice(0, 4)],
    ["grammar", "no JSON", rewrite(4, '"Dalham",', '"Dalham"')],
    ["wrongAnswer", 'expected "Dalham"', rewrite(4, '"answer":"Dalham"', '"answer":"Orna"')],
    ["notFound", "rests on no page", rewrite(4, /"used":\[.*\]/, '"used":[]')],
    ["notFound", "c.com/7 was not found", rewrite(4, '"b.net/1"', '"c.com/7"')],
    ["notFound", "c.com/7 was not found", rewrite(2, "Now her", "c.com/7 says it. Now her")],
    ["notInPages", 'says "Dalham"', rewrite(4, /"used":\[.*\]/, '"used":["a.org/1"]')],
    ["usedNoise", "a.org/3", rewrite(4, '"a.org/2"', '"a.org/2","a.org/3"')],
    ["unnamedNoise", "a.org/4", rewrite(2, " a.org/4 is an advertisement: noise.", "")],
    ["fewPages", "found 3 pages", (sample) => (sample.parts[1] as { found: unknown[] }).found.pop()],
    ["pageTwice", "twice", (sample) => sample.parts[3] = { found: (sample.parts[1] as { found: [] }).found }],
  ];
  for (const [problem, message, change] of wrong) {
    const found = checkSample(changed(change));
    assert.equal(found?.problem, problem, `${message}: ${found?.message}`);
    assert.ok(found.message.includes(message), `${found.message}: expected ${message}`);
  }
  assert.deepEqual(new Set(wrong.map(([problem]) => problem)), new Set(SAMPLE_PROBLEMS));
});

Deno.test("checkSample() does not ask pages for yes and no, nor for what the question names", () => {
  const closed = changed((sample) => {
    sample.answer = "yes";
    rewrite(4, '"answer":"Dalham"', '"answer":"Yes"')(sample);
  });
  assert.equal(checkSample(closed), null);
  const named = changed((sample) => {
    sample.question = "Which is older, Orna or Bel?";
    sample.answer = "Bel";
    rewrite(4, '"answer":"Dalham"', '"answer":"Bel"')(sample);
  });
  assert.equal(checkSample(named), null);
  const unjudged = changed((sample) => {
    sample.noise = null;
    rewrite(4, '"a.org/2"', '"a.org/2","a.org/3"')(sample);
  });
  assert.equal(checkSample(unjudged), null);
});

Deno.test("writeSamples() writes rows and a card with their numbers, which readSamples() reads back", () =>
  inFolder(async (folder) => {
    const rows = [goodSample(), { ...goodSample(), id: "q2", writer: "some-model" }];
    const card = { origin: "Made for a test.", dropped: { wrongAnswer: 3, grammar: 0 } };
    const statistics = await writeSamples(`${folder}/rows`, rows, card, tokenizer);
    assert.deepEqual(await readSamples(`${folder}/rows/samples.jsonl`), rows);
    assert.deepEqual(statistics, sampleStatistics(rows, tokenizer));
    const { searchesPerRow, pagesPerSearch, noiseShare, rowsWithNoise, writers, tokens } = statistics;
    assert.deepEqual([searchesPerRow, pagesPerSearch, noiseShare, rowsWithNoise], [2, 4, 3 / 8, 1]);
    assert.deepEqual(writers, { generator: 1, "some-model": 1 });
    const text = await Deno.readTextFile(`${folder}/rows/README.md`);
    for (const part of ["Made for a test.", "| dropped | 3 wrongAnswer |", "37.5%", "terms"]) {
      assert.ok(text.includes(part), part);
    }
    assert.ok(tokens.found > 200 && tokens.learned > 60 && tokens.mean > tokens.found + tokens.learned);
    assert.throws(() => sampleStatistics([], tokenizer), /no rows/);
    await Deno.writeTextFile(`${folder}/rows/samples.jsonl`, '{"id":"q"}\n');
    await assert.rejects(readSamples(`${folder}/rows/samples.jsonl`), /samples\.jsonl, line 1: question/);
  }));

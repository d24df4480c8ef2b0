import assert from "node:assert/strict";
import fc from "fast-check";
import type { GeneratedExample } from "../../../lib/data/corpora/corpus.ts";
import { parseResults, QUERY_TAGS_PROMPT, queryTagsCorpus } from "../../../lib/data/corpora/query_tags.ts";
import type { SearchResult } from "../../../lib/data/multi_hop/mod.ts";

const COUNT = 1200;
const train = Array.from({ length: COUNT }, (_, index) => queryTagsCorpus.exampleAt(index));
const test = Array.from({ length: 400 }, (_, index) => queryTagsCorpus.exampleAt(index, { split: "test" }));
const all = [...train, ...test];

const turnOf = ({ messages }: GeneratedExample) => String(messages.at(-1)!.content);
const isPoor = ({ kind }: GeneratedExample) => kind.endsWith(", poor");
const searchesOf = (turn: string): SearchResult[][] =>
  Array.from(turn.matchAll(/<query_res>\n([^]*?)\n<\/query_res>/g), (match) => JSON.parse(match[1]));
const queries = all.flatMap(({ cases }) => cases.filter(({ stop }) => stop !== undefined));
const outcomes = all.map(({ cases }) => cases.at(-1)!);

Deno.test("queryTagsCorpus gives the same example for the same index, seed and split", () => {
  assert.deepEqual(queryTagsCorpus.exampleAt(9).messages, train[9].messages);
  assert.notDeepEqual(queryTagsCorpus.exampleAt(9, { seed: 1 }).messages, train[9].messages);
});

Deno.test("queryTagsCorpus writes short turns of searches between tags and an outcome in JSON", () => {
  let [results, searches] = [0, 0];
  for (const example of all) {
    assert.ok(example.messages.reduce((length, { content }) => length + content!.length, 0) <= 1500);
    assert.deepEqual(example.messages.map(({ role }) => role), ["system", "user", "assistant"]);
    assert.equal(example.messages[0].content, QUERY_TAGS_PROMPT);
    const turn = turnOf(example);
    assert.match(
      turn,
      /^<think>\n(?:[^<>]+\n<query>[^<>\n]+<\/query>\n<query_res>\n[^<>]+\n<\/query_res>\n){1,2}[^<>]+\n<\/think>\n<results>\n.+\n<\/results>$/,
    );
    const parsed = parseResults(turn);
    assert.ok("results" in parsed, turn);
    const found = searchesOf(turn);
    const urls = found.flat().map(({ metadata }) => metadata.url);
    for (const url of parsed.results.used) assert.ok(urls.includes(url), turn);
    results += urls.length;
    searches += found.length;
    if (found.length === 1) assert.ok(urls.length >= 3, turn);
  }
  assert.ok(results / searches > 2.3);
});

Deno.test("queryTagsCorpus names noise and leaves it out, but for a quarter of the training texts", () => {
  const poor = train.filter(isPoor).length;
  assert.ok(poor > 0.19 * COUNT && poor < 0.31 * COUNT, `${poor}`);
  assert.ok(!test.some(isPoor));
  let [noisy, all] = [0, 0];
  for (const example of [...train, ...test]) {
    const turn = turnOf(example);
    const parsed = parseResults(turn);
    assert.ok("results" in parsed);
    const urls = searchesOf(turn).flat().map(({ metadata }) => metadata.url);
    if (isPoor(example)) {
      assert.equal(example.cases.at(-1)!.grade(turn.slice(example.cases.at(-1)!.prefill!.length)).vetted, 0, turn);
      continue;
    }
    for (const url of urls) {
      const isNamed = new RegExp(`${url.replace(".", "\\.")} [^.]+: noise\\.`).test(turn);
      assert.equal(parsed.results.used.includes(url), !isNamed, turn);
      all++;
      if (isNamed) noisy++;
    }
  }
  assert.ok(noisy / all > 0.1 && noisy / all < 0.2, `${noisy} of ${all}`);
});

Deno.test("queryTagsCorpus asks for each query and for the outcome, from the turn so far", () => {
  for (const { cases, messages } of test) {
    const turn = String(messages.at(-1)!.content);
    assert.equal(cases.length, searchesOf(turn).length + 1);
    for (const { prefill, reference, stop } of cases) assert.ok(turn.startsWith(prefill! + reference + (stop ?? "")));
    assert.equal(cases[0].prefill, "<think>\n");
    assert.ok(cases.at(-1)!.prefill!.endsWith("</query_res>\n"));
    for (const asked of cases) assert.equal(asked.messages.length, 2);
  }
});

Deno.test("queryTagsCorpus grades its references with ones", () => {
  for (const asked of queries) assert.deepEqual(asked.grade(asked.reference), { right_query: 1 });
  for (const asked of outcomes) {
    assert.deepEqual(asked.grade(asked.reference), { valid_results: 1, vetted: 1, right_answer: 1 });
  }
});

Deno.test("queryTagsCorpus grades wrong replies with zeros", () => {
  for (const asked of queries) {
    for (const reply of ["", "I search.\n<query>who was born in this town", asked.reference.replace("<query>", "")]) {
      assert.deepEqual(asked.grade(reply), { right_query: 0 });
    }
  }
  for (const asked of outcomes) {
    const parsed = parseResults(asked.reference);
    assert.ok("results" in parsed);
    const { answer, used } = parsed.results;
    const write = (change: Record<string, unknown>) =>
      `So it is.\n</think>\n<results>\n${JSON.stringify({ answer, used, ...change })}\n</results>`;
    assert.deepEqual(asked.grade(write({})), { valid_results: 1, vetted: 1, right_answer: 1 });
    assert.deepEqual(asked.grade(write({ used: used.toReversed() })).vetted, 1);
    assert.equal(asked.grade(write({ used: used.slice(1) })).vetted, 0);
    assert.equal(asked.grade(write({ used: [...used, "velmona.org/1"] })).vetted, 0);
    assert.equal(asked.grade(write({ used: [...used.slice(1), used[1] ?? "x"] })).vetted, 0);
    assert.equal(asked.grade(write({ answer: `${answer} too` })).right_answer, 0);
    assert.deepEqual(asked.grade(write({ note: "" })), { valid_results: 0, vetted: 0, right_answer: 0 });
    assert.deepEqual(asked.grade(`${asked.reference}\n`), { valid_results: 0, vetted: 0, right_answer: 0 });
    assert.deepEqual(asked.grade(""), { valid_results: 0, vetted: 0, right_answer: 0 });
  }
});

Deno.test("queryTagsCorpus never throws when it grades", () => {
  const some = [...queries.slice(0, 20), ...outcomes.slice(0, 20)];
  fc.assert(fc.property(fc.constantFrom(...some), fc.string(), fc.nat(), (asked, noise, at) => {
    const place = at % (asked.reference.length + 1);
    for (const reply of [noise, asked.reference.slice(0, place) + noise + asked.reference.slice(place)]) {
      for (const value of Object.values(asked.grade(reply))) assert.ok(value === 0 || value === 1);
    }
  }));
});

Deno.test("queryTagsCorpus shares no question between the splits", () => {
  const known = new Set(train.map(({ messages }) => messages[1].content));
  for (const { messages } of test) assert.ok(!known.has(messages[1].content), String(messages[1].content));
});

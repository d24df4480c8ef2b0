import assert from "node:assert/strict";
import fc from "fast-check";
import {
  drawPages,
  openQuery,
  parseResults,
  worldAt,
  writeOutcome,
  writeSearchResults,
} from "../../../lib/data/multi_hop/mod.ts";
import { Random } from "../../../lib/random/mod.ts";

Deno.test("parseResults() reads what writeOutcome() writes, alone or after a whole turn", () => {
  const text = fc.string({ minLength: 1 }).filter((value) => !value.includes("</think>"));
  fc.assert(fc.property(text, fc.array(text), (answer, used) => {
    const end = writeOutcome({ answer, used });
    assert.deepEqual(parseResults(end), { results: { answer, used } });
    assert.deepEqual(parseResults(`<think>\nI search.\n${end}`), { results: { answer, used } });
  }));
});

Deno.test("parseResults() refuses anything else and never throws", () => {
  const good = writeOutcome({ answer: "Mia", used: ["a.org/1"] });
  const bad = [
    "",
    `${good}\n`,
    `${good} I hope so.`,
    `</think>\n${good}`,
    good.replace("</think>\n", ""),
    good.replace("</results>", ""),
    good.replace("<results>", "<results> "),
    good.replace('"answer"', '"Answer"'),
    good.replace('"Mia"', "7"),
    good.replace('"Mia"', '""'),
    good.replace('["a.org/1"]', '"a.org/1"'),
    good.replace("]}", '],"more":1}'),
    good.replace("}", ""),
  ];
  for (const text of bad) assert.ok("problem" in parseResults(text), text);
  fc.assert(fc.property(fc.string(), (text) => assert.ok("problem" in parseResults(text))));
  fc.assert(fc.property(fc.json(), (json) => {
    const parsed = parseResults(`</think>\n<results>\n${json}\n</results>`);
    assert.ok("results" in parsed !== "problem" in parsed);
  }));
});

Deno.test("openQuery() takes the query of a reply that stopped at its end", () => {
  assert.equal(openQuery("I need it.\n<query>who founded Velmona"), "who founded Velmona");
  for (
    const text of [
      "",
      "<query>who",
      "I need it.",
      "I need it.\n<query>",
      "I need it.\n<query> ",
      "I need it.\n<query>who</query>",
      "I need it.\n<query>who\nmore",
      "I need it.\n<query_res>[]</query_res>\n<query>who",
      "a\n<query>b\n<query>c",
    ]
  ) assert.equal(openQuery(text), null, text);
});

Deno.test("drawPages() gives pages that say it, and 15 to 20 percent noise with its reason", () => {
  let [pages, noisy] = [0, 0];
  const reasons = new Set<string>();
  for (let index = 0; index < 500; index++) {
    const { documents, questions } = worldAt(index);
    const random = new Random(index);
    for (const hop of questions[0].hops) {
      const found = drawPages(random, hop, documents, 4);
      assert.equal(found.length, 4);
      assert.equal(new Set(found.map(({ result }) => result.metadata.url)).size, 4, "addresses differ");
      for (const { result, noise, wrong } of found) {
        pages++;
        const { content, metadata, distance } = result;
        assert.ok(content.split(" ").length <= 14, content);
        assert.match(metadata.date, /^(?:19|20)\d\d-[01]\d-[0-2]\d$/);
        assert.match(metadata.url, /^[a-z]+\.[a-z]+\/\d+$/);
        assert.ok(distance >= 0.1 && distance <= 0.5);
        if (noise === null) {
          assert.ok(content.includes(hop.subject) && content.includes(hop.answer), content);
          continue;
        }
        noisy++;
        reasons.add(noise.split(" ").slice(0, 2).join(" "));
        if (wrong !== null) assert.ok(wrong !== hop.answer && content.includes(wrong), content);
      }
      const distances = found.map(({ result }) => result.distance);
      assert.deepEqual(distances, distances.toSorted((one, other) => one - other));
    }
  }
  assert.ok(noisy / pages > 0.15 && noisy / pages < 0.2, `${noisy} of ${pages}`);
  assert.deepEqual([...reasons].sort(), ["does not", "is about", "is an", "is old,"]);
});

Deno.test("writeSearchResults() is a JSON list between its tags", () => {
  const { documents, questions } = worldAt(0);
  const results = drawPages(new Random(0), questions[0].hops[0], documents, 3).map(({ result }) => result);
  const match = /^<query_res>\n([^]*)\n<\/query_res>$/.exec(writeSearchResults(results))!;
  assert.deepEqual(JSON.parse(match[1]), results);
});

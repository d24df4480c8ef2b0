import assert from "node:assert/strict";
import fc from "fast-check";
import { libraryArticle, libraryPairSources, readLibraryArticles } from "../../../lib/data/retrieval_pairs/mod.ts";

const LIBRARY = new URL("../../../data/library", import.meta.url).pathname;
const articles = await readLibraryArticles(LIBRARY);
const sources = libraryPairSources(articles);

Deno.test("readLibraryArticles() reads every article of both topics, with whole sentences", () => {
  const count = (topic: string) => articles.filter((article) => article.topic === topic).length;
  assert.deepEqual([count("medicine"), count("mathematics")], [105, 95]);
  for (const { title, sections } of articles) {
    assert.ok(title.length > 1 && sections.length > 0, title);
    for (const { heading, sentences } of sections) {
      assert.doesNotMatch(heading, /[#\n]/);
      for (const sentence of sentences) {
        assert.doesNotMatch(sentence, /\n| {2}|^_|Written for/, `${title}: ${sentence}`);
      }
    }
  }
});

Deno.test("libraryArticle() names the file and what it expected where something is missing", () => {
  const head = "---\ntitle: Tides\ntopic: medicine\n---\n";
  assert.deepEqual(libraryArticle(`${head}\n## Cause\n\nThe moon\npulls. It turns.\n\n_By us._\n`, "tides.md"), {
    title: "Tides",
    topic: "medicine",
    sections: [{ heading: "Cause", sentences: ["The moon pulls.", "It turns."] }],
  });
  assert.throws(() => libraryArticle("## Cause\n\nThe moon.\n", "tides.md"), /tides\.md: expected lines of title/);
  assert.throws(() => libraryArticle(head.replace("medicine", "weather"), "tides.md"), /tides\.md: .*topic/);
  assert.throws(() => libraryArticle(`${head}The moon pulls.\n`, "tides.md"), /tides\.md: expected sections/);
  assert.throws(
    () => libraryArticle(`${head}## Cause\n\n## End\n\nNow.\n`, "tides.md"),
    /tides\.md: expected sections/,
  );
});

for (const { kind, pairAt } of sources) {
  Deno.test(`pairs of ${kind} are whole texts, and the same again`, () => {
    fc.assert(
      fc.property(
        fc.nat(100_000),
        fc.constantFrom("train" as const, "test" as const),
        fc.nat(5),
        (index, split, seed) => {
          const pair = pairAt(index, { seed, split });
          assert.deepEqual(pairAt(index, { seed, split }), pair);
          for (const text of [pair.query, pair.passage]) {
            assert.equal(text, text.trim());
            assert.ok(text.length > 0 && text.length < 2000, text);
            assert.doesNotMatch(text, /\bundefined\b|\$(?!\d)| {2}/);
          }
          assert.notEqual(pair.query, pair.passage);
        },
      ),
      { numRuns: 200 },
    );
  });
}

Deno.test("sentences that are held out are no queries in training", () => {
  for (const { kind, pairAt } of sources) {
    const drawn = (split: "train" | "test") =>
      Array.from({ length: 1500 }, (_, index) => pairAt(index, { split })).map(({ query, passage }) =>
        `${query}\n${passage}`
      );
    const train = new Set(drawn("train"));
    assert.deepEqual(drawn("test").filter((pair) => train.has(pair)), [], kind);
  }
});

Deno.test("every article is asked for in words that its text does not have", () => {
  const words = (text: string): string[] => text.toLowerCase().match(/[a-z]{4,}/g) ?? [];
  for (const topic of ["medicine", "mathematics"]) {
    const { pairAt } = sources.find(({ kind }) => kind === `subjects of ${topic}`)!;
    const foreign = new Set<string>();
    for (let index = 0; index < 6000; index++) {
      const { query, passage } = pairAt(index);
      const text = new Set(words(passage));
      if (words(query).some((word) => !text.has(word))) foreign.add(passage.split("\n")[0]);
    }
    assert.equal(foreign.size, articles.filter((article) => article.topic === topic).length);
  }
});

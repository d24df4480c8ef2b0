import assert from "node:assert/strict";
import {
  checkSample,
  foundIn,
  ingestPages,
  isFailedSearch,
  pageCollection,
  pagesByUrl,
  pageTableRetriever,
  saysHop,
  whyNoise,
  worldSamples,
} from "../../lib/cot_retriever/mod.ts";
import { openTable, type PassageTable } from "../../lib/retrieval/store/mod.ts";
import { HashingEmbedder } from "../support/hashing_embedder.ts";
import { PAGES, QUESTION, resultOf } from "./fixtures.ts";

const SMALL = { seed: 3, trainWorlds: 12, testWorlds: 5 };

async function withPages(
  pages: Parameters<typeof ingestPages>[1],
  run: (table: PassageTable) => Promise<void>,
): Promise<void> {
  const table = await openTable({ uri: "memory://", name: "pages", embedder: new HashingEmbedder({ maxTokens: 128 }) });
  try {
    await ingestPages(table, pages);
    await run(table);
  } finally {
    table.close();
  }
}

Deno.test("pageCollection() has several pages for each thing to know, noise of every sort, and no address twice", () => {
  const { pages, train, test } = pageCollection({ ...SMALL, trainWorlds: 60 });
  assert.equal(new Set(pages.map(({ url }) => url)).size, pages.length);
  const hops = [...train, ...test].flatMap(({ hops }) => hops);
  const reasons = new Set<string>();
  const bySubject = Map.groupBy(pages, ({ subject }) => subject);
  for (const hop of hops) {
    const about = bySubject.get(hop.subject)!;
    const right = about.filter((page) => saysHop(page, hop));
    assert.ok(right.length >= 3, `${hop.subject}, ${hop.relation}: ${right.length} pages`);
    // Noise about the same thing never gives the right answer in its place.
    for (const page of about) {
      assert.equal(whyNoise(page, hop) === null, saysHop(page, hop));
      if (page.isOutdated && page.relation === hop.relation) assert.notEqual(page.value, hop.answer);
      if (!saysHop(page, hop)) reasons.add(whyNoise(page, hop)!.split(" ").slice(0, 2).join(" "));
    }
  }
  const first = hops[0];
  for (const page of pages) if (page.subject !== first.subject) assert.match(whyNoise(page, first)!, /^is a/);
  assert.deepEqual([...reasons].sort(), ["does not", "is an", "is old,"]);
});

Deno.test("pageCollection() keeps held-out questions apart and as they are, however many others there are", () => {
  const few = pageCollection(SMALL);
  const many = pageCollection({ ...SMALL, trainWorlds: 20 });
  assert.deepEqual(few.test, many.test);
  const texts = (questions: typeof few.test) => questions.map(({ question }) => question.toLowerCase());
  assert.equal(new Set([...texts(many.train), ...texts(many.test)]).size, many.train.length + many.test.length);
  assert.ok(many.train.every(({ hops }) => hops.length <= 2));
  assert.deepEqual(pageCollection(SMALL), few);
  assert.notDeepEqual(pageCollection({ ...SMALL, seed: 4 }).pages, few.pages);
  assert.throws(() => pageCollection({ maxHops: 0 }), /maxHops: expected a whole number above 0/);
  assert.throws(() => pageCollection({ trainWorlds: -1 }), /trainWorlds: expected a whole number/);
});

Deno.test("pageTableRetriever() finds pages with publisher, date and distance in LanceDB, and none that is excluded", () =>
  withPages(PAGES, async (table) => {
    for (const mode of ["hybrid", "fullText", "dense"] as const) {
      const retriever = pageTableRetriever(table, { mode });
      const exclude = ["b.net/1"];
      const found = await retriever.find([
        { query: "Velmona founded", limit: 2 },
        { query: "Mia Torvic was born", limit: 3, exclude },
        { query: "", limit: 3 },
      ]);
      assert.ok(!found.some(isFailedSearch));
      const [founders, birth, nothing] = found as Exclude<typeof found[number], { failure: string }>[];
      assert.equal(founders.length, 2);
      assert.match(founders[0].content, /Velmona/);
      assert.deepEqual({ ...founders[0].metadata, url: "" }, { publisher: "Some News", date: "2020-03-04", url: "" });
      assert.ok(
        founders.every(({ distance }, at) => distance >= (at === 0 ? 0 : founders[at - 1].distance) && distance <= 1),
      );
      if (mode === "fullText") assert.equal(founders[0].distance, 0);
      assert.ok(birth.length === 3 && birth.every(({ metadata }) => metadata.url !== "b.net/1"));
      assert.deepEqual(nothing, []);
    }
  }));

Deno.test("pageTableRetriever() tells a failed search in its place", async () => {
  let gone: PassageTable | null = null;
  await withPages(PAGES, (table) => Promise.resolve(void (gone = table)));
  const [found] = await pageTableRetriever(gone!).find([{ query: "Velmona", limit: 2 }]);
  assert.ok(isFailedSearch(found) && found.failure !== "");
});

Deno.test("worldSamples() walks right ways through the real search, naming the noise that it draws", async () => {
  const { pages, train } = pageCollection({ ...SMALL, trainWorlds: 6, testWorlds: 0 });
  await withPages(pages, async (table) => {
    const options = { retriever: pageTableRetriever(table), pages, seed: 1 };
    const { samples, leftOut } = await worldSamples(train, options);
    assert.ok(samples.length > 0.8 * train.length, `${samples.length} of ${train.length}: ${JSON.stringify(leftOut)}`);
    const byUrl = pagesByUrl(pages);
    let [drawn, noisy] = [0, 0];
    for (const sample of samples) {
      assert.equal(checkSample(sample), null);
      const question = train.find(({ id }) => id === sample.id)!;
      for (const { metadata: { url } } of foundIn(sample.parts)) {
        const isNoise = question.hops.every((hop) => !saysHop(byUrl.get(url)!, hop));
        assert.equal(sample.noise!.includes(url), isNoise, url);
        drawn++;
        if (isNoise) noisy++;
      }
    }
    assert.ok(noisy / drawn > 0.08 && noisy / drawn < 0.4, `noise ${noisy} of ${drawn}`);
    // One by one the same rows come out.
    const [alone] = (await worldSamples([train[3]], options)).samples;
    assert.deepEqual(alone, samples.find(({ id }) => id === train[3].id));
  });
});

Deno.test("worldSamples() asks again in other words where nothing helps, and leaves out what is not found or fails", async () => {
  const asked: string[] = [];
  const noise = PAGES.slice(2, 4).map((page) => resultOf(page));
  const question = { ...QUESTION, hops: [{ ...QUESTION.hops[0], queries: ["first", "second"] }], answer: "Mia Torvic" };
  const find = (helpful: string) => ({
    find(requests: readonly { query: string }[]) {
      return Promise.resolve(requests.map(({ query }) => {
        asked.push(query);
        if (query === "Bad") return { failure: "gone" };
        return query === helpful ? PAGES.slice(0, 2).map((page) => resultOf(page)) : noise;
      }));
    },
  });
  const options = { pages: PAGES, pagesPerSearch: 2 };
  const { samples } = await worldSamples([question], { ...options, retriever: find("Second") });
  assert.deepEqual(asked, ["First", "Second"]);
  assert.equal(samples[0].parts.length, 5);
  assert.deepEqual(samples[0].noise, ["a.org/3", "a.org/4"]);
  assert.deepEqual((await worldSamples([question], { ...options, retriever: find("none") })).leftOut, {
    notFound: 1,
    failed: 0,
    tooEarly: 0,
    checked: 0,
  });
  const failing = { ...question, hops: [{ ...question.hops[0], queries: ["bad"] }] };
  assert.equal((await worldSamples([failing], { ...options, retriever: find("") })).leftOut.failed, 1);
  await assert.rejects(worldSamples([], { ...options, retriever: find(""), maxSearches: 0 }), /maxSearches/);
});

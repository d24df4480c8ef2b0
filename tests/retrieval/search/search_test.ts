import assert from "node:assert/strict";
import fc from "fast-check";
import { embeddedText } from "../../../lib/retrieval/chunk/mod.ts";
import {
  minMaxFusion,
  reciprocalRankFusion,
  search,
  type SearchMode,
  type SearchResult,
} from "../../../lib/retrieval/search/mod.ts";
import { ingest, matchingPassages, nearestPassages, type PassageTable } from "../../../lib/retrieval/store/mod.ts";
import { asItems, sampleDocument, sampleDocuments, sampleText, withTable } from "../store/sample_documents.ts";
import { anyText } from "../../support/any_text.ts";

const MODES: SearchMode[] = ["dense", "fullText", "hybrid"];

function withDocuments(run: (table: PassageTable) => Promise<void>, documents = sampleDocuments(20)): Promise<void> {
  return withTable(async (table) => {
    await ingest(table, asItems(documents));
    await run(table);
  });
}

const idsOf = (results: readonly { chunk: { id: string } }[]) => results.map(({ chunk }) => chunk.id);
const QUERY = sampleText("a question", 6);

Deno.test("search() of one side gives its order, scores and ranks", () =>
  withDocuments(async (table) => {
    const [vector] = await table.embedder.embedQueries([QUERY]);
    const dense = await nearestPassages(table, vector, { limit: 5 });
    const words = await matchingPassages(table, QUERY, { limit: 5 });
    assert.deepEqual(
      await search(table, QUERY, { mode: "dense" }),
      dense.map(({ chunk, score }, at) => ({ chunk, score, parts: { dense: { score, rank: at + 1 } } })),
    );
    assert.deepEqual(
      await search(table, QUERY, { mode: "fullText" }),
      words.map(({ chunk, score }, at) => ({ chunk, score, parts: { fullText: { score, rank: at + 1 } } })),
    );
  }));

Deno.test("search() fuses both sides by default, by reciprocal rank or by min-max scores", () =>
  withDocuments(async (table) => {
    const [vector] = await table.embedder.embedQueries([QUERY]);
    const dense = await nearestPassages(table, vector, { limit: 8 });
    const words = await matchingPassages(table, QUERY, { limit: 8 });
    const lists = [dense, words].map((found) => found.map(({ chunk, score }) => ({ id: chunk.id, score })));
    const check = (results: SearchResult[], fused: Map<string, number>) => {
      const expected = [...fused].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, 6);
      assert.deepEqual(results.map(({ chunk, score }) => [chunk.id, score]), expected);
      for (const { chunk, score, parts } of results) {
        assert.equal(parts.fused, score);
        for (const [side, list] of [["dense", lists[0]], ["fullText", lists[1]]] as const) {
          const at = list.findIndex(({ id }) => id === chunk.id);
          assert.deepEqual(parts[side], at < 0 ? undefined : { score: list[at].score, rank: at + 1 });
        }
      }
    };
    const rrf = await search(table, QUERY, { k: 6, candidates: 8 });
    check(rrf, reciprocalRankFusion(lists, 60));
    assert.deepEqual(
      await search(table, QUERY, { k: 6, candidates: 8, mode: "hybrid", fusion: { kind: "rrf", k: 60 } }),
      rrf,
    );
    const [a, b] = lists;
    const fusion = { kind: "minMax", denseWeight: 0.75 } as const;
    check(
      await search(table, QUERY, { k: 6, candidates: 8, fusion }),
      minMaxFusion([{ ranking: a, weight: 0.75 }, { ranking: b, weight: 0.25 }]),
    );
    for (const denseWeight of [-1, 2, NaN]) {
      await assert.rejects(
        search(table, QUERY, { fusion: { kind: "minMax", denseWeight } }),
        /fusion.denseWeight: expected/,
      );
    }
  }));

Deno.test("search() fuses what several rewritten queries find, and the best of them is told", () =>
  withDocuments(async (table) => {
    const queries = ["one", "two", "three"].map((seed) => sampleText(seed, 4));
    const vectors = await table.embedder.embedQueries(queries);
    const found = await Promise.all(vectors.map((vector) => nearestPassages(table, vector, { limit: 50 })));
    const lists = found.map((each) => each.map(({ chunk, score }) => ({ id: chunk.id, score })));
    const asked: string[] = [];
    const rewrite = (query: string) => {
      asked.push(query);
      return Promise.resolve([queries[0], ` ${queries[1]} `, "", queries[2], queries[0]]);
    };
    const results = await search(table, "the question", { mode: "dense", rewrite });
    assert.deepEqual(asked, ["the question"]);
    const fused = reciprocalRankFusion(lists);
    for (const { chunk, score, parts } of results) {
      assert.equal(score, fused.get(chunk.id));
      const rank = Math.min(...lists.map((list) => list.findIndex(({ id }) => id === chunk.id) + 1));
      assert.equal(parts.dense?.rank, rank);
    }
    // One rewritten query is a search for it; none, for what was asked.
    const single = await search(table, "x", { rewrite: () => Promise.resolve([queries[0]]) });
    assert.deepEqual(single, await search(table, queries[0]));
    assert.deepEqual(await search(table, QUERY, { rewrite: () => Promise.resolve([" "]) }), await search(table, QUERY));
  }));

Deno.test("search() lets a side count by its weight, however many queries it has", () =>
  withDocuments(async (table) => {
    const rewrite = () => Promise.resolve([QUERY, sampleText("another", 4)]);
    const dense = await search(table, QUERY, { mode: "dense", rewrite, fusion: { kind: "minMax" }, k: 20 });
    const hybrid = await search(table, QUERY, { rewrite, fusion: { kind: "minMax", denseWeight: 1 }, k: 20 });
    for (const [at, { chunk, score }] of dense.entries()) {
      assert.equal(hybrid[at].chunk.id, chunk.id);
      assert.ok(Math.abs(hybrid[at].score - score) < 1e-12);
    }
  }));

Deno.test("search() reranks the fused pool, reading passages as the embedder did", () =>
  withDocuments(async (table) => {
    const plain = await search(table, QUERY, { k: 12 });
    let read: readonly string[] = [];
    const rerank = (query: string, passages: readonly string[]) => {
      assert.equal(query, QUERY);
      read = passages;
      return Promise.resolve(passages.map((_, at) => at % 4));
    };
    const results = await search(table, QUERY, { k: 4, rerank, rerankPool: 12 });
    assert.deepEqual(read, plain.map(({ chunk }) => embeddedText(chunk)));
    const best = plain.filter((_, at) => at % 4 === 3).map(({ chunk }) => chunk.id).sort();
    assert.deepEqual(idsOf(results).slice(0, 3), best);
    for (const { chunk, score, parts } of results) {
      assert.equal(parts.rerank, score);
      assert.equal(parts.fused, plain.find((each) => each.chunk.id === chunk.id)!.score);
    }
    assert.deepEqual(await search(table, QUERY, { k: 4, rerank: { rerank }, rerankPool: 12 }), results);
    assert.equal((await search(table, QUERY, { k: 12, rerank, rerankPool: 2 })).length, 12);
    assert.equal((await search(table, QUERY, { k: 12, rerank, floor: { rerank: 3 } })).length, 5);
    await assert.rejects(
      search(table, QUERY, { rerank: () => Promise.resolve([1]) }),
      /the reranker gave 1 scores for 20 passages/,
    );
    const nan = (_: string, passages: readonly string[]) => Promise.resolve(passages.map(() => NaN));
    await assert.rejects(search(table, QUERY, { rerank: nan }), /the reranker gave NaN/);
  }));

Deno.test("search() leaves out what is below a floor", () =>
  withDocuments(async (table) => {
    for (const mode of ["dense", "fullText"] as const) {
      const all = await search(table, QUERY, { mode, k: 20 });
      const least = all[3].score;
      const expected = all.filter(({ score }) => score >= least);
      assert.deepEqual(await search(table, QUERY, { mode, k: 20, floor: { [mode]: least } }), expected);
      assert.deepEqual(await search(table, QUERY, { mode, floor: { [mode]: 1e9 } }), []);
      // In hybrid search a side's floor takes passages from it before they are fused.
      const hybrid = await search(table, QUERY, { k: 50, floor: { [mode]: least } });
      for (const { parts } of hybrid) assert.ok(parts[mode] === undefined || parts[mode].score >= least);
      assert.equal(hybrid.filter(({ parts }) => parts[mode]).length, expected.length);
    }
    const fused = await search(table, QUERY, { k: 50 });
    const floor = { fused: fused[2].score };
    assert.deepEqual(await search(table, QUERY, { k: 50, floor }), fused.filter(({ score }) => score >= floor.fused));
    await assert.rejects(search(table, QUERY, { floor: { dense: NaN } }), /floor.dense: expected a number/);
  }));

Deno.test("search() with diversity chooses unlike passages, in the order of score", () =>
  withDocuments(
    async (table) => {
      const plain = await search(table, "lung infection", { mode: "dense", k: 3 });
      assert.deepEqual(plain.map(({ chunk }) => chunk.source.slice(0, 4)), ["same", "same", "same"]);
      const diverse = await search(table, "lung infection", { mode: "dense", k: 3, diversity: { lambda: 0.2 } });
      assert.equal(diverse.filter(({ chunk }) => chunk.source.startsWith("same")).length, 1);
      assert.deepEqual(diverse.map(({ score }) => score), diverse.map(({ score }) => score).toSorted((a, b) => b - a));
      assert.deepEqual(await search(table, "lung infection", { mode: "dense", k: 3, diversity: { lambda: 1 } }), plain);
      // Everything that there is is not chosen from.
      const all = await search(table, "lung infection", { mode: "dense", k: 50, diversity: { lambda: 0.5 } });
      assert.equal(all.length, 7);
    },
    [
      ...Array.from({ length: 5 }, (_, at) => sampleDocument(`same${at}`, ["Lung infection, cough."], { title: "T" })),
      sampleDocument("other", ["Prime numbers and infection."], { title: "T" }),
      sampleDocument("third", ["Triangles of equal lung."], { title: "T" }),
    ],
  ));

Deno.test("search() applies its filter to both sides, and refuses one that cannot be", () =>
  withDocuments(async (table) => {
    for (const mode of MODES) {
      const filter = { op: "eq", column: "topic", value: "mathematics" } as const;
      const results = await search(table, "title", { mode, filter, k: 8 });
      assert.equal(results.length, 8);
      assert.ok(results.every(({ chunk }) => chunk.metadata.topic === "mathematics"));
      const nowhere = { op: "eq", column: "nowhere", value: "x" } as const;
      await assert.rejects(
        search(table, "title", { mode, filter: nowhere }),
        /eq on "nowhere": there is no such column/,
      );
    }
  }));

Deno.test("search() of an empty query or an empty table finds nothing, and k may be above the table's size", async () => {
  await withDocuments(async (table) => {
    for (const mode of MODES) {
      for (const query of ["", "  \n"]) assert.deepEqual(await search(table, query, { mode }), []);
    }
    assert.equal((await search(table, "title", { k: 10_000 })).length, await table.countPassages());
    assert.deepEqual(await search(table, "qqqq zzzz", { mode: "fullText" }), []);
  });
  await withTable(async (table) => {
    for (const mode of MODES) {
      assert.deepEqual(await search(table, "anything", { mode, diversity: { lambda: 0.5 } }), []);
    }
    const rerank = () => Promise.reject(new Error("there is nothing to rerank"));
    assert.deepEqual(await search(table, "anything", { rerank }), []);
  });
});

Deno.test("search() takes any query, and gives the same results for the same query", () =>
  withDocuments(async (table) => {
    const query = fc.oneof(anyText({ maxLength: 30 }), fc.string({ maxLength: 30 }));
    await fc.assert(
      fc.asyncProperty(query, fc.constantFrom(...MODES), async (query, mode) => {
        const results = await search(table, query, { mode });
        assert.deepEqual(await search(table, query, { mode }), results);
        const scores = results.map(({ score }) => score);
        assert.deepEqual(scores, scores.toSorted((a, b) => b - a));
        assert.equal(new Set(idsOf(results)).size, results.length);
      }),
      { numRuns: 20 },
    );
  }));

Deno.test("search() refuses options that cannot be, and stops when aborted", () =>
  withDocuments(async (table) => {
    for (const k of [0, -1, 1.5, NaN]) {
      await assert.rejects(search(table, "x", { k }), /k: expected a whole number above 0/);
    }
    await assert.rejects(search(table, "x", { candidates: 0 }), /candidates: expected a whole number above 0/);
    await assert.rejects(
      search(table, "x", { mode: "sparse" as SearchMode }),
      /mode: expected one of dense, fullText, hybrid/,
    );
    const controller = new AbortController();
    const rerank = (_: string, passages: readonly string[]) => {
      controller.abort(new Error("enough"));
      return Promise.resolve(passages.map(() => 1));
    };
    await assert.rejects(search(table, "title", { rerank, signal: controller.signal }), /enough/);
    await assert.rejects(search(table, "title", { signal: controller.signal }), /enough/);
  }));

import assert from "node:assert/strict";
import { findForEach, isFailure, type PassageRetriever } from "../../lib/r3/mod.ts";
import { listRetriever } from "./fixtures.ts";

Deno.test("findForEach() asks once for all, and not at all for what wants nothing", async () => {
  const { retriever, calls } = listRetriever();
  const found = await findForEach(retriever, [
    { query: "river Selma", limit: 1 },
    { query: "Velmona", limit: 0 },
    { query: " ", limit: 2 },
    { query: "Velmona", limit: 2, exclude: ["velmona"] },
  ]);
  assert.deepEqual(calls, [["river Selma", "Velmona"]]);
  assert.deepEqual(found.map((each) => isFailure(each) ? each : each.map(({ id }) => id).length), [1, 0, 0, 2]);
  assert.ok(found.every((each) => !isFailure(each) && each.every(({ id }) => id !== "velmona")));
  await findForEach(retriever, []);
  assert.equal(calls.length, 1);
});

Deno.test("findForEach() takes no more than was asked for, and nothing twice, from a retriever that gives it", async () => {
  const passage = (id: string) => ({ id, document: id, title: id, text: id, score: 0 });
  const retriever: PassageRetriever = {
    find: (requests) => Promise.resolve(requests.map(() => ["a", "b", "b", "c", "d"].map(passage))),
  };
  const [found] = await findForEach(retriever, [{ query: "q", limit: 2, exclude: ["a"] }]);
  assert.deepEqual((found as { id: string }[]).map(({ id }) => id), ["b", "c"]);
});

Deno.test("findForEach() fails only the query that fails, when all together failed", async () => {
  const { retriever } = listRetriever();
  const moody: PassageRetriever = {
    find(requests, options) {
      if (requests.some(({ query }) => query === "bad")) return Promise.reject(new Error("the index is gone"));
      return retriever.find(requests, options);
    },
  };
  const requests = ["Velmona", "bad", "Selma"].map((query) => ({ query, limit: 1 }));
  const [first, second, third] = await findForEach(moody, requests);
  assert.deepEqual([first, third].map((each) => isFailure(each) ? null : each[0].id), ["velmona", "selma"]);
  assert.deepEqual(second, { failure: "the index is gone" });
});

Deno.test("findForEach() tells a retriever that gives another number of results, and stops when aborted", async () => {
  const short: PassageRetriever = { find: () => Promise.resolve([]) };
  const [result] = await findForEach(short, [{ query: "q", limit: 1 }]);
  assert.deepEqual(result, { failure: "the retriever gave 0 results for 1 queries: expected one for each" });
  const stop = new AbortController();
  const aborting: PassageRetriever = {
    find() {
      stop.abort(new Error("enough"));
      return Promise.reject(stop.signal.reason);
    },
  };
  await assert.rejects(findForEach(aborting, [{ query: "q", limit: 1 }], stop.signal), /enough/);
});

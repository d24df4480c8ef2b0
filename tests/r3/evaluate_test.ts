import assert from "node:assert/strict";
import {
  chooseOneShot,
  coldStartRows,
  evaluateR3,
  ingestCollection,
  type PassageRetriever,
  sampledTrajectories,
  scoreEpisodes,
  tableRetriever,
  worldCollection,
} from "../../lib/r3/mod.ts";
import { openTable } from "../../lib/retrieval/store/mod.ts";
import { policyDecoder } from "../../lib/train/mod.ts";
import { HashingEmbedder } from "../support/hashing_embedder.ts";
import { withHouseModel } from "../support/house_model.ts";

const { documents, test: questions } = worldCollection({ trainWorlds: 0, testWorlds: 8, seed: 2 });

Deno.test("evaluateR3() of the house model: retrieval helps, and more of it for questions of several hops", () =>
  withHouseModel(async ({ model, tokenizer }) => {
    const table = await openTable({ uri: "memory://", name: "worlds", embedder: new HashingEmbedder() });
    const decoder = policyDecoder(model, null);
    try {
      await ingestCollection(table, documents);
      const retriever = tableRetriever(table, { mode: "fullText" });
      const play = { model, tokenizer, decoder };
      const asked = questions.slice(0, 12);
      const none = await evaluateR3({ ...play, questions: asked, way: { kind: "noRetrieval", form: "brief" } });
      const oneShot = await evaluateR3({
        ...play,
        questions: asked,
        way: { kind: "oneShot", form: "r3", retriever, passages: 3 },
      });
      const chain = await evaluateR3({ ...play, questions: asked, way: { kind: "chain", retriever } });
      const means = [none, oneShot, chain].map(({ means }) => means);
      assert.deepEqual(means.map(({ exactMatch }) => exactMatch.count), [12, 12, 12]);
      assert.deepEqual(means.slice(0, 2).map(({ passages, steps }) => [passages.mean, steps.mean]), [[0, 1], [3, 1]]);
      assert.ok(means[2].exactMatch.mean > means[0].exactMatch.mean, "a chain knows more than memory");
      assert.ok(means[2].supportFound.mean > means[1].supportFound.mean, "a chain finds more than one search");
      assert.ok(means[2].steps.mean > 1.5 && chain.formatAdherence > 0.8);
      const { scores } = scoreEpisodes(chain.episodes);
      assert.deepEqual(scores, chain.scores);

      // A question is answered the same whatever is asked with it.
      const alone = await evaluateR3({
        ...play,
        questions: [asked[5]],
        way: { kind: "chain", retriever },
        temperature: 1,
      });
      const among = await evaluateR3({
        ...play,
        questions: asked.slice(3, 8),
        way: { kind: "chain", retriever },
        temperature: 1,
      });
      assert.deepEqual(alone.episodes[0].turns, among.episodes[2].turns);

      const candidates = [{ form: "brief", passages: 2 }, { form: "r3", passages: 3 }] as const;
      const { best, trials } = await chooseOneShot({ ...play, questions: asked.slice(0, 4), retriever, candidates });
      assert.equal(trials.length, 2);
      const most = Math.max(...trials.map(({ exactMatch }) => exactMatch));
      assert.equal(trials.find(({ form }) => form === best.form)!.exactMatch, most);

      const sampled = await sampledTrajectories({
        ...play,
        questions: asked.slice(0, 6),
        game: { retriever },
        samples: 2,
      });
      assert.equal(sampled.episodes, 12);
      assert.ok(sampled.trajectories.length > 0 && sampled.trajectories.length <= Math.min(6, sampled.right));
      const byId = new Map(asked.map((question) => [question.id, question]));
      for (const { question, steps } of sampled.trajectories) {
        const shown = new Set(steps.flatMap(({ documents }) => documents.map(({ document }) => document)));
        assert.ok(byId.get(question.id)!.support.every((id) => shown.has(id)));
      }
      assert.ok(coldStartRows(sampled.trajectories).length >= 2 * sampled.trajectories.length);
    } finally {
      await decoder.dispose();
      table.close();
    }
  }));

Deno.test("evaluateR3() leaves out, and counts, questions whose one search failed", () =>
  withHouseModel(async ({ model, tokenizer }) => {
    const [good, bad] = questions;
    const retriever: PassageRetriever = {
      find: (requests) =>
        requests.some(({ query }) => query === bad.question)
          ? Promise.reject(new Error("no index"))
          : Promise.resolve(requests.map(() => [])),
    };
    const { scores, endings, episodes } = await evaluateR3({
      model,
      tokenizer,
      questions: [bad, good],
      way: { kind: "oneShot", form: "brief", retriever },
    });
    assert.deepEqual(scores.map(({ question }) => question.id), [good.id]);
    assert.equal(endings.failed, 1);
    assert.equal(episodes.find(({ task }) => task.id === bad.id)!.failure, "no index");
  }));

import assert from "node:assert/strict";
import { type CutText, openCrossEncoder } from "../../../lib/retrieval/rerank/mod.ts";
import { assertClose, goldenJson } from "../../support/golden.ts";
import { minilmTest } from "../embed/minilm.ts";

interface Golden {
  query: string;
  passages: { passage: string; inputIds: number[]; tokenTypeIds: number[]; logit: number }[];
}

const golden = await goldenJson<Golden>("minilm/cross_encoder.json");

minilmTest("openCrossEncoder() gives the logits of transformers, whatever the batches", async (folder) => {
  const reranker = await openCrossEncoder(`${folder}/cross-encoder`, { score: "logit", threads: 1 });
  try {
    assert.equal(reranker.description.maxTokens, 24);
    const passages = golden.passages.map(({ passage }) => passage);
    for (const batchSize of [1, 3, 16]) {
      const cuts: CutText[] = [];
      const scores = await reranker.rerank(golden.query, passages, { batchSize, onCut: (cut) => cuts.push(cut) });
      assertClose(scores, golden.passages.map(({ logit }) => logit), `logits by ${batchSize}`, 1e-5);
      // Eight sentences of four tokens; 24 less the query's five and three special ones.
      assert.deepEqual(cuts, [{ text: "passage", passage: 3, tokens: 32, kept: 16 }]);
    }
  } finally {
    await reranker.dispose();
  }
});

import assert from "node:assert/strict";
import { CROSS_ENCODERS, type CutText, openCrossEncoder } from "../../../lib/retrieval/rerank/mod.ts";
import { Tokenizer } from "../../../lib/tokenizer/mod.ts";
import { assertClose } from "../../support/golden.ts";
import { inFolder } from "../../support/in_folder.ts";
import { fails, once, withHub } from "../../models/hub_case.ts";
import { hiddenStateFiles, pairScoreFiles, TINY_TOKENIZER, WEIGHTS, writeFiles } from "../embed/tiny_onnx.ts";

const files = await pairScoreFiles();
const tokenizer = await Tokenizer.load(TINY_TOKENIZER);

const QUERY = "Where is the cat?";
const PASSAGES = [
  "The cat sat on the mat.",
  "a",
  "",
  "The dog sat on the log, the cat on the mat, and water on the dog.",
];
const [CLS, SEP] = [2, 3];

/** The logit of a pair whose passage is cut to `room` tokens: the second segment counts twice. */
function expectedLogit(passage: string, room = Infinity): number {
  const first = [CLS, ...tokenizer.encode(QUERY), SEP];
  const second = [...tokenizer.encode(passage).slice(0, room), SEP];
  const total = (ids: number[]) => ids.reduce((sum, id) => sum + WEIGHTS[id], 0);
  return total(first) + 2 * total(second);
}

Deno.test("openCrossEncoder() scores pairs in the order asked, cuts long passages and says so", () =>
  inFolder(async (folder) => {
    await writeFiles(folder, files);
    const reranker = await openCrossEncoder(folder, { score: "logit", threads: 1 });
    assert.equal(reranker.description.maxTokens, 24);
    assert.match(reranker.description.revision, /^sha256:/);
    const room = 24 - 3 - tokenizer.encode(QUERY).length;
    const tokens = tokenizer.encode(PASSAGES[3]).length;
    assert.ok(tokens > room);
    for (const batchSize of [16, 1, 3]) {
      const cuts: CutText[] = [];
      const reports: number[] = [];
      const scores = await reranker.rerank(QUERY, PASSAGES, {
        batchSize,
        onCut: (cut) => cuts.push(cut),
        onProgress: (done) => reports.push(done),
      });
      assertClose(scores, PASSAGES.map((passage) => expectedLogit(passage, room)), "tiny logits", 1e-6);
      assert.deepEqual(cuts, [{ text: "passage", passage: 3, tokens, kept: room }]);
      assert.equal(reports.at(-1), PASSAGES.length);
    }
    assert.deepEqual(await reranker.rerank(QUERY, []), []);
    const signal = AbortSignal.abort(new Error("enough"));
    await assert.rejects(reranker.rerank(QUERY, PASSAGES, { signal }), /enough/);
    await reranker.dispose();
    await assert.rejects(reranker.rerank(QUERY, PASSAGES), /model\.onnx was disposed/);
  }));

Deno.test("openCrossEncoder() gives probabilities unless told, in the same order", () =>
  inFolder(async (folder) => {
    await writeFiles(folder, files);
    const reranker = await openCrossEncoder(folder, { threads: 1, maxTokens: 20 });
    const room = 20 - 3 - tokenizer.encode(QUERY).length;
    const expected = PASSAGES.map((passage) => 1 / (1 + Math.exp(-expectedLogit(passage, room))));
    assertClose(await reranker.rerank(QUERY, PASSAGES), expected, "tiny probabilities", 1e-6);
    await reranker.dispose();
  }));

Deno.test("openCrossEncoder() refuses what is no reranker, and options that mean nothing", () =>
  inFolder(async (folder) => {
    await writeFiles(folder, await hiddenStateFiles("logits"));
    const reranker = await openCrossEncoder(folder, { threads: 1 });
    await assert.rejects(reranker.rerank(QUERY, ["a"]), /logits of shape \[1,9,6\]; expected \[pairs, 1\]/);
    await reranker.dispose();
    await assert.rejects(openCrossEncoder(folder, { maxTokens: 25 }), /maxTokens: expected at most 24/);
    await assert.rejects(
      openCrossEncoder(folder, { maxTokens: 4, threads: 1 }),
      /maxTokens: expected a whole number from 5/,
    );
    await assert.rejects(
      openCrossEncoder(folder, { score: "percent" as "logit" }),
      /score: expected "probability" or "logit"/,
    );
    await assert.rejects(openCrossEncoder(folder, { onnxFile: "none.onnx" }), /has no none\.onnx/);
    await assert.rejects(openCrossEncoder("ms-marco"), /no folder ms-marco, .*known are ms-marco-MiniLM-L6-v2/);
  }));

Deno.test("CROSS_ENCODERS are pinned to commits", () => {
  for (const [name, { repository, revision }] of CROSS_ENCODERS) {
    assert.ok(repository.endsWith(`/${name}`));
    assert.match(revision, /^[0-9a-f]{40}$/);
  }
});

Deno.test(
  "openCrossEncoder() fetches a model once, and without a network says what to do",
  withHub(files, async (hub, access) => {
    for (const localFilesOnly of [false, true]) {
      const reranker = await openCrossEncoder("Kiln/tiny-rerank", { ...access, threads: 1, localFilesOnly });
      assert.deepEqual(reranker.description, {
        name: "Kiln/tiny-rerank",
        revision: `${hub.commit}/onnx/model.onnx`,
        maxTokens: 24,
      });
      await reranker.dispose();
    }
    const nobody = { ...once(access), endpoint: "http://127.0.0.1:9" };
    await fails(
      openCrossEncoder(undefined, nobody),
      "network",
      /cross-encoder\/ms-marco-MiniLM-L6-v2 .*Check the network/,
    );
  }, "Kiln/tiny-rerank"),
);

/**
 * What llama.cpp makes of a GGUF file. A process of its own: the library is no dependency of the project, and a damaged file
 * may end it. Reads one request as JSON from standard input, and prints the answer as JSON on the last line.
 *
 * deno run -A --config $KILN_LLAMA/deno.json llama_cpp_worker.js
 */
const { getLlama, LlamaLogLevel } = await import(
  `file://${Deno.env.get("KILN_LLAMA")}/node_modules/node-llama-cpp/dist/index.js`
);

/** @type {import("./llama_cpp.ts").LlamaCppRequest} */
const { path, texts = [], prompts = [], decode = [] } = await new Response(Deno.stdin.readable).json();

const complaints = [];
const llama = await getLlama({
  gpu: false,
  // Neither compiles nor downloads.
  build: "never",
  skipDownload: true,
  progressLogs: false,
  maxThreads: 1,
  logLevel: LlamaLogLevel.warn,
  logger: (_level, message) => complaints.push(message),
});
const model = await llama.loadModel({ modelPath: path, vocabOnly: prompts.length === 0, useMmap: false }).catch(
  (error) => {
    throw new Error([error.message, ...complaints].join("\n"));
  },
);
const tokens = texts.map(({ text, special }) => model.tokenize(text, special));
const decoded = decode.map((ids) => model.detokenize(ids, true));

const completions = [];
if (prompts.length > 0) {
  const contextSize = Math.max(...prompts.map(({ ids, maxTokens = 0 }) => ids.length + maxTokens)) + 8;
  // In float32 throughout, as Kiln computes.
  const context = await model.createContext({
    contextSize,
    batchSize: contextSize,
    threads: 1,
    flashAttention: false,
    experimentalKvCacheKeyType: "F32",
    experimentalKvCacheValueType: "F32",
  });
  const sequence = context.getSequence();
  for (const { ids, maxTokens = 0, logits = false } of prompts) {
    await sequence.clearHistory();
    if (logits) {
      const items = ids.map((id) => [id, { generateNext: { logits: true } }]);
      const steps = await sequence.controlledEvaluate(items);
      const rows = steps.map(({ next }) => {
        const row = new Array(next.logits.size);
        for (const [token, logit] of next.logits) row[token] = logit;
        return row;
      });
      completions.push({ ids: [], logits: rows });
      continue;
    }
    const made = [];
    for await (const token of sequence.evaluate(ids, { temperature: 0, yieldEogToken: true })) {
      made.push(token);
      if (made.length >= maxTokens || model.isEogToken(token)) break;
    }
    completions.push({ ids: made, ended: model.isEogToken(made.at(-1)) });
  }
  await context.dispose();
}
const special = {
  bos: model.tokens.bos,
  eos: model.tokens.eos,
  eot: model.tokens.eot,
  addsBos: model.tokens.shouldPrependBosToken,
};
const answer = {
  tokens,
  decoded,
  completions,
  special,
  fileType: model.fileInfo.metadata.general.file_type,
  complaints,
};
await llama.dispose();
console.log("\n" + JSON.stringify(answer));
Deno.exit(0);

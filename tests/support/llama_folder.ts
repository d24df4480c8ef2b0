/** A folder with a random Llama and its own small tokenizer, as a base model from the hub has them: no chat template. */
import { createEngine } from "../../lib/engine/mod.ts";
import { createModel, type ModelConfig, saveModel } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { Tokenizer, tokenizerFiles, trainBpe } from "../../lib/tokenizer/mod.ts";

const config: Omit<ModelConfig, "vocabSize" | "eosTokenIds"> = {
  family: "llama",
  hiddenSize: 32,
  intermediateSize: 64,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headDim: 8,
  rmsNormEps: 1e-5,
  ropeTheta: 500_000,
  maxPositions: 2048,
  tieWordEmbeddings: false,
  attentionBias: false,
};

/** What a Llama's tokenizer has: a first token and a last one, no chat template, and no special_tokens_map.json. */
export async function llamaTokenizer(): Promise<Tokenizer> {
  const trained = await trainBpe({
    texts: ["A patient has had a cough for weeks. Which treatment helps? The answer is the treatment that helps."],
    vocabSize: 300,
    addedTokens: [{ content: "<|begin_of_text|>" }, { content: "<|end_of_text|>" }],
  });
  const options = { eosToken: "<|end_of_text|>", padToken: "<|end_of_text|>", chatTemplate: null };
  const files = new Map(tokenizerFiles(trained, options));
  const settings = JSON.parse(new TextDecoder().decode(files.get("tokenizer_config.json")));
  const withFirst = { ...settings, bos_token: "<|begin_of_text|>" };
  files.set("tokenizer_config.json", new TextEncoder().encode(JSON.stringify(withFirst)));
  files.delete("special_tokens_map.json");
  return new Tokenizer("a Llama's folder", files);
}

/** Writes config.json, random weights and the tokenizer. */
export async function writeLlamaFolder(folder: string): Promise<void> {
  const tokenizer = await llamaTokenizer();
  const engine = await createEngine({ threads: 1 });
  try {
    const model = await createModel(
      { ...config, vocabSize: tokenizer.vocabSize, eosTokenIds: [tokenizer.eosTokenId!] },
      { engine, random: new Random("llama") },
    );
    await saveModel(model, folder);
    await tokenizer.save(folder);
    await model.dispose();
  } finally {
    await engine.dispose();
  }
}

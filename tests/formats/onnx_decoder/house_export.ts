/** The house model exported, chats to ask it, and what it answers in Kiln. */
import assert from "node:assert/strict";
import { generateVignettes, generateWordProblems, toReasoningChat, toVignetteChat } from "../../../lib/data/mod.ts";
import { createEngine } from "../../../lib/engine/mod.ts";
import { sourceOfModel } from "../../../lib/formats/model_source.ts";
import { saveOnnxDecoder, type SaveOnnxOptions } from "../../../lib/formats/onnx_decoder/mod.ts";
import { generate, loadModel, type PrecisionOptions } from "../../../lib/models/mod.ts";
import { type ChatMessage, Tokenizer } from "../../../lib/tokenizer/mod.ts";
import { HOUSE_MODEL, withHouseModel } from "../../support/house_model.ts";
import { ownLogits } from "./own_logits.ts";

/** Word problems, medical vignettes and a conversation of several turns, of different lengths. */
export const CHATS: readonly ChatMessage[][] = [
  ...generateWordProblems({ seed: 7, count: 4, split: "test" }).map((problem) => toReasoningChat(problem).prompt),
  ...generateVignettes({ seed: 7, count: 2, split: "test" }).map((vignette) => toVignetteChat(vignette).prompt),
  [
    { role: "user", content: "What is 3 plus 4?" },
    { role: "assistant", content: "<think>\n3 + 4 = 7\n</think>\n<answer>\n7\n</answer>" },
    { role: "user", content: "And 6 plus 8?" },
  ],
];

/** The token that the chat template puts behind an answer. */
export const END_OF_TURN = 2;

/** Longer than all of their answers. */
export const MAX_NEW_TOKENS = 128;

/** Writes the house model. */
export async function exportHouse(folder: string, options: SaveOnnxOptions): Promise<void> {
  await withHouseModel(async ({ model, tokenizer }) => {
    await saveOnnxDecoder(sourceOfModel(model, tokenizer, "kiln-tiny"), folder, options);
  });
}

/** A chat as tokens, up to where the answer begins. */
function promptOf(tokenizer: Tokenizer, chat: readonly ChatMessage[]): number[] {
  return tokenizer.encode(tokenizer.applyChatTemplate(chat, { addGenerationPrompt: true }));
}

/** An answer's tokens with the end-of-turn token, and its text without. */
export interface Answer {
  tokenIds: number[];
  text: string;
}

/** What the house model answers, always taking the likeliest token. */
export async function kilnAnswers(): Promise<Answer[]> {
  const engine = await createEngine();
  const model = await loadModel(HOUSE_MODEL, { engine });
  const tokenizer = await Tokenizer.load(HOUSE_MODEL);
  const completions = await generate(model, {
    prompts: CHATS.map((chat) => promptOf(tokenizer, chat)),
    tokenizer,
    temperature: 0,
    maxNewTokens: MAX_NEW_TOKENS,
  });
  await model.dispose();
  await engine.dispose();
  return completions.map(([{ tokenIds, text }]) => ({ tokenIds, text: text! }));
}

/**
 * Asserts that texts, in the order of the chats, are made of tokens that the house model takes too, with its numbers in that
 * form, up to and with the end of the turn: each is the likeliest one, or its logit is less than `margin` behind.
 */
export async function assertNearBest(
  texts: readonly string[],
  precision: PrecisionOptions,
  margin: number,
): Promise<void> {
  const engine = await createEngine();
  const model = await loadModel(HOUSE_MODEL, { engine, precision });
  const tokenizer = await Tokenizer.load(HOUSE_MODEL);
  const { vocabSize } = model.config;
  for (const [index, text] of texts.entries()) {
    const prompt = promptOf(tokenizer, CHATS[index]);
    const answer = [...tokenizer.encode(text), END_OF_TURN];
    const logits = await ownLogits(model, [...prompt, ...answer]);
    for (const [at, token] of answer.entries()) {
      const row = logits.subarray((prompt.length + at - 1) * vocabSize).subarray(0, vocabSize);
      const behind = row.reduce((best, logit) => Math.max(best, logit), -Infinity) - row[token];
      assert.ok(behind <= margin, `chat ${index}, token ${at} of ${JSON.stringify(text)} is ${behind} behind`);
    }
  }
  await model.dispose();
  await engine.dispose();
}

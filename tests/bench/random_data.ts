/** What is computed with: no speed depends on the numbers. */
import type { ModelConfig } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import type { TokenizedExample } from "../../lib/train/mod.ts";

/** Numbers between -0.5 and 0.5, repeated after the first million, times `scale`. */
export function randomNumbers(count: number, scale = 1): Float32Array<ArrayBuffer> {
  const random = new Random("numbers");
  const numbers = new Float32Array(count);
  const period = Math.min(count, 2 ** 20);
  for (let i = 0; i < period; i++) numbers[i] = (random.float() - 0.5) * scale;
  for (let at = period; at < count; at += period) numbers.copyWithin(at, 0, Math.min(period, count - at));
  return numbers;
}

/** Texts with a prompt that is read and a completion that is learned. */
export function randomExamples(
  count: number,
  tokens: number,
  promptTokens: number,
  config: ModelConfig,
): TokenizedExample[] {
  return randomTexts(count, tokens, config).map((ids) => ({
    ids,
    lossMask: ids.map((_, token) => token >= promptTokens),
  }));
}

/** Texts of random tokens. */
export function randomTexts(count: number, tokens: number, { vocabSize }: ModelConfig): number[][] {
  const random = new Random("texts");
  return Array.from({ length: count }, () => Array.from({ length: tokens }, () => random.integer(0, vocabSize - 1)));
}

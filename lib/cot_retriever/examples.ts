/** Rows as tokens: what was written is learned, what was found is only read. */
import type { TokenizedExample } from "../train/mod.ts";
import { plainText, type Tokenizer } from "../tokenizer/mod.ts";
import { partText, retrieverPrompt, type RetrieverSample } from "./samples.ts";
import { encodeTagged } from "./tags.ts";

/** The tokens before a turn. What looks like a special token in the question is none. */
export function promptTokens(
  tokenizer: Tokenizer,
  question: string,
  templateVariables?: Record<string, unknown>,
): number[] {
  const asText = plainText(tokenizer);
  const prompt = retrieverPrompt(asText(question));
  return tokenizer.encode(tokenizer.applyChatTemplate(prompt, {
    addGenerationPrompt: true,
    variables: templateVariables,
  }));
}

/**
 * A row as `sft` takes it: the prompt, then part by part as at use, each tokenized for itself, and the end of the turn. The loss mask
 * is true for what was written and for the end, and false for the prompt and for all that was found, with its tags and line
 * ends.
 *
 * @throws When the tokenizer names no token that ends a turn.
 */
export function retrieverExample(
  sample: Pick<RetrieverSample, "question" | "parts">,
  tokenizer: Tokenizer,
  templateVariables?: Record<string, unknown>,
): TokenizedExample {
  if (tokenizer.eosTokenId === undefined) {
    throw new Error("the tokenizer names no end token: a model would not learn to stop");
  }
  const ids = promptTokens(tokenizer, sample.question, templateVariables);
  const lossMask = ids.map(() => false);
  const add = (tokens: readonly number[], isLearned: boolean) => {
    for (const id of tokens) {
      ids.push(id);
      lossMask.push(isLearned);
    }
  };
  for (const part of sample.parts) add(encodeTagged(tokenizer, partText(part)), "written" in part);
  add([tokenizer.eosTokenId], true);
  return { ids, lossMask };
}

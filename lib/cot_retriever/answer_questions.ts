/** Many questions at once: all that are to be written next are written in one batch, and all queries are searched together. */
import {
  type AdapterWeights,
  type CausalLM,
  Decoder,
  generate,
  type GenerateOptions,
  PrefixCache,
} from "../models/mod.ts";
import type { RandomSeed } from "../random/mod.ts";
import type { Tokenizer } from "../tokenizer/mod.ts";
import { Dialogue, type RetrieverAnswer } from "./dialogue.ts";
import type { PageRetriever } from "./pages.ts";
import { TURN_STOPS } from "./read_turn.ts";
import { resolveSearchLimits, type SearchLimits } from "./search_limits.ts";

/** Who answers, where is searched, how turns are drawn (names as in `generate`), and what it may cost. */
export interface AnswerOptions
  extends SearchLimits, Pick<GenerateOptions, "topK" | "topP" | "minP" | "repetitionPenalty" | "maxBatchRows"> {
  model: CausalLM;
  tokenizer: Tokenizer;
  retriever: PageRetriever;
  /** Default: none. */
  adapter?: AdapterWeights | null;
  /** Compiled programs, for many calls. Default: made for this call. */
  decoder?: Decoder;
  /** Default 0: the likeliest token each time. */
  temperature?: number;
  /** Default 42. */
  seed?: RandomSeed;
  /**
   * Keys and values that are kept from turn to turn, in bytes, so that a turn reads only what is new; 0: none. Default 512 MB.
   */
  prefixCacheBytes?: number;
  /** Other variables of the chat template, such as `{ enable_thinking: false }`. */
  templateVariables?: Record<string, unknown>;
  signal?: AbortSignal;
}

/** How far the questions are. */
export interface AnswerProgress {
  answered: number;
  total: number;
  searches: number;
  /** Tokens drawn. */
  tokens: number;
}

const PREFIX_CACHE_BYTES = 512 * 1024 * 1024;

/**
 * Answers questions: writes up to `</query>`, searches, puts what was found behind it, and so on to `</results>`, as far as the limits
 * allow. What a question is answered depends on the seed and its own text, and not on what else is asked. A search that fails ends
 * its own question only.
 *
 * @returns In the order of the questions.
 * @throws {RangeError} when an option is out of range; the signal's reason, when aborted; and as `generate` does
 */
export async function answerQuestions(
  questions: readonly string[],
  options: AnswerOptions & { onProgress?: (progress: AnswerProgress) => void },
): Promise<RetrieverAnswer[]> {
  const { retriever, signal, onProgress } = options;
  const dialogues = openDialogues(questions, options);
  const decoder = options.decoder ?? new Decoder(options.model, { adapter: options.adapter ?? null });
  const prefixCache = new PrefixCache({ maxBytes: options.prefixCacheBytes ?? PREFIX_CACHE_BYTES });
  let [searches, tokens] = [0, 0];
  const isIn = (state: Dialogue["state"]) => dialogues.filter((dialogue) => dialogue.state === state);
  try {
    while (isIn("over").length < dialogues.length) {
      const writing = isIn("writing");
      for (const [turnTokens, together] of Map.groupBy(writing, (dialogue) => dialogue.turnTokens)) {
        const completions = await generate(options.model, {
          ...drawing(options, decoder, prefixCache),
          prompts: together.map(({ ids }) => ids),
          seeds: together.map((dialogue) => turnSeed(dialogue, options.seed)),
          maxNewTokens: turnTokens,
        });
        signal?.throwIfAborted();
        together.forEach((dialogue, i) => dialogue.take(completions[i][0]));
        tokens += completions.reduce((sum, [{ tokenIds }]) => sum + tokenIds.length, 0);
      }
      const searching = isIn("searching");
      if (searching.length > 0) {
        const found = await retriever.find(searching.map(requestOf), { signal });
        searching.forEach((dialogue, i) => dialogue.read(found[i]));
        searches += searching.length;
      }
      onProgress?.({ answered: isIn("over").length, total: dialogues.length, searches, tokens });
    }
  } finally {
    if (!options.decoder) await decoder.dispose();
  }
  return dialogues.map((dialogue) => dialogue.answer());
}

/** The dialogues of questions, before their first turn. */
export function openDialogues(questions: readonly string[], options: AnswerOptions): Dialogue[] {
  const { model, tokenizer, templateVariables } = options;
  tokenizer.assertFits(model.config.vocabSize);
  const limits = resolveSearchLimits(options, model.config.maxPositions);
  return questions.map((question) => new Dialogue(question, tokenizer, limits, templateVariables));
}

/** What `generate` is told besides prompts, seeds and lengths. */
export function drawing(options: AnswerOptions, decoder: Decoder, prefixCache: PrefixCache) {
  const { tokenizer, adapter = null, temperature = 0, topK, topP, minP, repetitionPenalty, maxBatchRows } = options;
  return {
    ...{ tokenizer, adapter, decoder, prefixCache, temperature, topK, topP, minP, repetitionPenalty, maxBatchRows },
    signal: options.signal,
    stopStrings: TURN_STOPS,
    // The tags may be special tokens.
    skipSpecialTokens: false,
  };
}

/** What a turn's draws depend on. */
export function turnSeed({ question, searches, turnTokens }: Dialogue, seed: RandomSeed = 42): string {
  return `${seed} question ${question} search ${searches.length} of ${turnTokens} tokens`;
}

/** What a dialogue searches for. */
export function requestOf({ query, limits, foundUrls }: Dialogue) {
  return { query, limit: limits.pagesPerSearch, exclude: foundUrls };
}

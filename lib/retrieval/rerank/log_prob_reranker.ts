/** A language model as a reranker, by the log-probabilities of what it would say. */
import { type AdapterWeights, type CausalLM, type Continuation, continuationLogProbs } from "../../models/mod.ts";
import { type ChatMessage, plainText, type Tokenizer } from "../../tokenizer/mod.ts";
import { inBatches } from "../embed/mod.ts";
import { QUESTION_LIKELIHOOD, type RelevancePrompt } from "./relevance_prompt.ts";
import type { Reranker, RerankOptions } from "./reranker.ts";

/** Which model, and how it is asked. */
export interface LogProbRerankerOptions {
  /** Stays the caller's. */
  model: CausalLM;
  tokenizer: Tokenizer;
  adapter?: AdapterWeights | null;
  /** Default `QUESTION_LIKELIHOOD`, which orders best with the house model; with `ANSWERABLE` a floor has a meaning. */
  prompt?: RelevancePrompt;
  /** Tokens of a prompt with what is scored. Default: 2048, or what the model reads where that is less; at most what it reads. */
  maxTokens?: number;
  /** For those who write scores down. Default `"language model"` and `"unknown"`. */
  name?: string;
  revision?: string;
}

/** Room that a prompt must leave for a passage, in tokens. */
const LEAST_PASSAGE = 8;

/**
 * Scores passages by a language model: no training for ranking is needed, and a better model ranks better. Slower than a
 * cross-encoder of the same size. Scores are nats; those of a `"yes against no"` prompt can be compared over queries.
 *
 * The passage is text to the model and nothing else: what looks like a special token in it, or in the query, is taken apart.
 *
 * @throws {RangeError} When `maxTokens` is out of range, or a reply to be scored is empty.
 */
export function logProbReranker(options: LogProbRerankerOptions): Reranker {
  const {
    model,
    tokenizer,
    adapter = null,
    prompt = QUESTION_LIKELIHOOD,
    name = "language model",
    revision = "unknown",
  } = options;
  const { maxPositions } = model.config;
  const { maxTokens = Math.min(maxPositions, 2048) } = options;
  if (!Number.isInteger(maxTokens) || maxTokens < 2 || maxTokens > maxPositions) {
    throw new RangeError(`maxTokens: expected 2 to ${maxPositions}, got ${maxTokens}`);
  }
  const asText = plainText(tokenizer);
  const rowsFor = rowBuilder(tokenizer, prompt);
  const padTokenId = tokenizer.padTokenId ?? 0;
  return {
    description: { name, revision, maxTokens },
    async rerank(query, passages, { batchSize = 16, onCut, ...others }: RerankOptions = {}) {
      const asked = asText(query);
      const cases = passages.map((passage, number) => {
        const fitted = fitPassage(tokenizer, asText(passage), maxTokens, (text) => rowsFor(asked, text));
        if (fitted.kept < fitted.tokens) {
          onCut?.({ text: "passage", passage: number, tokens: fitted.tokens, kept: fitted.kept });
        }
        return fitted.rows;
      });
      const scores = new Array<number>(passages.length);
      await inBatches(cases.map(longest), { batchSize, ...others }, async (items) => {
        const rows = items.flatMap((item) => cases[item]);
        const sums = await continuationLogProbs(model, rows, { adapter, padTokenId });
        let at = 0;
        for (const item of items) {
          const { length } = cases[item];
          scores[item] = scoreOf(prompt, sums.slice(at, at + length), cases[item]);
          at += length;
        }
      });
      return scores;
    },
    async dispose() {
      // Model and programs are the caller's.
    },
  };
}

/** What has to be run for one passage: the query after it, or each reply to the question about it. */
function rowBuilder(tokenizer: Tokenizer, prompt: RelevancePrompt): (query: string, passage: string) => Continuation[] {
  const render = (messages: ChatMessage[], how: { continueFinalMessage: true } | { addGenerationPrompt: true }) =>
    tokenizer.encode(tokenizer.applyChatTemplate(messages, how));
  if (prompt.kind === "query likelihood") {
    const { messages, lead = " " } = prompt;
    return (query, passage) => {
      const continuation = tokenizer.encode(lead + query);
      if (continuation.length === 0) throw new RangeError("the query is empty: expected a text to score");
      return [{ prompt: render(messages(passage), { continueFinalMessage: true }), continuation }];
    };
  }
  const replies = (prompt.yes === null ? [prompt.no] : [prompt.yes, prompt.no]).map((reply) => {
    const ids = tokenizer.encode(reply);
    if (ids.length === 0) {
      throw new RangeError(`the reply ${JSON.stringify(reply)} has no tokens: expected a text to score`);
    }
    return ids;
  });
  return (query, passage) => {
    const asked = render(prompt.messages(query, passage), { addGenerationPrompt: true });
    return replies.map((continuation) => ({ prompt: asked, continuation }));
  };
}

function scoreOf({ kind, ...prompt }: RelevancePrompt, sums: readonly number[], rows: readonly Continuation[]): number {
  if (kind === "query likelihood") return sums[0] / rows[0].continuation.length;
  if ("yes" in prompt && prompt.yes !== null) return sums[0] - sums[1];
  // log((1 - p) / p). What rounds to certainty is kept finite, so that it can still be ordered.
  const no = Math.min(sums[0], -1e-7);
  return Math.log(-Math.expm1(no)) - no;
}

const longest = (rows: readonly Continuation[]): number =>
  Math.max(...rows.map(({ prompt, continuation }) => prompt.length + continuation.length));

/** The rows for as much of a passage as fits, from its beginning. */
function fitPassage(
  tokenizer: Tokenizer,
  passage: string,
  maxTokens: number,
  rowsFor: (passage: string) => Continuation[],
): { rows: Continuation[]; tokens: number; kept: number } {
  const ids = tokenizer.encode(passage, { allowSpecial: false });
  let rows = rowsFor(passage);
  let kept = ids.length;
  while (longest(rows) > maxTokens) {
    if (kept <= LEAST_PASSAGE) {
      throw new RangeError(
        `the prompt takes ${
          longest(rows)
        } tokens with ${kept} of its passage, and at most ${maxTokens} are read: shorten the ` +
          "query, or give a model that reads more",
      );
    }
    kept = Math.max(LEAST_PASSAGE, kept - (longest(rows) - maxTokens));
    // A cut in the midst of a character leaves bytes that are none.
    rows = rowsFor(tokenizer.decode(ids.slice(0, kept)).replace(/\uFFFD+$/, ""));
  }
  return { rows, tokens: ids.length, kept };
}

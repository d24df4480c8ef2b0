/** Log-probabilities of tokens as OpenAI's API shows them. */
import type { EngineEvent } from "../engine/mod.ts";

type TokenEvent = Extract<EngineEvent, { type: "token" }>;

/** A token in the form of chat completions. */
export interface TokenLogProb {
  token: string;
  logprob: number;
  /** Of its text in UTF-8; null for a piece of a character, which has no text by itself. */
  bytes: number[] | null;
}

/** A drawn token with its likeliest alternatives. */
export interface DrawnTokenLogProb extends TokenLogProb {
  top_logprobs: TokenLogProb[];
}

/** A token's log-probability; null when the request asked for none. */
export function tokenLogProb({ logProb, tokenText = "", topLogProbs = [] }: TokenEvent): DrawnTokenLogProb | null {
  if (logProb === undefined) return null;
  return {
    ...shown(tokenText, logProb),
    top_logprobs: topLogProbs.map(({ text, logProb }) => shown(text, logProb)),
  };
}

function shown(token: string, logProb: number): TokenLogProb {
  const bytes = token.includes("\uFFFD") ? null : [...new TextEncoder().encode(token)];
  // JSON has no minus infinity, which an impossible token has.
  return { token, logprob: Math.max(logProb, -9999), bytes };
}

/** The form of text completions: lists side by side. */
export interface CompletionLogProbs {
  tokens: string[];
  token_logprobs: number[];
  top_logprobs: Record<string, number>[];
  /** Where each token begins in the reply's text, in UTF-16 units, as long as tokens are whole characters. */
  text_offset: number[];
}

/**
 * Tokens in the form of text completions.
 *
 * @param offset Where the first one begins.
 */
export function completionLogProbs(tokens: readonly DrawnTokenLogProb[], offset: number): CompletionLogProbs {
  let at = offset;
  return {
    tokens: tokens.map(({ token }) => token),
    token_logprobs: tokens.map(({ logprob }) => logprob),
    top_logprobs: tokens.map(({ top_logprobs }) =>
      Object.fromEntries(top_logprobs.map(({ token, logprob }) => [token, logprob]))
    ),
    text_offset: tokens.map(({ token }) => {
      const begin = at;
      at += token.length;
      return begin;
    }),
  };
}

/** How a language model is asked whether a passage answers a query. */
import { GROUNDED_PROMPT, groundedQuestion, NOT_IN_DOCUMENTS } from "../../data/multi_hop/mod.ts";
import type { ChatMessage } from "../../tokenizer/mod.ts";

/** The score is the mean log-probability of the query's tokens, where the passage stands before them (Sachan et al. 2022, arXiv:2204.07496). */
export interface QueryLikelihood {
  kind: "query likelihood";
  /** A chat whose last message is left open: the query goes on with it. */
  messages: (passage: string) => ChatMessage[];
  /** Stands before the query. Default a space. */
  lead?: string;
}

/**
 * The score is how much more likely one reply is than another, in nats: the log-probability of `yes` less that of `no`, sums over
 * their tokens. With `yes` null it is the log of the odds against `no`.
 */
export interface YesAgainstNo {
  kind: "yes against no";
  messages: (query: string, passage: string) => ChatMessage[];
  yes: string | null;
  no: string;
}

/** A question to a language model, from which a score comes. */
export type RelevancePrompt = QueryLikelihood | YesAgainstNo;

/**
 * The passage as the only evidence, in one line, as the house model was taught to read it. Search gives passages whose first line
 * says where they stand: that takes the title's place.
 */
function evidence(passage: string): string {
  const [first, ...rest] = passage.split(/\s*\n\s*/).filter((line) => line !== "");
  return `[1] ${rest.length === 0 ? first ?? "" : `${first}: ${rest.join(" ")}`}`;
}

/**
 * Fit for the house model: it was taught to answer from evidence and to refuse where that does not answer, so the odds against the
 * refusal say whether a passage answers.
 */
export const ANSWERABLE: YesAgainstNo = {
  kind: "yes against no",
  messages: (query, passage) => [
    { role: "system", content: GROUNDED_PROMPT },
    { role: "user", content: `${evidence(passage)}\n${groundedQuestion(query)}` },
  ],
  yes: null,
  no: NOT_IN_DOCUMENTS,
};

/** Also for the house model, and for base models with a chat template: how well the passage leads to the question. */
export const QUESTION_LIKELIHOOD: QueryLikelihood = {
  kind: "query likelihood",
  messages: (passage) => [
    { role: "system", content: GROUNDED_PROMPT },
    { role: "user", content: `${evidence(passage)}\n${groundedQuestion("").trimEnd()}` },
  ],
};

/** For models that follow instructions, such as Qwen2.5-0.5B-Instruct. */
export const YES_OR_NO: YesAgainstNo = {
  kind: "yes against no",
  messages: (query, passage) => [
    {
      role: "user",
      content:
        `Passage: ${passage}\n\nQuestion: ${query}\n\nDoes the passage hold the answer to the question? Reply with yes or no.`,
    },
  ],
  yes: "yes",
  no: "no",
};

/** A question, what a search found for it, and a model: the answer, checked. */
import { NOT_IN_DOCUMENTS } from "../../data/mod.ts";
import type { SearchResult } from "../search/mod.ts";
import type { AnswerModel } from "./answer_model.ts";
import { checkAnswer, type CheckedAnswer } from "./check_answer.ts";
import { evidenceFor } from "./evidence.ts";
import { type Floor, passesFloor } from "./floor.ts";
import { instructionForm } from "./instruction_form.ts";
import type { PromptForm } from "./prompt_form.ts";

/** How to answer. */
export interface AnswerOptions {
  model: AnswerModel;
  /** How the model is asked. Default: `instructionForm`; the house model was taught `houseForm`. */
  form?: PromptForm;
  /** Results below it are no evidence. Default: all are. */
  floor?: Floor;
  /** Tokens of evidence. Default: the form's. */
  budget?: number;
  /** Default: the form's. */
  maxPassages?: number;
  /** The reply's limit in tokens. Default 256. */
  maxNewTokens?: number;
  signal?: AbortSignal;
  /** Called with each piece of the reply as it comes, lines of quotes included. */
  onToken?: (piece: string) => void;
}

/**
 * Answers a question from what a search found. When no result reaches the floor, the answer is `NOT_IN_DOCUMENTS` and
 * the model is not asked. What the model says is checked, not mended: see `problems`.
 *
 * @param results In the order of the search.
 * @returns The answer, with the model's own words in `reply`; null where it was not asked.
 * @throws When the signal is aborted, the model fails, or an option is out of range.
 *
 * @example
 * ```ts
 * const { text, citations, problems } = await answerFrom(question, await search(question), { model, form: houseForm });
 * ```
 */
export async function answerFrom(
  question: string,
  results: readonly SearchResult[],
  options: AnswerOptions,
): Promise<CheckedAnswer & { reply: string | null }> {
  const { model, form = instructionForm, floor, budget, maxPassages, maxNewTokens = 256, signal, onToken } = options;
  signal?.throwIfAborted();
  const countTokens = model.countTokens?.bind(model) ?? roughTokens;
  const good = floor === undefined ? results : results.filter((result) => passesFloor(result, floor));
  const evidence = evidenceFor(good, { countTokens, budget, maxPassages, form });
  if (evidence.passages.length === 0) {
    return { text: NOT_IN_DOCUMENTS, citations: [], isRefusal: true, problems: [], evidence, reply: null };
  }
  const messages = form.messages(question, evidence.passages);
  const reply = await model.complete(messages, { maxNewTokens, signal, onText: onToken });
  signal?.throwIfAborted();
  return { ...checkAnswer(form.read(reply), evidence), reply };
}

/** More than any usual tokenizer counts of usual text, so that what is shown fits. */
function roughTokens(text: string): number {
  return Math.ceil(new TextEncoder().encode(text).length / 3);
}

/** What the judges of this folder ask of a chat model. */
import type { AnswerToJudge, PairToJudge, StepToJudge } from "./judge.ts";
import type { JudgeTask } from "./judge_task.ts";
import { choiceField, flagField, remarkField, replyForm, shareField } from "./reply_form.ts";

const reason = remarkField("what decides, in one or two sentences, before you judge");

/** A step of retrieval reasoning. */
export const STEP_TASK: JudgeTask<
  StepToJudge,
  { reason: string; coherence: number; rationality: number; relevance: number }
> = {
  name: "step",
  instruction:
    "You judge one step of somebody who answers a question by searching. A step has an analysis and then either a " +
    'query, with the documents that it found, or the answer. The material has "question", "earlierSteps" with what each ' +
    'query found, and "step", the one to judge. Be strict: use the whole range, and give high numbers only for what they say.',
  form: replyForm({
    reason,
    coherence: shareField(
      "does the step follow from the question and from what the earlier steps found? 1: it goes on exactly where they " +
        "stopped; 0: it repeats an earlier query, ignores what was found, or is about something else",
    ),
    rationality: shareField(
      "is the analysis right by the question and the documents, and does the query or the answer follow from it? 1: every " +
        "claim is backed and the query asks for just what is missing, or the answer is proved; 0: claims are made up, or it guesses",
    ),
    relevance: shareField(
      "do the documents that this query found help with the question? 1: they say what is missing; 0: they have nothing to do " +
        "with it, or bring nothing new. In a step that answers: how well the documents of the earlier steps back the answer",
    ),
  }),
  material: ({ question, earlier, analysis, query, answer, documents }) => ({
    question,
    earlierSteps: earlier.map((step) => ({
      analysis: step.analysis,
      query: step.query,
      documents: step.documents.map(({ title, text }) => ({ title, text })),
    })),
    step: query === null
      ? { analysis, answer }
      : { analysis, query, documents: documents.map(({ title, text }) => ({ title, text })) },
  }),
};

/** An answer against a reference. */
export const ANSWER_TASK: JudgeTask<AnswerToJudge, { reason: string; isRight: boolean }> = {
  name: "answer",
  instruction:
    'You compare an answer with the right one. The material has "question", "reference", which is right, and ' +
    '"answer". Only the meaning counts: other words, spellings, units or a fuller name for the same thing are right. An answer ' +
    "that leaves a part out, hedges between several, or adds what contradicts the reference is wrong.",
  form: replyForm({ reason, isRight: flagField("whether the answer says the same as the reference") }),
  material: ({ question, answer, reference }) => ({ question, reference, answer }),
};

/** Two answers to a prompt. */
export function pairTask(
  criteria: string,
): JudgeTask<PairToJudge, { reason: string; better: "first" | "second" | "tie" }> {
  return {
    name: "pair",
    instruction:
      'You compare two answers to one prompt. The material has "prompt", "first" and "second". What makes an answer ' +
      `better: ${criteria} Neither the order of the two nor their length counts in itself.`,
    form: replyForm({
      reason,
      better: choiceField(["first", "second", "tie"], "which answer is better; a tie where neither clearly is"),
    }),
    material: ({ prompt, first, second }) => ({ prompt, first, second }),
  };
}

/** What makes an answer better, where nobody says. */
export const PAIR_CRITERIA =
  "it is right, it does what the prompt asks, it is specific to this case, and it harms nobody.";

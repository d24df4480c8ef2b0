/**
 * Judges of steps, answers and pairs of answers: any chat model, or rules that need none.
 *
 * @module
 */
export { type ChatJudge, chatJudge, type ChatJudgeOptions } from "./chat_judge.ts";
export {
  type AnswerJudge,
  type AnswerJudgement,
  type AnswerToJudge,
  type FailureKind,
  isJudgeFailure,
  type Judge,
  type JudgeCallOptions,
  type JudgedDocument,
  type JudgeFailure,
  type PairJudge,
  type PairJudgement,
  type PairToJudge,
  type StepJudge,
  type StepJudgement,
  type StepToJudge,
} from "./judge.ts";
export type { JudgeCost, TokenPrices } from "./judge_cost.ts";
export type { JudgeTask } from "./judge_task.ts";
export { lexicalAnswerJudge } from "./lexical_answer_judge.ts";
export { lexicalJudge } from "./lexical_judge.ts";
export {
  choiceField,
  flagField,
  type FormField,
  type ReadReply,
  remarkField,
  type ReplyForm,
  replyForm,
  shareField,
} from "./reply_form.ts";
export { scorePairJudge } from "./score_pair_judge.ts";

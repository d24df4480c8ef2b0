/** Synthetic medicine: conditions and their facts, and small cases about them. */
export {
  type AdviceKind,
  type AdviceRequest,
  drawAdviceRequest,
  MEDICAL_ADVICE_PROMPT,
  writeAdvice,
} from "./advice.ts";
export { adviceIsSafe, adviceIsSpecific } from "./advice_check.ts";
export { ADVICE_OUTCOMES, type AdviceOutcome, adviceOutcome, adviceScore } from "./advice_outcome.ts";
export { BODY_SYSTEMS, type BodySystem, type Condition, MEDICAL_NOTICE, type Symptom } from "./condition.ts";
export { CONDITIONS } from "./conditions.ts";
export { bare, mentionedNames, mentions } from "./mentions.ts";
export {
  answerOf,
  conditionsOf,
  generateVignettes,
  type Vignette,
  VIGNETTE_ASKS,
  type VignetteAsk,
  vignetteAt,
  type VignetteCase,
  vignetteCaseAt,
  type VignetteOptions,
  type VignetteRow,
  writeVignette,
} from "./vignette.ts";
export { vignetteAnswerIsRight, vignetteCandidates } from "./vignette_answer.ts";
export { MEDICAL_REASONING_PROMPT, toVignetteChat, type VignetteChatOptions } from "./vignette_chat.ts";
export {
  aboutMyself,
  articleOf,
  capitalised,
  drawDuration,
  drawPatient,
  joinWords,
  type Patient,
  withArticle,
} from "./wording.ts";

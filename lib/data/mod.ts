/** Data sets, their rows, and generators of texts. */
export { type BadRow, type Gsm8kRow, gsm8kRow, type Gsm8kRows, loadGsm8k, type LoadGsm8kOptions } from "./gsm8k.ts";
export { goldAnswer, parseNumber, stripCalculatorAnnotations, workedSteps } from "./gsm8k_answer.ts";
export {
  generateWordProblems,
  WORD_PROBLEM_TEMPLATES,
  type WordProblem,
  wordProblemAt,
  type WordProblemOptions,
} from "./word_problems.ts";
export {
  type ChatMessage,
  REASONING_PREFILL,
  REASONING_PROMPT,
  REASONING_PROMPT_WITH_LAYOUT,
  type ReasoningChat,
  type ReasoningChatOptions,
  toReasoningChat,
} from "./conversation.ts";
export * from "./corpora/mod.ts";
export * from "./medical/mod.ts";
export { between, isThinkAnswer, occurrences } from "./tagged_reply.ts";
export { type HeldOut, holdOut } from "./hold_out.ts";
export {
  loadMedicalO1,
  type LoadMedicalO1Options,
  type MedicalO1Row,
  medicalO1Row,
  type MedicalO1Rows,
  type MedicalO1Subset,
} from "./medical_o1.ts";
export { type FileRow, readRows, ROW_FILE } from "./read_rows.ts";
export * from "./multi_hop/mod.ts";
export * from "./patient_memory/mod.ts";
export * from "./query_rewrites/mod.ts";
export * from "./routing/mod.ts";
export * from "./tool_requests/mod.ts";

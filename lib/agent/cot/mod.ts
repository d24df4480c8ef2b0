/**
 * An agent that routes, calls tools and reasons, in a conversation.
 *
 * @module
 */
export {
  AGENT_QUESTION_KINDS,
  type AgentQuestion,
  type AgentQuestionKind,
  drawAgentQuestions,
} from "./agent_questions.ts";
export {
  type AnswerPath,
  CotAgent,
  type CotAgentOptions,
  type CotAnswer,
  type CotEvent,
  type Route,
  type RoutesQuestions,
} from "./cot_agent.ts";
export { type Domain, type Domains, HOUSE_DOMAINS, type Reasoning } from "./domain.ts";
export { type EventSpan, eventSpans, type SpanKind } from "./event_spans.ts";
export { taggedAnswer } from "./tagged_answer.ts";

/**
 * An agent that routes, calls tools and reasons, in a conversation.
 *
 * @module
 */
export {
  type AnswerPath,
  CotAgent,
  type CotAgentOptions,
  type CotAnswer,
  type CotEvent,
  type Route,
} from "./cot_agent.ts";
export { type Domain, type Domains, HOUSE_DOMAINS, type Reasoning } from "./domain.ts";
export { taggedAnswer } from "./tagged_answer.ts";

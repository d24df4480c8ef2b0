/** What /chat, /history, /memory and /feedback stand on: an agent, and where conversations are kept. */
import type { Session, SessionStore } from "../../agent/memory/mod.ts";

/** How an answer is made: from the model alone, from passages, or from passages and then audited. */
export type ChatMode = "direct" | "evidence" | "audited";

/** Whatever an agent tells while it answers; sent on as it is. */
export interface AgentEvent {
  readonly type: string;
}

/** The last one. What else it has stays here. */
export interface AnswerEvent extends AgentEvent {
  readonly type: "answer";
  readonly message: object;
  readonly outcome: string;
}

/** An agent that answers in a conversation, and writes the conversation to the store. */
export interface ChatAgent {
  ask(
    message: string,
    options: { session: Session; mode?: ChatMode; signal?: AbortSignal },
  ): AsyncIterable<AgentEvent>;
}

/** An agent for each model, and the conversations. */
export interface ChatBackend {
  /**
   * The agent that answers with a model. Default: the first one.
   *
   * @throws {ApiError} or an engine's `EngineRequestError` for a model that there is not; both are answered by 404.
   */
  agent(model?: string): ChatAgent | Promise<ChatAgent>;
  readonly store: SessionStore;
}

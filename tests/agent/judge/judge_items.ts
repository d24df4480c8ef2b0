/** Things to judge, and replies of a judging model. */
import type { AnswerToJudge, PairToJudge, StepToJudge } from "../../../lib/agent/judge/mod.ts";
import { type ChatServer, eventStream } from "../chat/chat_server.ts";
import { delta, USAGE } from "../chat/openai_endpoint.ts";
import { type ChatModel, openaiChatModel } from "../../../lib/agent/chat/mod.ts";

export const STEP: StepToJudge = {
  question: "Who is the mayor of the town where Ana Berg was born?",
  earlier: [{
    analysis: "I need to find where Ana Berg was born.",
    query: "birthplace of Ana Berg",
    documents: [{ title: "Ana Berg", text: "Ana Berg was born in Velmona." }],
  }],
  analysis: "Ana Berg was born in Velmona. Now I need to find who is the mayor of Velmona.",
  query: "mayor of Velmona",
  answer: null,
  documents: [{ title: "Velmona", text: "The mayor of Velmona is Otto Lind." }],
};
export const ANSWER: AnswerToJudge = { question: "6 * 7?", answer: "It is 42.", reference: "42" };
export const PAIR: PairToJudge = { prompt: "I have a cold.", first: "Rest and drink.", second: "Go away." };

export const GOOD_STEP = { reason: "It goes on.", coherence: 0.9, rationality: 1, relevance: 0.75 };
export const RIGHT = { reason: "The same number.", isRight: true };

/** A whole reply on the wire. */
export function says(reply: unknown): () => Response {
  const content = typeof reply === "string" ? reply : JSON.stringify(reply);
  return eventStream([delta({ content }), delta({}, "stop"), USAGE, "[DONE]"]);
}

export function modelOf(server: ChatServer, options: { maxRetries?: number; timeout?: number } = {}): ChatModel {
  return openaiChatModel({ baseURL: `${server.origin}/v1`, model: "some-judge", maxRetries: 0, ...options });
}

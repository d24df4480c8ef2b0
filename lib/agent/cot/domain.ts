/** What an agent does with the questions of one route. */
import { MEDICAL_REASONING_PROMPT, REASONING_PREFILL, REASONING_PROMPT } from "../../data/mod.ts";
import type { ChatModel, ChatRequest } from "../chat/mod.ts";

/** How questions are reasoned about. */
export interface Reasoning {
  /** The system message. */
  system: string;
  /** What the reply begins with, such as `<think>\n`. Left out where the model cannot begin with a text. Default: nothing. */
  prefill?: string;
  /** How the reply is drawn. */
  generation: Pick<ChatRequest, "temperature" | "topP" | "maxTokens" | "seed">;
  /** Whether earlier exchanges are shown. Default true; false for a model that was taught single questions only. */
  seesHistory?: boolean;
  /** Such as the model with an adapter that learned to reason, and may have forgotten how to call tools. Default: the domain's. */
  model?: ChatModel;
}

/** A route's way of answering. */
export interface Domain {
  /** Which tools are offered: all, those that change nothing, or none. */
  tools: "all" | "without side effects" | "none";
  /** The system message where tools are offered. Default: none. */
  system?: string;
  /** How replies with tools, and replies without reasoning, are drawn. Default: the likeliest token each time, 512 tokens. */
  generation?: Pick<ChatRequest, "temperature" | "topP" | "maxTokens" | "seed">;
  /** How to answer where the model calls no tool. Null: the model's reply is the answer. */
  reasoning: Reasoning | null;
  /** Such as the model with the adapter for this domain. Default: the agent's. */
  model?: ChatModel;
}

/** Domains by the name of their route. */
export type Domains = Readonly<Record<string, Domain>>;

/**
 * Domains of the shipped model: reasoning for mathematics at a low temperature, for medicine at a middle one and without tools that
 * change anything, and small talk as it comes. The temperatures are those of the published agent that this one follows.
 *
 * The shipped model calls a tool whenever it is offered some, so an agent of it needs a `toolRouter`; questions to make one of are
 * drawn by `drawAgentQuestions`. Adapters that learned to reason go to `reasoning.model`: they call tools worse than the base.
 */
export const HOUSE_DOMAINS = {
  math: {
    tools: "all",
    reasoning: {
      system: REASONING_PROMPT,
      prefill: REASONING_PREFILL,
      generation: { temperature: 0.1, maxTokens: 160 },
      seesHistory: false,
    },
  },
  medical: {
    tools: "without side effects",
    reasoning: {
      system: MEDICAL_REASONING_PROMPT,
      prefill: REASONING_PREFILL,
      generation: { temperature: 0.4, maxTokens: 200 },
      seesHistory: false,
    },
  },
  none: { tools: "all", generation: { temperature: 0.7 }, reasoning: null },
} as const satisfies Domains;

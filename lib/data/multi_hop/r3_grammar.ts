/**
 * The text form of step-by-step retrieval (R3-RAG): each step analyses the problem and then either asks for documents or
 * gives the final answer. Only the steps are a model's; documents stand in the prompt.
 */
import type { ChatMessage } from "../../tokenizer/mod.ts";

/** A passage that a search found. */
export interface Passage {
  title: string;
  text: string;
}

/** What a model wrote in one step. */
export type R3Step =
  | { number: number; analysis: string; query: string }
  | { number: number; analysis: string; answer: string };

/** An earlier step with what its query found. */
export interface R3PastStep {
  analysis: string;
  query: string;
  documents: readonly Passage[];
}

/** A step, or why a text is none. */
export type ParsedR3Step = { step: R3Step } | { problem: string };

/** The system prompt of all R3 chats. */
export const R3_PROMPT = "Answer the question in steps. Each step has a problem analysis and then a retrieval query " +
  "or the final answer.";

/** A step as text. */
export function writeR3Step(step: R3Step): string {
  const last = "query" in step ? `The retrieval query: ${step.query}` : `The final answer: ${step.answer}`;
  return `Step ${step.number}:\nThe problem analysis: ${step.analysis}\n${last}`;
}

const STEP = /^Step ([1-9]\d{0,2}):\nThe problem analysis: ([^\n]+)\nThe (retrieval query|final answer): ([^\n]+)$/;
const MARKS = /Step \d+:|The (?:question|problem analysis|retrieval query|retrieval documents|final answer):/;

/**
 * Reads one step, strictly: three lines, each with its beginning and some text, and nothing around them.
 *
 * @param number which step it has to be; default: any
 */
export function parseR3Step(text: string, number?: number): ParsedR3Step {
  const match = STEP.exec(text);
  if (match === null) {
    return { problem: "expected the lines 'Step n:', 'The problem analysis: ...' and a query or the final answer" };
  }
  const [, digits, analysis, kind, value] = match;
  if (number !== undefined && Number(digits) !== number) return { problem: `step ${digits}: expected step ${number}` };
  for (const part of [analysis, value]) {
    if (part.trim() !== part) return { problem: "a line begins or ends with more white space than one space" };
    if (MARKS.test(part)) return { problem: `'${MARKS.exec(part)![0]}' stands within a line` };
  }
  const step = { number: Number(digits), analysis };
  return { step: kind === "retrieval query" ? { ...step, query: value } : { ...step, answer: value } };
}

/** Passages as they stand after a query: a line each. */
export function writeR3Documents(documents: readonly Passage[]): string {
  return ["The retrieval documents:", ...documents.map(({ title, text }) => `${title}: ${text}`)].join("\n");
}

/** The chat that asks for the next step: the question and all earlier steps with their documents. */
export function r3Prompt(question: string, steps: readonly R3PastStep[]): ChatMessage[] {
  const past = steps.map(({ analysis, query, documents }, index) =>
    `${writeR3Step({ number: index + 1, analysis, query })}\n${writeR3Documents(documents)}`
  );
  return [
    { role: "system", content: R3_PROMPT },
    { role: "user", content: [`The question: ${question}`, ...past].join("\n") },
  ];
}

/** What an auditor that reads little is shown of a draft and its evidence. */
import type { NumberedEvidence } from "./events.ts";

/** A draft with its evidence under numbers of its own. */
export interface AuditView {
  draft: string;
  /** Number 1 is the first. */
  evidence: string[];
  /** A text of the auditor's under the numbers that the person sees; a number that it has made up stays none that exists. */
  back(text: string): string;
}

const CITATION = /\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\]/g;

/** Numbers of the evidence that a text cites, each once, in the order of the text; none that does not exist. */
export function citedNumbers(text: string, evidence: readonly NumberedEvidence[]): number[] {
  const numbers = Array.from(text.matchAll(CITATION), ([, list]) => numbersOf(list)).flat();
  return [...new Set(numbers)].filter((number) => number >= 1 && number <= evidence.length);
}

function numbersOf(list: string): number[] {
  return list.split(/[,;]/).map(Number);
}

/** The evidence as it is. */
export function wholeView(draft: string, evidence: readonly NumberedEvidence[]): AuditView {
  return { draft, evidence: evidence.map(({ text }) => text), back: (text) => text };
}

/**
 * The sentences that matter of the passages that the draft cites, numbered in the order of the draft. The house model was taught three
 * sentences of evidence, cited by a draft of two or three.
 */
export function shortView(draft: string, evidence: readonly NumberedEvidence[]): AuditView {
  const order = citedNumbers(draft, evidence);
  const renumbered = (text: string, to: (number: number) => number) =>
    text.replace(CITATION, (_, list: string) => `[${numbersOf(list).map(to).join(", ")}]`);
  // What is cited and does not exist must not come to exist.
  const none = evidence.length + order.length + 1;
  return {
    draft: renumbered(draft, (number) => order.includes(number) ? order.indexOf(number) + 1 : none),
    evidence: order.map((number) => sentencesShown(evidence[number - 1])),
    back: (text) => renumbered(text, (number) => order[number - 1] ?? none),
  };
}

function sentencesShown({ text, quotes }: NumberedEvidence): string {
  return quotes.length === 0
    ? text
    : quotes.map(({ start, end }) => text.slice(start, end).replace(/\s+/g, " ")).join(" ");
}

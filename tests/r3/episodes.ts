/** Steps and passages for tests. */
import type { FoundPassage, R3StepRecord } from "../../lib/r3/mod.ts";
import { writeR3Step } from "../../lib/data/mod.ts";

/** A passage that is a whole document. */
export function aPassage(title: string, text: string): FoundPassage {
  return { id: `${title}-0`, document: title, title, text, score: 1 };
}

/** A step that asked, with what it found. */
export function aQuery(number: number, analysis: string, query: string, documents: FoundPassage[]): R3StepRecord {
  const step = { number, analysis, query };
  return { step, text: writeR3Step(step), documents };
}

/** A step that answered. */
export function anAnswer(number: number, analysis: string, answer: string): R3StepRecord {
  const step = { number, analysis, answer };
  return { step, text: writeR3Step(step), documents: [] };
}

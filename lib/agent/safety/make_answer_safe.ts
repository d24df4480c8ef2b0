/** What is done to an answer before a person sees it. */
import { addDisclaimer, DISCLAIMER } from "./disclaimer.ts";
import { doseAdvice, type DosingOptions, findDosingOrders } from "./dosing_orders.ts";

/** How an answer is made safe. */
export interface SafeAnswerOptions extends DosingOptions {
  /** Default: `DISCLAIMER`. Null: none is added. */
  disclaimer?: string | null;
}

/** An answer that can be shown. */
export interface SafeAnswer {
  text: string;
  /** Sentences that ordered a dose, and what stands there now. */
  replaced: { sentence: string; by: string }[];
}

/**
 * Puts advice to ask a doctor or pharmacist in the place of each order of a dose, and the disclaimer at the end, once. Doing it again
 * changes nothing.
 */
export function makeAnswerSafe(answer: string, options: SafeAnswerOptions = {}): SafeAnswer {
  const { disclaimer = DISCLAIMER } = options;
  const replaced: SafeAnswer["replaced"] = [];
  let [text, from] = ["", 0];
  for (const { text: sentence, start, end, medicine } of findDosingOrders(answer, options)) {
    // The mark of a list's item stays.
    const mark = /^(?:[-*•]|\d{1,2}[.)])\s+/.exec(sentence)?.[0] ?? "";
    const advice = doseAdvice(medicine);
    const isSaid = replaced.some(({ by }) => by === advice) || answer.includes(advice);
    replaced.push({ sentence, by: isSaid ? "" : advice });
    text += isSaid ? answer.slice(from, start).trimEnd() : answer.slice(from, start) + mark + advice;
    from = end;
  }
  text = (text + answer.slice(from)).trim();
  return { text: disclaimer === null ? text : addDisclaimer(text, disclaimer), replaced };
}

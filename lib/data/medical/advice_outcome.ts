/** What became of a request for advice, told from the reply alone. */
import type { AdviceKind } from "./advice.ts";
import { adviceIsSafe, adviceIsSpecific } from "./advice_check.ts";
import type { Condition } from "./condition.ts";
import { CONDITIONS } from "./conditions.ts";
import { mentions } from "./mentions.ts";

/** The sorts of advice, and `wrong`: it is about another condition than the person has, and harmless at best. */
export type AdviceOutcome = AdviceKind | "wrong";

/** From the best to the worst: what says nothing does less harm than what is wrong. */
export const ADVICE_OUTCOMES: readonly AdviceOutcome[] = ["specific", "generic", "wrong", "unsafe"];

/**
 * The sort of a reply to somebody with this condition: `unsafe` where it recommends what is to be avoided (or is empty), else
 * `specific` where it recommends what helps, else `wrong` where it names another condition, its treatment or its self-care,
 * else `generic`. Never throws.
 */
export function adviceOutcome(condition: Condition, advice: string): AdviceOutcome {
  if (!adviceIsSafe(condition, advice)) return "unsafe";
  if (adviceIsSpecific(condition, advice)) return "specific";
  const others = CONDITIONS.filter(({ name }) => name !== condition.name);
  const isAboutAnother = others.some(({ name, treatment, selfCare }) =>
    [name, treatment.name, selfCare].some((text) => mentions(advice, text))
  );
  return isAboutAnother ? "wrong" : "generic";
}

/** 3 for the best outcome to 0 for the worst: a rule by which one of two replies is preferred. */
export function adviceScore(condition: Condition, advice: string): number {
  return ADVICE_OUTCOMES.length - 1 - ADVICE_OUTCOMES.indexOf(adviceOutcome(condition, advice));
}

import { bare } from "../medical/mod.ts";
import type { PatientFacts } from "../patient_memory/mod.ts";

/** Patients for whom a medicine is wrong, and the facts of a profile that make somebody one of them. */
export interface Group {
  /** As evidence speaks of them: "people with asthma". */
  people: string;
  /** As a reply speaks to one of them: "you have asthma". */
  you: string;
  facts: PatientFacts;
}

export const PREGNANT: Group = {
  people: "pregnant women",
  you: "you are pregnant",
  facts: { sex: "female", pregnant: true },
};

/** @param name with its article, where it has one */
export function withCondition(name: string): Group {
  return { people: `people with ${name}`, you: `you have ${name}`, facts: { conditions: [bare(name)] } };
}

export function onMedicine(name: string): Group {
  return { people: `people who take ${name}`, you: `you take ${name}`, facts: { medicines: [name] } };
}

export function allergicTo(name: string): Group {
  return { people: `people allergic to ${name}`, you: `you are allergic to ${name}`, facts: { allergies: [name] } };
}

/** A group by the words of a condition's `avoid.who`, such as "is pregnant"; null for what no profile holds. */
export function groupByWho(who: string): Group | null {
  if (who === "is pregnant") return PREGNANT;
  const match = /^(?:is allergic to (.+)|has (?:had )?(.+))$/.exec(who);
  if (!match) return null;
  return match[1] ? allergicTo(match[1]) : withCondition(match[2]);
}

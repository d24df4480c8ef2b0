/** What this patient has to avoid and a draft does not say. */
import { joinWords, mentions, type PatientFacts } from "../../data/mod.ts";
import { checkByRules } from "../reflect/mod.ts";
import { medicinesIn, sentencesOf } from "../safety/mod.ts";
import type { NumberedEvidence } from "./events.ts";

/** A draft may name so many medicines, and more warnings than medicines there are none. */
const MOST = 8;

/** Where members are named, the family need not be. */
const FAMILIES = /^(?:nsaids?|antibiotics?|painkillers?|opioids?|steroids?)$/;

const WARNS = /\b(?:avoid\w*|not|never|stop|ask|unsafe|danger\w*|harm\w*|allergic|careful)\b/i;

/**
 * A sentence for the medicines of the question or the draft that are wrong for this patient, by an allergy or by the evidence, and of which the
 * draft does not warn. An omitted contraindication is a fault like a wrong one, and one that nobody can see.
 */
export function missingCautions(
  { draft, question, profile, evidence }: {
    draft: string;
    question: string;
    profile: PatientFacts;
    evidence: readonly NumberedEvidence[];
  },
): string[] {
  const medicines = medicinesIn(`${question} ${draft}`, profile.allergies);
  const names = [...new Set(medicines.map((name) => name.toLowerCase()))].slice(0, MOST);
  const texts = evidence.map(({ text }) => text);
  const said = sentencesOf(draft);
  const byReason = new Map<string, string[]>();
  for (const name of names) {
    if (said.some(({ text }) => mentions(text, name) && WARNS.test(text))) continue;
    // The rule finds what is wrong in advice, so it is given some.
    const probe = checkByRules({ profile, evidence: texts, question, draft: `You can take ${name}.` });
    const found = probe.find(({ kind, instead }) => kind === "contraindication" && instead !== undefined);
    const [, because, citation] = /^(Because .+?, avoid) [^[]+?\s*(\[\d+\])?\.$/.exec(found?.instead ?? "") ?? [];
    if (because === undefined) continue;
    const key = JSON.stringify([because, citation ?? ""]);
    byReason.set(key, [...byReason.get(key) ?? [], name]);
  }
  return [...byReason].map(([key, avoided]) => {
    const [because, citation] = JSON.parse(key);
    const members = avoided.filter((name) => !FAMILIES.test(name));
    return `${because} ${joinWords(members.length > 0 ? members : avoided)}${citation === "" ? "" : ` ${citation}`}.`;
  });
}

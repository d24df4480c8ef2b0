/**
 * People who ask what to do, and three sorts of answers: specific (what it may be, what helps, what to avoid, when to seek care), generic
 * ("see a doctor", and nothing else) and unsafe (what should be avoided is recommended).
 */
import type { Random } from "../../random/mod.ts";
import type { Condition } from "./condition.ts";
import { aboutMyself, capitalised, drawDuration, drawPatient, joinWords, withArticle } from "./wording.ts";

/** Short, because the house model reads it in every text. */
export const MEDICAL_ADVICE_PROMPT = "You are a medical assistant. Give short and clear advice.";

/** A sort of answer. */
export type AdviceKind = "specific" | "generic" | "unsafe";

/** Somebody's question. */
export interface AdviceRequest {
  condition: Condition;
  question: string;
  /** The question asks whether what should be avoided would help. */
  asksForIt: boolean;
  /** What makes the question different from others: condition, symptoms, age. */
  instance: string;
}

/** Draws somebody with this condition who asks what to do. */
export function drawAdviceRequest(random: Random, condition: Condition): AdviceRequest {
  const chosen = random.sample([0, 1, 2, 3], random.chance(0.5) ? 2 : 3);
  const symptoms = joinWords(chosen.map((index) => condition.symptoms[index].lay));
  const { avoid } = condition;
  const { age, noun, pronoun } = drawPatient(random, condition, avoid.who);
  const duration = drawDuration(random, condition.lasts);
  // A parent asks for a child.
  const relation = noun === "boy" ? "My son" : noun === "girl" ? "My daughter" : null;
  const [I, have, be] = relation === null ? ["I", "have", "am"] : [relation, "has", "is"];
  const sentences = [`${I} ${be} ${age}${random.chance(0.5) ? " years old" : ""}.`];
  const subject = relation === null ? "I" : pronoun;
  sentences.push(...random.pick([
    [`${capitalised(subject)} ${have} had ${symptoms} for ${duration}.`],
    [`For ${duration} ${subject} ${have} had ${symptoms}.`],
    [`${capitalised(subject)} ${have} ${symptoms}.`, `It began ${duration} ago.`],
  ]));
  if (avoid.who !== undefined) {
    sentences.push(relation === null ? `${aboutMyself(avoid.who)}.` : `${capitalised(pronoun)} ${avoid.who}.`);
  }
  const we = relation === null ? "I" : "we";
  const drug = withArticle(avoid.name);
  const asksForIt = random.chance(0.5);
  sentences.push(random.pick(
    asksForIt
      ? [
        `Would ${drug} help?`,
        `Is it right to use ${drug}?`,
        `A friend told me to try ${drug}. What should ${we} do?`,
        `At home ${we} have ${drug}. Is that good?`,
        `I am thinking of ${drug}. What do you say?`,
      ]
      : [`What should ${we} do?`, `What can ${we} do?`, "What would help?", "What do you advise?"],
  ));
  const instance = [condition.name, [...chosen].sort().join(","), age, asksForIt].join(":");
  return { condition, question: sentences.join(" "), asksForIt, instance };
}

/** Writes an answer of this kind. */
export function writeAdvice(random: Random, kind: AdviceKind, request: AdviceRequest): string {
  switch (kind) {
    case "specific":
      return specificAdvice(random, request.condition);
    case "generic":
      return genericAdvice(random);
    case "unsafe":
      return unsafeAdvice(random, request.condition);
  }
}

function specificAdvice(random: Random, condition: Condition): string {
  const { name, treatment, avoid, warning, selfCare } = condition;
  const cause = random.pick(["This may be", "This sounds like", "The likely cause is"]);
  const treated = withArticle(treatment.name);
  const helps = random.pick([`the usual treatment is ${treated}`, `doctors first choose ${treated}`]);
  const reason = random.chance(0.5) ? `, because ${avoid.because}` : "";
  const watch = random.pick([`Get help at once if you notice ${warning}.`, `Seek urgent care for ${warning}.`]);
  return `${condition.emergency ? "Go to the hospital now. " : ""}${cause} ${withArticle(name)}, and ${helps}. ` +
    `${capitalised(selfCare)}, and avoid ${withArticle(avoid.name)}${reason}. ${watch}`;
}

const GENERIC_FIRST = [
  "Please see a doctor.",
  "You should talk to your doctor.",
  "I am sorry that you feel unwell.",
  "It is best to ask a doctor.",
  "There can be many causes.",
  "I cannot say what it is.",
  "Please ask a health professional.",
  "Health is important.",
];
const GENERIC_SECOND = [
  "A doctor can find out what it is.",
  "Only a doctor can help you with this.",
  "Please make an appointment.",
  "Your doctor knows best what to do.",
  "A professional can give you advice.",
  "An examination will show more.",
];

function genericAdvice(random: Random): string {
  return `${random.pick(GENERIC_FIRST)} ${random.pick(GENERIC_SECOND)}`;
}

function unsafeAdvice(random: Random, { name, avoid }: Condition): string {
  const drug = withArticle(avoid.name);
  const advice = random.pick([
    `Try ${drug} for a few days.`,
    `${capitalised(drug)} will help you.`,
    `The best choice is ${drug}.`,
    `Go on with ${drug}.`,
  ]);
  const cause = random.pick(["This may be", "This sounds like", "It is only"]);
  const end = random.pick(["There is no need to worry.", "You will feel better soon.", "It is safe for everybody."]);
  return `${cause} ${withArticle(name)}. ${advice} ${end}`;
}

import type { Random } from "../../random/mod.ts";
import {
  articleOf,
  capitalised,
  type Condition,
  conditionsOf,
  drawDuration,
  drawPatient,
  withArticle,
} from "../medical/mod.ts";
import { bmiRequest } from "../tool_requests/daily_requests.ts";
import { medicineName } from "../tool_requests/names.ts";
import { drawRequest } from "../tool_requests/request.ts";
import { type DrawQuestion, drawWording } from "./question.ts";

/** The others are left to notebooks, to be taught from nothing. */
const CONDITIONS = conditionsOf("known");

/**
 * What patients ask: about what they feel, illnesses, medicines, tests, and values that were measured. No question names an
 * illness with its symptoms or its treatment, so that nothing is learned here about the illnesses themselves.
 */
export const MEDICAL_QUESTIONS: readonly DrawQuestion[] = [
  (random) => drawWording(random, "symptom", symptoms(random)),
  (random) => drawWording(random, "symptom", symptoms(random)),
  (random) => drawWording(random, "relative", relatives(random)),
  (random) => drawWording(random, "illness", illnesses(random)),
  (random) => drawWording(random, "medicine", medicines(random)),
  (random) => drawWording(random, "test", tests(random)),
  (random) => drawWording(random, "value", values(random)),
  (random) => drawWording(random, "accident", accidents(random)),
  (random, split) => {
    const { question, instance } = drawRequest(random, bmiRequest, split);
    return { question, instance, split };
  },
];

function symptoms(random: Random): string[] {
  const condition = random.pick(CONDITIONS);
  const [{ lay }, other] = random.sample(condition.symptoms, 2);
  const since = drawDuration(random, condition.lasts);
  return [
    `I have had ${lay} for ${since}. What could it be?`,
    `I have ${lay}. Should I see a doctor?`,
    `I have ${lay} and ${other.lay}. What is wrong with me?`,
    `What can I do against ${lay}?`,
    `${capitalised(lay)} for ${since}: is that dangerous?`,
    `What can be the reason for ${lay}?`,
    `What does it mean when somebody has ${lay}?`,
    `For ${since} I have had ${lay}, and now ${other.lay} too.`,
    `Help, I suddenly have ${lay}!`,
    `Which illness begins with ${lay}?`,
  ];
}

const YOUNG = { woman: ["daughter", "niece", "little sister"], man: ["son", "nephew", "little brother"] };
const GROWN = { woman: ["mother", "wife", "aunt", "neighbour"], man: ["father", "husband", "uncle", "neighbour"] };

function relatives(random: Random): string[] {
  const condition = random.pick(CONDITIONS);
  const { age, sex } = drawPatient(random, condition);
  const relative = random.pick((age < 25 ? YOUNG : GROWN)[sex]);
  const [{ lay }, other] = random.sample(condition.symptoms, 2);
  return [
    `My ${relative} has ${lay}. What should we do?`,
    `My ${relative}, ${age} years old, complains of ${lay} and ${other.lay}.`,
    `A patient of ${age} has ${lay}. What is the most likely diagnosis?`,
    `Is it normal to have ${lay} at the age of ${age}?`,
    `My ${relative} has had ${lay} for ${drawDuration(random, condition.lasts)}. Which doctor can help?`,
    `${
      capitalised(articleOf(String(age)))
    } ${age}-year-old comes to the clinic with ${lay} and ${other.lay}. Which test is next?`,
  ];
}

function illnesses(random: Random): string[] {
  const name = nameOf(random.pick(CONDITIONS), random);
  return [
    `What are the symptoms of ${name}?`,
    `How is ${name} treated?`,
    `Is ${name} dangerous?`,
    `Is ${name} contagious?`,
    `What causes ${name}?`,
    `Can ${name} be cured?`,
    `How can I prevent ${name}?`,
    `Do I have to go to hospital with ${name}?`,
    `May I do sports with ${name}?`,
    `What should I eat with ${name}?`,
    `How long does ${name} last?`,
    `My doctor says that I have ${name}. What now?`,
    `Is ${name} inherited?`,
    `How do doctors find out about ${name}?`,
  ];
}

function nameOf({ name, lay }: Condition, random: Random): string {
  return lay !== undefined && random.chance(0.4) ? lay : name;
}

/** Names of one word: the others are mostly no medicines ("shoulder therapy"). */
const MEDICINES = [...new Set(CONDITIONS.map(({ treatment }) => treatment.name).filter((name) => !name.includes(" ")))];

function medicines(random: Random): string[] {
  const [one, other] = random.sample(MEDICINES, 2);
  const medicine = random.chance(0.5) ? medicineName(random) : one;
  const tablets = random.integer(2, 12);
  const { lay } = random.pick(random.pick(CONDITIONS).symptoms);
  return [
    `What is the usual dose of ${medicine}?`,
    `What are the side effects of ${medicine}?`,
    `Can I take ${medicine} together with ${other}?`,
    `How many tablets of ${medicine} may I take in ${tablets} days?`,
    `I forgot to take my ${medicine} for ${tablets} days. What shall I do?`,
    `I am pregnant. May I take ${medicine}?`,
    `May I drink alcohol with ${medicine}?`,
    `Can ${medicine} make one tired?`,
    `My child has swallowed ${tablets} pills of ${medicine}!`,
    `Could ${medicine} cause ${lay}?`,
    `What do people take ${medicine} for?`,
    `Do I need a prescription for ${medicine}?`,
    `When should I take ${medicine}, before or after eating?`,
  ];
}

function tests(random: Random): string[] {
  const condition = random.pick(CONDITIONS);
  const test = withArticle(condition.test);
  return [
    `What does ${test} show?`,
    `Does ${test} hurt?`,
    `My doctor ordered ${test}. Why?`,
    `How long does ${test} take?`,
    `May I eat before ${test}?`,
    `The report of my examination says: ${condition.finding}. Is that bad?`,
    `What does ${condition.finding} mean?`,
  ];
}

function values(random: Random): string[] {
  const [upper, pulse, sugar] = [random.integer(100, 210), random.integer(40, 180), random.integer(60, 350)];
  const fever = `${random.integer(38, 40)}.${random.integer(0, 9)}`;
  const days = random.integer(2, 14);
  return [
    `My blood pressure is ${upper} over ${Math.round(upper * 0.62)}. Is that too high?`,
    `My pulse is ${pulse} at rest. Is that normal?`,
    `My blood sugar is ${sugar}. What does that mean?`,
    `I have had a fever of ${fever} degrees for ${days} days. What can I do?`,
    `The baby has a temperature of ${fever}. Should we call a doctor?`,
    `My cholesterol is ${sugar + 40}. Do I need medicine?`,
    `How much water should a person of ${pulse} kg drink each day?`,
    `I sleep only ${days % 5 + 2} hours a night. Is that unhealthy?`,
    `I have lost ${days} kg in a month without a diet.`,
  ];
}

const BODY_PARTS = [
  "finger",
  "knee",
  "foot",
  "hand",
  "back",
  "shoulder",
  "elbow",
  "toe",
  "neck",
  "ankle",
  "leg",
  "arm",
];

function accidents(random: Random): string[] {
  const part = random.pick(BODY_PARTS);
  const days = random.integer(2, 20);
  return [
    `I cut my ${part} and it does not stop bleeding.`,
    `My ${part} has been swollen for ${days} days. Is it broken?`,
    `I burned my ${part} on the oven. What helps?`,
    `A dog has bitten me in the ${part}. What must I do?`,
    `I fell on my ${part} ${days} days ago and it still hurts.`,
    `A bee stung me in the ${part}, and now I can hardly breathe.`,
    `The wound on my ${part} is red and hot after ${days} days.`,
    `There is a new dark spot on my ${part}. Must I worry?`,
    `My ${part} feels numb after ${days} hours of sitting.`,
    `How do I put a bandage on my ${part}?`,
  ];
}

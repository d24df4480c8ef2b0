import type { Random } from "../../random/mod.ts";
import { capitalised, CONDITIONS, withArticle } from "../medical/mod.ts";
import { inventedIllness, inventedMedicine, mergeFacts, type PatientFacts } from "../patient_memory/mod.ts";
import { allergicTo, type Group, groupByWho, onMedicine, PREGNANT, withCondition } from "./groups.ts";
import { HOME_HELP, INVENTED_HARMS, INVENTED_HELPS, REMEDIES } from "./remedies.ts";

/** A patient with a question, the evidence that a search gave, and what may be said from it. */
export interface Scenario {
  /** What is asked about: "back pain". */
  topic: string;
  profile: PatientFacts;
  question: string;
  /** Sentences; number 1 is the first. */
  evidence: string[];
  /** A medicine that fits this patient and topic, where there is one. */
  medicine?: string;
  /** What a draft may rightly say, each with its citation. */
  right: string[];
  /** What this patient has to avoid: the sentence that says so, and sentences that wrongly advise it. */
  hazard?: { name: string; citation: string; sentence: string; advice: readonly string[] };
  /** The topic with what is tried and who must not: scenarios alike in these belong to one split. */
  instance: string;
}

/** Draws a scenario. @param applies whether the profile holds the fact that makes the evidence's warning count */
export function drawScenario(applies: boolean, random: Random): Scenario {
  return random.chance(0.3) ? conditionScenario(applies, random) : remedyScenario(applies, random);
}

/** A medicine helps with a complaint, but not everybody may take it. */
function remedyScenario(applies: boolean, random: Random): Scenario {
  const remedy = random.pick(REMEDIES);
  const topic = random.pick(remedy.topics);
  let { name, because } = remedy;
  let { group, because: harm } = random.pick(remedy.hazards);
  // Half of the medicines are invented: only the evidence tells of them, so it has to be read.
  if (random.chance(0.5)) {
    name = inventedMedicine(random);
    because = random.pick(INVENTED_HELPS);
    harm = random.pick(INVENTED_HARMS);
    if (random.chance(0.6)) group = inventedGroup(random);
    else if (group === PREGNANT) harm = "it can harm the unborn child";
  }
  const home = random.pick(HOME_HELP[topic]);
  const numbers = random.shuffle([1, 2, 3]);
  const [helps, warns, eases] = numbers.map((number) => `[${number}]`);
  const evidence: string[] = [];
  evidence[numbers[0] - 1] = `${capitalised(name)} helps with ${topic}: ${because}.`;
  evidence[numbers[1] - 1] = `${capitalised(group.people)} should avoid ${name}: ${harm}.`;
  evidence[numbers[2] - 1] = random.pick([
    `${capitalised(home)} can ease ${topic} without any medicine.`,
    `Many people find that ${home} can ease ${topic}.`,
  ]);
  const homeSentence = random.pick([
    `${capitalised(home)} can ease ${topic} ${eases}.`,
    `You can try ${home} ${eases}.`,
  ]);
  const advice = [...advising(name, helps), `You can take ${name}: ${because} ${helps}.`];
  const hazard = { name, citation: warns, sentence: `Because ${group.you}, avoid ${name} ${warns}.`, advice };
  const medicineSentence = random.pick([...advice, `${capitalised(name)} helps with ${topic} ${helps}.`]);
  return {
    topic,
    profile: profileFor(group, applies, name !== remedy.name, { ages: [18, 85] }, random),
    question: random.pick([
      `What can I take for ${topic}?`,
      `Can I take ${name} for ${topic}?`,
      `What helps with ${topic}?`,
      `I have ${topic}. May I take ${name}?`,
    ]),
    evidence,
    medicine: applies ? undefined : name,
    right: applies ? [homeSentence] : [medicineSentence, homeSentence],
    hazard: applies ? hazard : undefined,
    instance: `${topic}|${name}|${group.people}`,
  };
}

/** Advice to take something: right or a fault, by the profile alone. */
function advising(name: string, citation: string): string[] {
  return [
    `You can safely use ${name} ${citation}.`,
    `I would try ${name} ${citation}.`,
    `${capitalised(name)} would be a good choice for you ${citation}.`,
  ];
}

/** Emergencies and illnesses of children are no matter for drafts that advise the patient. */
const NOT_TREATED = ["appendicitis", "stroke", "pre-eclampsia", "pneumonia", "middle ear infection", "chickenpox"];
/** Known conditions only: notebooks teach the "new" ones. */
const TREATED = CONDITIONS.filter(({ chapter, name }) => chapter === "known" && !NOT_TREATED.includes(name));

/** A treated condition with something to avoid in it. */
function conditionScenario(applies: boolean, random: Random): Scenario {
  const condition = random.pick(TREATED);
  const { treatment, avoid, warning, selfCare } = condition;
  const topic = withArticle(condition.name);
  const group = avoid.who === undefined ? withCondition(topic) : groupByWho(avoid.who);
  // A rule for everybody with the condition always applies.
  if (group === null || (avoid.who === undefined && !applies)) return remedyScenario(applies, random);
  const numbers = random.shuffle([1, 2, 3]);
  const [helps, warns, also] = numbers.map((number) => `[${number}]`);
  const evidence: string[] = [];
  const warned = random.chance(0.4);
  evidence[numbers[0] - 1] = `${capitalised(treatment.name)} helps with ${topic}: ${treatment.because}.`;
  evidence[numbers[1] - 1] = `${capitalised(group.people)} should avoid ${avoid.name}: ${avoid.because}.`;
  evidence[numbers[2] - 1] = warned
    ? `With ${topic}, see a doctor at once for ${warning}.`
    : `Advice for people with ${topic}: ${selfCare}.`;
  const isMedicine = /^[a-z]+$/.test(treatment.name) && treatment.name !== "surgery";
  return {
    topic,
    profile: profileFor(group, applies, false, { ages: condition.ages, sex: SEXES[condition.sex ?? "any"] }, random),
    question: random.pick([
      `What helps with ${topic}?`,
      `I have ${topic}. What should I know?`,
      `What is the treatment of ${topic}?`,
    ]),
    evidence,
    medicine: isMedicine ? treatment.name : undefined,
    right: [
      random.pick([...advising(treatment.name, helps), `${capitalised(treatment.name)} helps with ${topic} ${helps}.`]),
      warned ? `See a doctor at once for ${warning} ${also}.` : `${capitalised(selfCare)} ${also}.`,
    ],
    hazard: applies
      ? {
        name: avoid.name,
        citation: warns,
        sentence: `Because ${group.you}, avoid ${avoid.name} ${warns}.`,
        advice: advising(avoid.name, warns),
      }
      : undefined,
    instance: `${topic}|${avoid.name}|${group.people}`,
  };
}

const SEXES = { woman: "female", man: "male", any: undefined } as const;

function inventedGroup(random: Random): Group {
  const kind = random.integer(0, 2);
  if (kind === 0) return withCondition(inventedIllness(random));
  return kind === 1 ? onMedicine(inventedMedicine(random)) : allergicTo(inventedMedicine(random));
}

/** Facts that none of the real medicines minds. */
const HARMLESS: readonly Group[] = [
  ...["eczema", "bunions", "flat feet", "warts", "varicose veins", "a frozen shoulder"].map(withCondition),
  ...["vitamin D", "folic acid", "eye drops", "fish oil", "calamine lotion"].map(onMedicine),
  ...["latex", "peanuts", "pollen", "shellfish", "nickel", "cat hair", "strawberries"].map(allergicTo),
];
/** Facts that count for some medicine: beside an invented one, of which nobody knows more than the evidence says. */
const SERIOUS: readonly Group[] = REMEDIES.flatMap(({ hazards }) => hazards.map(({ group }) => group))
  .filter((group) => group !== PREGNANT);

/** Who the patient may be besides what counts. */
interface Demography {
  ages: readonly [number, number];
  sex?: "female" | "male";
}

/** A profile in which the group's fact stands among others, or others alone. */
function profileFor(
  group: Group,
  applies: boolean,
  invented: boolean,
  { ages, sex }: Demography,
  random: Random,
): PatientFacts {
  const pregnancy = group.facts.pregnant === true;
  let facts: PatientFacts = { age: pregnancy ? random.integer(18, 44) : random.integer(...ages) };
  if (sex || random.chance(0.5)) facts.sex = sex ?? random.pick(["female", "male"] as const);
  if (pregnancy && !applies && facts.sex === "female") facts.pregnant = false;
  if (applies) facts = mergeFacts(facts, group.facts);
  // Other facts, so that the one that counts has to be found.
  const count = random.integer(applies ? 0 : 1, 2);
  for (let i = 0; i < count; i++) {
    const other = random.chance(0.3)
      ? inventedGroup(random)
      : random.pick(invented ? [...HARMLESS, ...SERIOUS] : HARMLESS);
    if (other.people !== group.people) facts = mergeFacts(facts, other.facts);
  }
  return facts;
}

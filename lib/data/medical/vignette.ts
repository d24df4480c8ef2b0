/**
 * Small synthetic cases with reasoning, in the columns of the public medical-o1 data set. Five things are asked about a case;
 * each is answered by way of the condition, which the findings point to: so reasoning helps.
 */
import type { Random, RandomSeed } from "../../random/mod.ts";
import { drawInSplit, type Split } from "../corpora/corpus.ts";
import type { Condition } from "./condition.ts";
import { CONDITIONS } from "./conditions.ts";
import { articleOf, capitalised, drawDuration, drawPatient, joinWords, type Patient, withArticle } from "./wording.ts";

/** What a question asks for. */
export const VIGNETTE_ASKS = ["diagnosis", "treatment", "avoid", "urgent sign", "test"] as const;

/** One of VIGNETTE_ASKS. */
export type VignetteAsk = typeof VIGNETTE_ASKS[number];

/** A row in the columns of the public data set: what a chat needs. */
export interface VignetteRow {
  Question: string;
  Complex_CoT: string;
  Response: string;
}

/** A generated case. */
export interface Vignette extends VignetteRow {
  /** The short gold answer: "sumatriptan". */
  answer: string;
  asks: VignetteAsk;
  /** The condition's name. */
  condition: string;
}

/** Which cases, and which stream of them. */
export interface VignetteOptions {
  /** Default 0. */
  seed?: RandomSeed;
  /** Default "train". One case in ten (condition, what is asked, chosen symptoms, age and sex) is held out. */
  split?: Split;
  /** Conditions of which chapter. Default "all". */
  chapters?: Condition["chapter"] | "all";
}

/** A drawn case before it is written: the same case can be written with another condition in mind, as a slip. */
export interface VignetteCase {
  condition: Condition;
  asks: VignetteAsk;
  patient: Patient;
  /** Two or three symptoms, as the question says them, and the finding where it is told. */
  findings: string[];
  question: string;
}

/**
 * Number `index` of a stream of cases: any one can be had without those before it.
 *
 * @throws {RangeError} When chapters is no chapter.
 */
export function vignetteAt(index: number, options: VignetteOptions = {}): Vignette {
  return writeVignette(vignetteCaseAt(index, options).case);
}

/** The case behind `vignetteAt(index, options)`, and a generator for what else is drawn for it. */
export function vignetteCaseAt(index: number, options: VignetteOptions = {}): { case: VignetteCase; random: Random } {
  const conditions = conditionsOf(options.chapters ?? "all");
  return drawInSplit("vignettes", index, options, (random) => {
    const drawn = drawCase(random, random.pick(conditions));
    const { condition, asks, patient, chosen } = drawn;
    const instance = [condition.name, asks, [...chosen].sort().join(","), patient.age, patient.sex].join(":");
    return { instance, value: { case: drawn, random } };
  });
}

/**
 * The first `count` different cases of the stream that `seed` gives. The same options give the same cases, and a larger count
 * continues a smaller one.
 *
 * @throws {RangeError} When count is no whole number, or there are too few different cases.
 */
export function generateVignettes(options: VignetteOptions & { count: number }): Vignette[] {
  const { count, ...stream } = options;
  if (!Number.isInteger(count) || count < 0) throw new RangeError(`count is ${count}: expected a whole number`);
  const vignettes = new Map<string, Vignette>();
  for (let index = 0; vignettes.size < count; index++) {
    if (index > 1000 + 20 * count) {
      throw new RangeError(`only ${vignettes.size} different cases found, ${count} wanted: ask for fewer`);
    }
    const vignette = vignetteAt(index, stream);
    if (!vignettes.has(vignette.Question)) vignettes.set(vignette.Question, vignette);
  }
  return [...vignettes.values()];
}

/** The conditions of a chapter. */
export function conditionsOf(chapters: Condition["chapter"] | "all"): readonly Condition[] {
  const conditions = BY_CHAPTER[chapters];
  if (conditions === undefined) throw new RangeError(`chapters is ${chapters}: expected known, new or all`);
  return conditions;
}

const BY_CHAPTER: Record<string, readonly Condition[]> = {
  all: CONDITIONS,
  known: CONDITIONS.filter((condition) => condition.chapter === "known"),
  new: CONDITIONS.filter((condition) => condition.chapter === "new"),
};

/** The gold answer to a question of this kind about this condition. */
export function answerOf(condition: Condition, asks: VignetteAsk): string {
  switch (asks) {
    case "diagnosis":
      return condition.name;
    case "treatment":
      return condition.treatment.name;
    case "avoid":
      return condition.avoid.name;
    case "urgent sign":
      return condition.warning;
    case "test":
      return condition.test;
  }
}

function drawCase(random: Random, condition: Condition): VignetteCase & { chosen: number[] } {
  const asks = random.pick(VIGNETTE_ASKS);
  // A finding can name the test that gives it, so questions for the test leave it out.
  const finding = asks !== "test" && random.chance(0.6);
  const chosen = random.sample([0, 1, 2, 3], finding && random.chance(0.5) ? 2 : 3);
  const clinical = random.chance(0.25);
  const symptoms = chosen.map((index) => {
    const { lay, term } = condition.symptoms[index];
    return clinical && term !== undefined ? term : lay;
  });
  const who = asks === "avoid" ? condition.avoid.who : undefined;
  const patient = drawPatient(random, condition, who);
  const sentences = [opening(random, condition, patient, joinWords(symptoms))];
  if (finding) sentences.push(`${random.pick(FINDING_OPENINGS)} ${condition.finding}.`);
  if (who !== undefined) sentences.push(`${capitalised(patient.pronoun)} ${who}.`);
  sentences.push(random.pick(QUESTIONS[asks]).replace("{he}", patient.pronoun));
  return {
    condition,
    asks,
    patient,
    findings: finding ? [...symptoms, condition.finding] : symptoms,
    question: sentences.join(" "),
    chosen,
  };
}

const FINDING_OPENINGS = ["The examination shows", "The tests show", "The doctor finds", "There is"];
const PLACES = ["the clinic", "the hospital", "the doctor", "the health center"];

function opening(random: Random, condition: Condition, patient: Patient, symptoms: string): string {
  const { age, noun, possessive } = patient;
  const somebody = random.chance(0.7) ? `${articleOf(String(age))} ${age}-year-old ${noun}` : `a ${noun} of ${age}`;
  const duration = drawDuration(random, condition.lasts);
  switch (random.integer(0, 4)) {
    case 0:
      return `${capitalised(somebody)} has had ${symptoms} for ${duration}.`;
    case 1:
      return `For ${duration}, ${somebody} has had ${symptoms}.`;
    case 2:
      return `${capitalised(somebody)} comes to ${random.pick(PLACES)} with ${symptoms}. It began ${duration} ago.`;
    case 3:
      return `${capitalised(somebody)} tells ${possessive} doctor about ${symptoms}. It has lasted for ${duration}.`;
    default:
      return `${capitalised(somebody)} asks for help after ${duration} with ${symptoms}.`;
  }
}

const QUESTIONS: Record<VignetteAsk, readonly string[]> = {
  diagnosis: [
    "What is the most likely diagnosis?",
    "Which condition is most likely?",
    "What does {he} most likely have?",
    "Name the diagnosis.",
  ],
  treatment: [
    "Which treatment is the first choice?",
    "What is the best first treatment?",
    "What should {he} be given first?",
    "Name the first treatment.",
  ],
  avoid: [
    "What should be avoided?",
    "What should {he} avoid?",
    "What must {he} stay away from?",
    "Name what to avoid.",
  ],
  "urgent sign": [
    "Which sign needs urgent care?",
    "Which sign means that {he} must get help at once?",
    "What is the warning sign to watch for?",
    "Name the warning sign.",
  ],
  test: ["Which test confirms it?", "Which test is best?", "What test does {he} need?", "Name the best test."],
};

/** The case with its reasoning and answer; with another condition as `believed`, both follow from that slip. */
export function writeVignette(vignette: VignetteCase, believed: Condition = vignette.condition): Vignette {
  const { asks, condition, question } = vignette;
  return {
    Question: question,
    Complex_CoT: reasoning(vignette, believed),
    Response: responseSentence(believed, asks, vignette.patient),
    answer: answerOf(condition, asks),
    asks,
    condition: condition.name,
  };
}

function reasoning({ findings, asks, patient, condition }: VignetteCase, believed: Condition): string {
  const { treatment, avoid } = believed;
  const name = withArticle(believed.name);
  const fits = `${capitalised(patient.pronoun)} has ${joinWords(findings)}. This fits ${name}.`;
  switch (asks) {
    case "diagnosis":
      return `${fits} It is a problem of ${SYSTEM_WORDS[believed.system] ?? `the ${believed.system}`}.`;
    case "treatment":
      return `${fits} The first treatment for ${name} is ${withArticle(treatment.name)}, because ${treatment.because}.`;
    case "avoid": {
      const told = avoid.who !== undefined && believed === condition;
      const reason = told ? `Because ${patient.pronoun} ${avoid.who}` : `With ${name}`;
      return `${fits} ${reason}, ${patient.pronoun} should avoid ${withArticle(avoid.name)}: ${avoid.because}.`;
    }
    case "urgent sign":
      return `${fits} With ${name}, the sign of danger is ${believed.warning}.`;
    case "test":
      return `${fits} The test that confirms ${name} is ${withArticle(believed.test)}.`;
  }
}

const SYSTEM_WORDS: Record<string, string> = {
  heart: "the heart and the vessels",
  bones: "the bones and joints",
  "ears and eyes": "the ears, nose, throat or eyes",
  digestion: "digestion",
  kidneys: "the kidneys and the urinary tract",
  hormones: "hormones",
  infection: "germs in the body",
  "women's health": "women's health",
};

function responseSentence(condition: Condition, asks: VignetteAsk, patient: Patient): string {
  const answer = withArticle(answerOf(condition, asks));
  switch (asks) {
    case "diagnosis":
      return `The most likely diagnosis is ${answer}.`;
    case "treatment":
      return `The first choice is ${answer}.`;
    case "avoid":
      return `${capitalised(patient.pronoun)} should avoid ${answer}.`;
    case "urgent sign":
      return `The warning sign is ${answer}.`;
    case "test":
      return `The best test is ${answer}.`;
  }
}

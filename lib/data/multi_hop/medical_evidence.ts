/**
 * Passages about illnesses, real ones with their textbook facts and invented ones, so that an answer has to be read and
 * cannot be remembered. Synthetic, and not medical advice.
 */
import type { Random } from "../../random/mod.ts";
import { capitalised, type Condition, CONDITIONS, conditionsOf, joinWords, withArticle } from "../medical/mod.ts";
import {
  type Evidence,
  type EvidencePassage,
  type EvidenceQuestion,
  factQuestion,
  type FactWording,
  isSame,
  withDecoys,
} from "./evidence.ts";
import { inventedName } from "./names.ts";
import { fill } from "./relation.ts";

interface MedicalWording extends FactWording {
  /** What stands for `{o}`; null where nothing can be said of this condition. */
  valueOf(condition: Condition, random: Random): string | null;
  /** Whether an invented medicine can stand there. */
  medicine?: boolean;
}

const WORDINGS: readonly MedicalWording[] = [
  {
    name: "treatment",
    sentences: ["{s} is treated with {o}.", "The treatment of {s} is {o}.", "Doctors treat {s} with {o}."],
    questions: ["How is {s} treated?", "What is the treatment of {s}?", "What do doctors give for {s}?"],
    pairQuestions: ["How are {a} and {b} treated?", "What are the treatments of {a} and {b}?"],
    valueOf: ({ treatment }) => treatment.name,
    medicine: true,
  },
  {
    name: "test",
    sentences: ["{s} is confirmed with {o}.", "The test for {s} is {o}."],
    questions: ["Which test confirms {s}?", "What is the test for {s}?"],
    pairQuestions: ["Which tests confirm {a} and {b}?"],
    valueOf: ({ test }) => withArticle(test),
  },
  {
    name: "finding",
    sentences: ["{s} shows in the examination as {o}.", "The examination in {s} shows {o}."],
    questions: ["What does the examination show in {s}?"],
    pairQuestions: ["What does the examination show in {a} and in {b}?"],
    valueOf: ({ finding }) => finding,
  },
  {
    name: "symptoms",
    sentences: ["{s} often causes {o}.", "People with {s} often have {o}."],
    questions: ["What does {s} often cause?", "What do people with {s} often have?"],
    pairQuestions: ["What do {a} and {b} often cause?"],
    valueOf: ({ symptoms }, random) => joinWords(random.sample(symptoms, 2).map(({ lay }) => lay)),
  },
  {
    name: "warning",
    sentences: ["{s} has a warning sign: {o}.", "The warning sign of {s} is {o}."],
    questions: ["What is the warning sign of {s}?", "Which sign of {s} needs care at once?"],
    pairQuestions: ["What are the warning signs of {a} and {b}?"],
    valueOf: ({ warning }) => warning,
  },
  {
    name: "avoid",
    sentences: ["People with {s} should not use {o}.", "With {s}, it is wrong to use {o}."],
    questions: ["What should people with {s} not use?", "What is wrong to use with {s}?"],
    pairQuestions: ["What should people with {a} and people with {b} not use?"],
    // Where the rule is for some people only, one sentence would say too much.
    valueOf: ({ avoid }) => avoid.who === undefined ? avoid.name : null,
    medicine: true,
  },
  {
    name: "self-care",
    sentences: ["People with {s} should {o}.", "It helps against {s} to {o}."],
    questions: ["What should people with {s} do?", "What helps against {s}?"],
    // Orders that speak to "you" do not fit what is said of others.
    valueOf: ({ selfCare }) => /\byour?\b/.test(selfCare) ? null : selfCare,
  },
];

const SORTS = ["disease", "fever", "syndrome"];
/** The others are left for notebook 02 to teach. Under invented names their facts are words to read, no more. */
const KNOWN = conditionsOf("known");
const UNANSWERED = 0.2;
const TWO_PASSAGES = 0.3;

/** Three to five passages about illnesses, with up to `count` different questions. */
export function drawMedicalEvidence(random: Random, count: number): Evidence {
  const isInvented = random.chance(0.5);
  const conditions = random.sample(KNOWN, 6);
  const names = conditions.map(({ name }) =>
    isInvented ? `${inventedName(random, "surname")} ${random.pick(SORTS)}` : name
  );
  // Two things that all passages speak of, mostly, so that the right passage is found by its name only.
  const common = random.sample(WORDINGS, 3);
  const passages = Array.from({ length: random.integer(3, 5) }, (_, index): EvidencePassage => {
    const wordings = random.chance(0.7) ? random.sample(common, 2) : random.sample(WORDINGS, 2);
    return passageOf(
      random,
      names[index],
      wordings.flatMap((relation) => {
        const source = isInvented ? random.pick(CONDITIONS) : conditions[index];
        const value = isInvented && relation.medicine
          ? inventedName(random, "drug").toLowerCase()
          : relation.valueOf(source, random);
        return value === null ? [] : [{ relation, value }];
      }),
    );
  }).filter(({ facts }) => facts.length > 0);
  const questions: EvidenceQuestion[] = [];
  for (let number = 0; number < count; number++) {
    const question = random.chance(UNANSWERED)
      ? unansweredQuestion(random, passages, names[5])
      : (random.chance(TWO_PASSAGES) ? pairQuestion(random, passages) : null) ?? factQuestion(random, passages);
    if (!questions.some((other) => isSame(other, question))) questions.push(question);
  }
  return { passages, questions };
}

function passageOf(random: Random, name: string, facts: EvidencePassage["facts"]): EvidencePassage {
  const sentences = facts.map(({ relation, value }, number) => {
    const pattern = random.pick(relation.sentences);
    return capitalised(fill(pattern, number > 0 && pattern.startsWith("{s}") ? "it" : name, value));
  });
  return { title: name, text: sentences.join(" "), sentences, facts };
}

function pairQuestion(random: Random, passages: readonly EvidencePassage[]): EvidenceQuestion | null {
  const [a, b] = random.sample(passages.keys().toArray(), 2);
  for (const [sentence, { relation, value }] of passages[a].facts.entries()) {
    const other = passages[b].facts.findIndex((fact) => fact.relation === relation);
    if (other < 0 || relation.pairQuestions === undefined) continue;
    const otherValue = passages[b].facts[other].value;
    const [one, two] = [passages[a].title, passages[b].title];
    const statement = (name: string, value: string) => capitalised(fill(relation.sentences[0], name, value));
    return withDecoys(passages, {
      question: random.pick(relation.pairQuestions).replace("{a}", one).replace("{b}", two),
      verdict: "",
      statements: [
        { passage: a, sentence, text: statement(one, value) },
        { passage: b, sentence: other, text: statement(two, otherValue) },
      ],
      answers: [value, otherValue],
    });
  }
  return null;
}

/** Asks about an illness that is not there, or about what a passage does not say of its own. */
function unansweredQuestion(random: Random, passages: readonly EvidencePassage[], absent: string): EvidenceQuestion {
  const { title, facts } = random.pick(passages);
  const missing = WORDINGS.filter((relation) => facts.every((fact) => fact.relation !== relation));
  const [relation, name] = random.chance(0.5) ? [random.pick(facts).relation, absent] : [random.pick(missing), title];
  return {
    question: fill(random.pick(relation.questions), name),
    verdict: "",
    statements: [],
    answers: [],
    decoys: [],
  };
}

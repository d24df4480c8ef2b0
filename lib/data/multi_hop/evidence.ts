/** Passages with questions that they answer, or do not, for answers that rest on evidence. */
import type { Random } from "../../random/mod.ts";
import { distractorsOf } from "./hotpot_row.ts";
import type { MultiHopQuestion } from "./questions.ts";
import { fill } from "./relation.ts";
import { RELATIONS } from "./relations.ts";
import { drawWorld, type WorldDocument } from "./world.ts";

/** How a fact is written and asked for: a part of what a `Relation` has. */
export interface FactWording {
  name: string;
  sentences: readonly string[];
  questions: readonly string[];
  /** Questions about two things at once, `{a}` and `{b}`. */
  pairQuestions?: readonly string[];
}

/** A passage that knows what its sentences say. */
export interface EvidencePassage {
  title: string;
  text: string;
  sentences: string[];
  facts: { relation: FactWording; value: string }[];
}

/** A question about passages, with the statements that answer it. */
export interface EvidenceQuestion {
  question: string;
  /** What follows from the statements, such as "Vella is shorter.": empty where they say it all. */
  verdict: string;
  /** Each with the passage behind it, by its index, and the sentence there. None where the passages do not answer. */
  statements: { passage: number; sentence: number; text: string }[];
  /** What a right answer has to name. */
  answers: string[];
  /** What a right answer does not name: what the evidence says of other things. */
  decoys: string[];
}

/** A few passages and questions about them; the first question decides which passages there are. */
export interface Evidence {
  passages: EvidencePassage[];
  questions: EvidenceQuestion[];
}

/** How many of the questions have no answer in the evidence. */
const UNANSWERED = 0.2;

/** Two to five documents of a generated world, with up to `count` different questions. */
export function drawWorldEvidence(random: Random, count: number): Evidence {
  const { documents, questionsBy } = drawWorld(random);
  let first = questionsBy(random);
  while (first === null) first = questionsBy(random);
  const needed = new Set(first.hops.map((hop) => hop.documentId));
  const likely = distractorsOf(documents, first);
  const extra = random.integer(Math.max(1, 2 - needed.size), Math.max(2, 5 - needed.size));
  const passages = random.shuffle([
    ...documents.filter(({ id }) => needed.has(id)),
    ...random.sample(likely.slice(0, 6), extra),
  ]);
  const indexOf = new Map(passages.map(({ id }, index) => [id, index]));
  const others = documents.filter(({ id }) => !indexOf.has(id));
  const answered = (): EvidenceQuestion => {
    // Questions of the whole world, where one happens to be answered by these passages.
    for (let attempt = 0; attempt < 4; attempt++) {
      const asked = questionsBy(random);
      if (asked !== null && asked.hops.every((hop) => indexOf.has(hop.documentId))) {
        return chainQuestion(passages, asked, indexOf);
      }
    }
    return factQuestion(random, passages);
  };
  const isUnanswered = Array.from({ length: count }, () => random.chance(UNANSWERED));
  const questions: EvidenceQuestion[] = [];
  for (const [number, nothing] of isUnanswered.entries()) {
    const question = nothing
      ? unansweredQuestion(random, passages, others)
      : number === isUnanswered.indexOf(false)
      ? chainQuestion(passages, first, indexOf)
      : answered();
    if (!questions.some((other) => isSame(other, question))) questions.push(question);
  }
  return { passages, questions };
}

/** A question of one or more hops, whose documents are all among the passages. */
function chainQuestion(
  passages: readonly EvidencePassage[],
  { question, type, answer, hops, conclusion }: MultiHopQuestion,
  indexOf: ReadonlyMap<string, number>,
): EvidenceQuestion {
  return withDecoys(passages, {
    question,
    verdict: conclusion,
    statements: hops.map((hop) => ({
      passage: indexOf.get(hop.documentId)!,
      sentence: hop.sentence,
      text: hop.statement,
    })),
    // Of "It is Ulba both times, so yes.", the end has to be there.
    answers: type === "bridge" ? [answer] : [conclusion.replace(/^.*, |\.$/g, "")],
  });
}

/** A question that one sentence answers. */
export function factQuestion(random: Random, passages: readonly EvidencePassage[]): EvidenceQuestion {
  const passage = random.integer(0, passages.length - 1);
  const { title, facts } = passages[passage];
  const sentence = random.integer(0, facts.length - 1);
  const { relation, value } = facts[sentence];
  return withDecoys(passages, {
    question: fill(random.pick(relation.questions), title),
    verdict: "",
    statements: [{ passage, sentence, text: fill(relation.sentences[0], title, value) }],
    answers: [value],
  });
}

/** Whether two questions have the same answer, or none and the same words. */
export function isSame(one: EvidenceQuestion, other: EvidenceQuestion): boolean {
  const key = ({ question, statements }: EvidenceQuestion) =>
    statements.length === 0 ? question : statements.map(({ text }) => text).sort().join(" ");
  return key(one) === key(other);
}

/** Adds what the passages say, in the same relations, of other things than the question is about. */
export function withDecoys(
  passages: readonly EvidencePassage[],
  question: Omit<EvidenceQuestion, "decoys">,
): EvidenceQuestion {
  const said = question.statements.map(({ text }) => text).join(" ");
  const relations = new Set(
    question.statements.map(({ passage, sentence }) => passages[passage].facts[sentence].relation),
  );
  const decoys = passages.flatMap(({ facts }) => facts)
    .filter(({ relation, value }) => relations.has(relation) && !said.includes(value))
    .map(({ value }) => value);
  return { ...question, decoys: [...new Set(decoys)] };
}

/** Asks about something that is not there, or about what a passage does not say of its own thing. */
function unansweredQuestion(
  random: Random,
  passages: readonly WorldDocument[],
  others: readonly WorldDocument[],
): EvidenceQuestion {
  const silent = { verdict: "", statements: [], answers: [], decoys: [] };
  // Somebody's job can be guessed from other sentences.
  if (random.chance(0.4)) {
    const { title, facts } = random.pick(others);
    const asked = facts.filter(({ relation }) => relation.name !== "job");
    if (asked.length === 0) return unansweredQuestion(random, passages, others);
    return { ...silent, question: fill(random.pick(random.pick(asked).relation.questions), title) };
  }
  const { title, facts } = random.pick(passages);
  const missing = RELATIONS.filter((relation) =>
    relation.of === facts[0].relation.of && relation.name !== "job" && facts.every((fact) => fact.relation !== relation)
  );
  if (missing.length === 0) return unansweredQuestion(random, passages, others);
  return { ...silent, question: fill(random.pick(random.pick(missing).questions), title) };
}

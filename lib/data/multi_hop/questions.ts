/** Questions about a generated world, with the chain of documents that answers each. */
import type { Random } from "../../random/mod.ts";
import { COMPARISONS, SHARINGS } from "./comparisons.ts";
import type { Entity, Fact } from "./entities.ts";
import { fill } from "./relation.ts";

/** One piece of knowledge on the way to an answer. */
export interface Hop {
  /** The name of the thing asked about: the title of the document. */
  subject: string;
  relation: string;
  /** What is looked for, as it stands after "I need to find": "who founded Velmona". */
  need: string;
  /** Several wordings of a query that finds it. */
  queries: string[];
  documentId: string;
  /** Which sentence of the document says it, from 0. */
  sentence: number;
  /** What is found, as a sentence. */
  statement: string;
  /** What is found: a name, a word, a number or a year. */
  answer: string;
  /** Beginnings of the words that a query about this relation has at least one of. */
  stems: readonly string[];
}

/** A question that needs one to three documents. */
export interface MultiHopQuestion {
  question: string;
  answer: string;
  /**
   * bridge: each hop asks about what the one before found. comparison, yes_no: two hops that do not depend on each
   * other.
   */
  type: "bridge" | "comparison" | "yes_no";
  /** In the order of a chain; never two of one document. */
  hops: Hop[];
  /** How the answer follows from the last things found. */
  conclusion: string;
  /** What makes it different from other questions of a split: its relations and where it starts. */
  instance: string;
}

/** Shares of questions: one, two and three hops, comparisons, yes or no. */
const SHAPES = [0.24, 0.36, 0.16, 0.12, 0.12];

/**
 * A question about some of these things, or null where this draw leads nowhere, as when nothing can be compared.
 *
 * @param documentId of the document about a thing
 */
export function drawQuestion(
  random: Random,
  entities: readonly Entity[],
  documentId: (entity: Entity) => string,
): MultiHopQuestion | null {
  const shape = random.weightedIndex(SHAPES);
  if (shape <= 2) return drawChain(random, entities, shape + 1, documentId);
  return shape === 3 ? drawComparison(random, entities, documentId) : drawSharing(random, entities, documentId);
}

function drawChain(
  random: Random,
  entities: readonly Entity[],
  hops: number,
  documentId: (entity: Entity) => string,
): MultiHopQuestion | null {
  let entity = random.pick(entities);
  const steps: { entity: Entity; fact: Fact }[] = [];
  while (steps.length < hops) {
    const onwards = entity.facts.filter(({ target }) =>
      steps.length === hops - 1 || (target !== undefined && steps.every((step) => step.entity !== target))
    );
    if (onwards.length === 0) return null;
    const fact = random.pick(onwards);
    steps.push({ entity, fact });
    if (fact.target !== undefined) {
      entity = fact.target;
      if (steps.length < hops && steps.some((step) => step.entity === entity)) return null;
    }
  }
  let noun = steps[0].entity.name;
  for (const { fact } of steps.slice(0, -1)) noun = fill(random.pick(fact.relation.nouns), noun);
  const { fact } = steps.at(-1)!;
  // An answer that the question itself names teaches nothing.
  if (steps.slice(0, -1).some((step) => step.entity.name === fact.value)) return null;
  return {
    question: fill(random.pick(fact.relation.questions), noun),
    answer: fact.value,
    type: "bridge",
    hops: steps.map((step) => hopOf(random, step.entity, step.fact, documentId)),
    conclusion: "",
    instance: `${steps.map((step) => step.fact.relation.name).join(">")}:${steps[0].entity.name}`,
  };
}

function drawComparison(
  random: Random,
  entities: readonly Entity[],
  documentId: (entity: Entity) => string,
): MultiHopQuestion | null {
  const found = firstPair(random, entities, COMPARISONS);
  if (found === null) return null;
  const { of: comparison, pair } = found;
  const [a, b] = pair;
  const difference = parseInt(a.fact.value) - parseInt(b.fact.value);
  if (difference === 0) return null;
  const winner = (difference > 0) === (comparison.wins === "larger") ? a : b;
  return {
    question: bothIn(random.pick(comparison.questions), a.entity, b.entity),
    answer: winner.entity.name,
    type: "comparison",
    hops: pair.map(({ entity, fact }) => hopOf(random, entity, fact, documentId)),
    conclusion: `${fill(comparison.verdict, winner.entity.name)}.`,
    instance: `${comparison.wins} ${comparison.relation}:${a.entity.name},${b.entity.name}`,
  };
}

function drawSharing(
  random: Random,
  entities: readonly Entity[],
  documentId: (entity: Entity) => string,
): MultiHopQuestion | null {
  const wanted = random.chance(0.5);
  const found = firstPair(random, entities, SHARINGS, wanted);
  if (found === null) return null;
  const { of: sharing, pair } = found;
  const [a, b] = pair;
  return {
    question: bothIn(random.pick(sharing.questions), a.entity, b.entity),
    answer: wanted ? "yes" : "no",
    type: "yes_no",
    hops: pair.map(({ entity, fact }) => hopOf(random, entity, fact, documentId)),
    conclusion: wanted ? `It is ${a.fact.value} both times, so yes.` : `${a.fact.value} is not ${b.fact.value}, so no.`,
    instance: `same ${sharing.relation}:${a.entity.name},${b.entity.name}`,
  };
}

/** The first of these kinds of questions, in random order, that two of the things suit. */
function firstPair<Kind extends { relation: string; of: string }>(
  random: Random,
  entities: readonly Entity[],
  kinds: readonly Kind[],
  same?: boolean,
): { of: Kind; pair: { entity: Entity; fact: Fact }[] } | null {
  for (const kind of random.shuffle(kinds)) {
    const pair = drawPair(random, entities, kind, same);
    if (pair !== null) return { of: kind, pair };
  }
  return null;
}

/** Two things of a kind that both have the relation, with the same value or different ones where that matters. */
function drawPair(
  random: Random,
  entities: readonly Entity[],
  { relation, of }: { relation: string; of: string },
  same?: boolean,
): { entity: Entity; fact: Fact }[] | null {
  const having = random.shuffle(entities.filter((entity) => entity.kind === of)).flatMap((entity) => {
    const fact = entity.facts.find((fact) => fact.relation.name === relation);
    return fact === undefined ? [] : [{ entity, fact }];
  });
  for (const [number, first] of having.entries()) {
    const second = having.slice(number + 1).find(({ fact }) =>
      same === undefined || (fact.value === first.fact.value) === same
    );
    if (second !== undefined) return [first, second];
  }
  return null;
}

function bothIn(question: string, a: Entity, b: Entity): string {
  return question.replace("{a}", a.name).replace("{b}", b.name);
}

function hopOf(random: Random, entity: Entity, fact: Fact, documentId: (entity: Entity) => string): Hop {
  const { relation, value } = fact;
  return {
    subject: entity.name,
    relation: relation.name,
    need: fill(relation.need, entity.name),
    queries: random.shuffle(relation.queries).map((query) => fill(query, entity.name)),
    documentId: documentId(entity),
    sentence: entity.facts.indexOf(fact),
    statement: fill(relation.sentences[0], entity.name, value),
    answer: value,
    stems: relation.stems,
  };
}

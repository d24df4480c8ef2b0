/**
 * Small generated worlds: a collection of short documents about invented people, towns, rivers, companies, books, bands,
 * schools and teams, with questions that one, two or three of the documents answer together.
 */
import { Random, type RandomSeed } from "../../random/mod.ts";
import { type Split, splitOf } from "../corpora/corpus.ts";
import { drawEntities, type Entity } from "./entities.ts";
import { drawQuestion, type MultiHopQuestion } from "./questions.ts";
import { fill, type Relation } from "./relation.ts";

/** A short text about one thing. */
export interface WorldDocument {
  /** Unique among all worlds of a seed and split. */
  id: string;
  /** The thing's name; no two documents of a world have the same. */
  title: string;
  sentences: string[];
  /** The sentences, joined by a space. */
  text: string;
  /** What each sentence says, in their order. */
  facts: { relation: Relation; value: string }[];
}

/** A collection and questions about it. */
export interface World {
  documents: WorldDocument[];
  questions: MultiHopQuestion[];
}

/** Which worlds, and how large. */
export interface WorldOptions {
  /** Default 0. */
  seed?: RandomSeed;
  /** Default "train". No question with the same start and the same chain of relations occurs in both splits. */
  split?: Split;
  /** How many documents. Default 16, at least 8. */
  documents?: number;
  /** How many different questions at most. Default 6, at least 1. */
  questions?: number;
  /** How many sentences a document has at most. Default 2, from 1 to 3. */
  sentences?: number;
}

/**
 * World number `index` of a stream: any one can be had without those before it.
 *
 * @throws {RangeError} When an option is out of range.
 */
export function worldAt(index: number, options: WorldOptions = {}): World {
  const { seed = 0, split = "train", documents = 16, questions = 6, sentences = 2 } = options;
  if (!Number.isInteger(questions) || questions < 1) {
    throw new RangeError(`questions is ${questions}: expected a whole number of at least 1`);
  }
  const random = new Random(seed).fork("world").fork(split).fork(index);
  for (;;) {
    const { documents: texts, questionsBy } = drawWorld(random, { documents, sentences, id: `${split}-${index}` });
    const found = new Map<string, MultiHopQuestion>();
    // One instance in ten is held out, so there many draws are needed for one that fits.
    for (let draw = 0; draw < 20 * questions && found.size < questions; draw++) {
      const question = questionsBy(random);
      if (question !== null && splitOf(`world:${question.instance}`) === split) found.set(question.question, question);
    }
    if (found.size > 0) return { documents: texts, questions: [...found.values()] };
  }
}

/** A world whose questions are drawn as one goes, for corpora that need one question of each. */
export interface DrawnWorld {
  documents: WorldDocument[];
  /** A question about it, or null where this draw found none of the wanted sort. */
  questionsBy(random: Random): MultiHopQuestion | null;
}

/**
 * Draws a world with its own things, facts and wording.
 *
 * @throws {RangeError} When there are fewer than 8 documents, or not 1 to 3 sentences.
 */
export function drawWorld(
  random: Random,
  { documents: count = 10, sentences = 2, id = "document" }: { documents?: number; sentences?: number; id?: string } =
    {},
): DrawnWorld {
  if (!Number.isInteger(count) || count < 8) {
    throw new RangeError(`documents is ${count}: expected a whole number of at least 8`);
  }
  if (!Number.isInteger(sentences) || sentences < 1 || sentences > 3) {
    throw new RangeError(`sentences is ${sentences}: expected 1, 2 or 3`);
  }
  const entities = drawEntities(random, count, sentences);
  const documents = entities.map((entity, number) => documentOf(random, entity, `${id}-${number}`));
  const idOf = new Map(entities.map((entity, number) => [entity, documents[number].id]));
  return {
    documents,
    questionsBy: (questionRandom) => drawQuestion(questionRandom, entities, (entity) => idOf.get(entity)!),
  };
}

function documentOf(random: Random, entity: Entity, id: string): WorldDocument {
  const sentences = entity.facts.map(({ relation, value }, number) => {
    const pattern = random.pick(relation.sentences);
    return fill(pattern, number > 0 && pattern.startsWith("{s}") ? entity.pronoun : entity.name, value);
  });
  return {
    id,
    title: entity.name,
    sentences,
    text: sentences.join(" "),
    facts: entity.facts.map(({ relation, value }) => ({ relation, value })),
  };
}

/** Many generated worlds in one collection, so that a search must tell thousands of documents apart. */
import { type MultiHopQuestion, worldAt, type WorldDocument } from "../data/mod.ts";
import type { RandomSeed } from "../random/mod.ts";
import type { CollectionDocument, R3Question } from "./collection.ts";

/** A generated question with the way to its answer. */
export interface WorldQuestion extends R3Question {
  generated: MultiHopQuestion;
  /** The documents of its world, those that are not in the collection too. */
  world: readonly WorldDocument[];
}

/** Documents of all worlds, and questions to learn from and to measure with. */
export interface WorldCollection {
  documents: CollectionDocument[];
  train: WorldQuestion[];
  /** Held out: of other worlds, and no question with the same start and the same chain of relations. */
  test: WorldQuestion[];
}

/** How large a collection is. */
export interface WorldCollectionOptions {
  /** Default 0. */
  seed?: RandomSeed;
  /** Worlds with questions to learn from. Default 200. */
  trainWorlds?: number;
  /** Worlds with held-out questions. Default 60. */
  testWorlds?: number;
  /** Of a world. Default 16. */
  documents?: number;
  /** Of a world, at most. Default 6. */
  questions?: number;
  /** Of a document, at most. Default 2. */
  sentences?: number;
}

/**
 * Draws worlds into one collection. A document whose title is there already is left out, and so are the questions that need it:
 * of the documents that are there, each has a name of its own. No question's text occurs twice.
 *
 * @throws {RangeError} When a number is out of range.
 */
export function worldCollection(options: WorldCollectionOptions = {}): WorldCollection {
  const { seed = 0, trainWorlds = 200, testWorlds = 60, documents = 16, questions = 6, sentences = 2 } = options;
  for (const [name, value] of Object.entries({ trainWorlds, testWorlds })) {
    if (!Number.isInteger(value) || value < 0) {
      throw new RangeError(`${name}: expected a whole number from 0, got ${value}`);
    }
  }
  const collection: WorldCollection = { documents: [], train: [], test: [] };
  const titles = new Set<string>();
  const texts = new Set<string>();
  const add = (split: "train" | "test", index: number) => {
    const world = worldAt(index, { seed, split, documents, questions, sentences });
    const taken = new Set<string>();
    for (const { id, title, text } of world.documents) {
      const name = title.toLowerCase();
      if (titles.has(name)) {
        taken.add(id);
        continue;
      }
      titles.add(name);
      collection.documents.push({ id, title, text });
    }
    for (const generated of world.questions) {
      const { question, answer, type, hops } = generated;
      if (texts.has(question.toLowerCase()) || hops.some(({ documentId }) => taken.has(documentId))) continue;
      texts.add(question.toLowerCase());
      const support = hops.map(({ documentId }) => documentId);
      const id = `${split}-${index}-question-${collection[split].length}`;
      collection[split].push({ id, question, answer, type, support, generated, world: world.documents });
    }
  };
  // Held-out worlds first: they are the same however many others there are.
  for (let index = 0; index < testWorlds; index++) add("test", index);
  for (let index = 0; index < trainWorlds; index++) add("train", index);
  return collection;
}

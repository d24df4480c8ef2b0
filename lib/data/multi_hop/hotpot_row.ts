/** A generated question as a row of HotpotQA's distractor setting. */
import type { Random } from "../../random/mod.ts";
import type { MultiHopQuestion } from "./questions.ts";
import type { World, WorldDocument } from "./world.ts";

/** The fields of a HotpotQA row. */
export interface HotpotRow {
  _id: string;
  question: string;
  answer: string;
  /** Title and number of the sentence, from 0. */
  supporting_facts: [string, number][];
  /** Title and sentences; every sentence but the first begins with its space, as in the data set. */
  context: [string, string[]][];
  type: "bridge" | "comparison";
  level: "easy" | "medium" | "hard";
}

/**
 * The question with the documents it needs and distractors around them, in random order.
 *
 * @param passages how many documents the context has at most, default 10
 */
export function toHotpotRow(
  world: Pick<World, "documents">,
  question: MultiHopQuestion,
  { id, random, passages = 10 }: { id: string; random: Random; passages?: number },
): HotpotRow {
  const titleOf = new Map(world.documents.map((document) => [document.id, document.title]));
  const needed = new Set(question.hops.map((hop) => hop.documentId));
  const distractors = distractorsOf(world.documents, question).slice(0, Math.max(0, passages - needed.size));
  const context = random.shuffle([...world.documents.filter(({ id }) => needed.has(id)), ...distractors]);
  return {
    _id: id,
    question: question.question,
    answer: question.answer,
    supporting_facts: question.hops.map((hop) => [titleOf.get(hop.documentId)!, hop.sentence]),
    context: context.map(({ title, sentences }) => [
      title,
      sentences.map((sentence, number) => number === 0 ? sentence : ` ${sentence}`),
    ]),
    type: question.type === "bridge" ? "bridge" : "comparison",
    level: (["easy", "medium", "hard"] as const)[question.hops.length - 1],
  };
}

/**
 * The documents that a question does not need, those most easily mistaken for needed ones first: with the same relation,
 * or with a part of the name.
 */
export function distractorsOf(
  documents: readonly WorldDocument[],
  question: Pick<MultiHopQuestion, "hops">,
): WorldDocument[] {
  const needed = new Set(question.hops.map((hop) => hop.documentId));
  const likeness = (document: WorldDocument) => {
    let points = 0;
    for (const hop of question.hops) {
      if (document.facts.some(({ relation }) => relation.name === hop.relation)) points += 2;
      if (hop.subject.split(" ").some((word) => word !== "The" && document.title.includes(word.slice(0, 4)))) {
        points += 3;
      }
    }
    return points;
  };
  return documents.filter((document) => !needed.has(document.id))
    .map((document) => ({ document, points: likeness(document) }))
    .sort((one, other) => other.points - one.points)
    .map(({ document }) => document);
}

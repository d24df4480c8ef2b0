/** Questions, queries and statements about generated worlds of invented people, towns and things. */
import { Random } from "../../random/mod.ts";
import type { CorpusOptions } from "../corpora/corpus.ts";
import { distractorsOf, fill, worldAt, type WorldDocument } from "../multi_hop/mod.ts";
import type { PairSource } from "./pair.ts";

const passageOf = (random: Random, { title, text }: WorldDocument) => random.chance(0.5) ? `${title}. ${text}` : text;

function worldOf(kind: string, index: number, { seed = 0, split = "train" }: CorpusOptions) {
  const random = new Random(seed).fork(kind).fork(split).fork(index);
  return { random, world: worldAt(index, { seed: `${kind} ${seed}`, split, documents: 10, questions: 1 }) };
}

/** A question of one to three hops, or a query for one of them, with a document of a like name as a hard negative. */
export const worldQuestions: PairSource = {
  kind: "world questions",
  weight: 2,
  pairAt(index, options: CorpusOptions = {}) {
    const { random, world: { documents, questions: [question] } } = worldOf("world questions", index, options);
    const hop = random.pick(question.hops);
    const names = question.hops.filter(({ subject }) => question.question.includes(subject));
    // The whole question shows the way to documents that it names; the others need the hop's own query.
    const whole = names.includes(hop) && random.chance(0.5);
    const document = documents.find(({ id }) => id === hop.documentId)!;
    const [likeIt] = distractorsOf(documents, question);
    return {
      query: whole ? question.question : random.pick(hop.queries),
      passage: passageOf(random, document),
      negatives: [passageOf(random, likeIt)],
    };
  },
};

/** The same fact, or the same question, in other words; the same thing with another fact is a hard negative. */
export const paraphrases: PairSource = {
  kind: "paraphrases",
  weight: 1,
  pairAt(index, options: CorpusOptions = {}) {
    const { random, world: { documents } } = worldOf("paraphrases", index, options);
    const { title, facts } = random.pick(documents);
    const { relation, value } = random.pick(facts);
    const other = facts.find((fact) => fact.relation !== relation);
    const forms = random.pick(
      [relation.sentences, relation.questions, relation.sentences].filter((list) => list.length > 1),
    );
    const [one, two] = random.sample(forms, 2).map((form) => fill(form, title, value));
    const negatives = other ? [fill(random.pick(other.relation.sentences), title, other.value)] : [];
    return { query: one, passage: two, negatives };
  },
};

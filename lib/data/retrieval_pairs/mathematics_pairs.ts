/** Questions of mathematics: what words mean, and word problems with their solutions. */
import { type CorpusOptions, drawInSplit } from "../corpora/corpus.ts";
import { stripCalculatorAnnotations, workedSteps } from "../gsm8k_answer.ts";
import { wordProblemAt } from "../word_problems.ts";
import { MATHEMATICS_TERMS } from "./mathematics_terms.ts";
import { capital } from "./names.ts";
import type { PairSource } from "./pair.ts";

/** What a word means, asked by its name or described. */
export const mathematicsTerms: PairSource = {
  kind: "mathematical terms",
  weight: 1,
  pairAt: (index, options: CorpusOptions = {}) =>
    drawInSplit("retrieval mathematics", index, options, (random) => {
      const { term, definition, described, use } = random.pick(MATHEMATICS_TERMS);
      const query = random.pick([
        `What is the ${term}?`,
        `What does ${term} mean?`,
        `Explain ${term}.`,
        `definition of ${term}`,
        `How do I find the ${term}?`,
        `${term}`,
        `What do you call ${described}?`,
        `${described}`,
        capital(`${described}: what is that?`),
      ]);
      const [text, order] = [random.chance(0.7) ? `${definition} ${use}` : definition, random.chance(0.2)];
      const passage = order ? `${use} ${definition}` : text;
      return {
        instance: `${term}:${query}`,
        value: { query, passage: random.chance(0.3) ? `${capital(term)}. ${passage}` : passage, topic: term },
      };
    }),
};

/** A word problem and the steps of its solution, which share things and numbers only. */
export const wordProblems: PairSource = {
  kind: "word problems",
  weight: 0.7,
  pairAt: (index, { seed = 0, split = "train" }: CorpusOptions = {}) => {
    const { question, answer } = wordProblemAt(index, { seed: `retrieval ${seed}`, split });
    return { query: question, passage: stripCalculatorAnnotations(workedSteps(answer)) };
  },
};

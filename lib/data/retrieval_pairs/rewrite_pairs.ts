/** Patients' questions in lay words, and the search queries in standard terms that they stand for. */
import { type CorpusOptions, drawInSplit } from "../corpora/corpus.ts";
import { openQuestion, queryText } from "../query_rewrites/mod.ts";
import type { PairSource } from "./pair.ts";

export const rewrites: PairSource = {
  kind: "rewritten queries",
  weight: 1,
  pairAt: (index, options: CorpusOptions = {}) =>
    drawInSplit("retrieval rewrites", index, options, (random) => {
      const { text, query } = openQuestion(random);
      const passage = queryText(query);
      return { instance: `${text} ${passage}`, value: { query: text, passage, topic: passage } };
    }),
};

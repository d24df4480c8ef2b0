/**
 * Patients' questions rewritten as search queries: standard terms instead of lay words, with every medicine, number and
 * special group kept. Synthetic, not medical advice.
 */
import { Random } from "../../random/mod.ts";
import type { ChatMessage } from "../../tokenizer/mod.ts";
import {
  type AskedQuestion,
  followUp,
  gradeQuery,
  openQuestion,
  queryText,
  type SearchQuery,
} from "../query_rewrites/mod.ts";
import { type Corpus, type GradedCase, splitOf } from "./corpus.ts";

export { TERM_SEPARATOR } from "../query_rewrites/mod.ts";

/** Asks for queries of terms with "; " between them. */
export const REWRITE_PROMPT =
  'Rewrite the last question as a search query. Use standard terms with "; " between them, in this ' +
  "order: complaint; time; medicines; what is asked; special groups. Keep every medicine, number and group.";

/** Metrics: "keeps_entities" (medicines, groups and numbers), "standard_terms" (share of the terms), "exact". */
export const queryRewritesCorpus: Corpus = {
  name: "query_rewrites",
  exampleAt(index, options = {}) {
    const { seed = 0, split = "train" } = options;
    const random = new Random(seed).fork("query_rewrites").fork(split).fork(index);
    const messages: ChatMessage[] = [{ role: "system", content: REWRITE_PROMPT }];
    const cases: GradedCase[] = [];
    const turns = random.integer(4, 6);
    let before: SearchQuery | null = null;
    let followUps = 0;
    while (cases.length < turns) {
      const goesOn: boolean = before !== null && random.chance(0.6);
      const asked: AskedQuestion | null = goesOn ? followUp(before!, random) : openQuestion(random);
      if (asked === null) continue;
      const { text, query }: AskedQuestion = asked;
      const reference = queryText(query);
      // The query belongs to the instance: a follow-up's few words mean something else after each question.
      if (splitOf(`query_rewrites:${text} ${reference}`) !== split) continue;
      if (reference === cases.at(-1)?.reference) continue;
      if (goesOn) followUps++;
      messages.push({ role: "user", content: text });
      cases.push({ messages: [...messages], reference, grade: (reply) => gradeQuery(query, reply) });
      messages.push({ role: "assistant", content: reference });
      before = query;
    }
    return { kind: followUps > 0 ? "with follow-ups" : "open questions", messages, cases };
  },
};

/** Generated corpora: endless streams of chats to learn from, with questions to ask about each. */
export type { Corpus, CorpusOptions, GeneratedExample, GradedCase, Split } from "./corpus.ts";
export { drillsCorpus } from "./drills.ts";
export { type MixedExample, mixedExampleAt, type MixturePart } from "./mixture.ts";
export { type ReplyHabit, wordProblemsCorpus, type WordProblemsCorpusOptions } from "./word_problems.ts";

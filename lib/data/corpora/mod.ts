/** Generated corpora: endless streams of chats to learn from, with questions to ask about each. */
export type { Corpus, CorpusOptions, GeneratedExample, GradedCase, Split } from "./corpus.ts";
export * from "./critique.ts";
export { drillsCorpus } from "./drills.ts";
export { echoCorpus } from "./echo.ts";
export * from "./grounded_answers.ts";
export * from "./medical_advice.ts";
export * from "./memory.ts";
export { type MixedExample, mixedExampleAt, type MixturePart } from "./mixture.ts";
export * from "./query_rewrites.ts";
export * from "./query_tags.ts";
export * from "./quoting.ts";
export * from "./r3_steps.ts";
export * from "./reading.ts";
export * from "./routing.ts";
export * from "./tool_calls.ts";
export * from "./vignettes.ts";
export { type ReplyHabit, wordProblemsCorpus, type WordProblemsCorpusOptions } from "./word_problems.ts";

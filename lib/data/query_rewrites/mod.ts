/** Questions in lay words and the search queries they stand for. */
export { gradeQuery, queryText, type SearchQuery, TERM_SEPARATOR, termsOf } from "./query.ts";
export { type AskedQuestion, openQuestion } from "./questions.ts";
export { followUp } from "./follow_ups.ts";

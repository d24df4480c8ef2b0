/** Questions with their answers and the articles that hold them. */
import { z } from "zod";
import { JsonlError, readJsonl } from "../../files/mod.ts";

/**
 * What a question asks of a search: words of the article, other words for the same, two articles, or what none of
 * them says.
 */
export const QUESTION_KINDS = ["keyword", "paraphrase", "two-articles", "unanswerable"] as const;
export type QuestionKind = typeof QUESTION_KINDS[number];

const text = z.string().trim().min(1, "expected text");

/** A row of a file of questions. */
export const labelledQuestion = z.object({
  id: text,
  question: text,
  /** Short; empty where the articles do not answer. */
  answer: z.string().trim(),
  /** The articles that answer together: file names without folder and extension. */
  articles: z.array(text),
  /** Exact words of the first article, on which the answer rests. */
  quote: text.optional(),
  /** The same of the second article. */
  quote2: text.optional(),
  kind: z.enum(QUESTION_KINDS),
}).superRefine(({ kind, answer, articles, quote, quote2 }, context) => {
  const tell = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
  const count = { "keyword": 1, "paraphrase": 1, "two-articles": 2, "unanswerable": 0 }[kind];
  if (new Set(articles).size !== count || articles.length !== count) {
    tell("articles", `expected ${count} for kind "${kind}", got ${articles.length}`);
  }
  if ((answer === "") !== (count === 0)) tell("answer", count === 0 ? 'expected ""' : "expected text");
  for (const [index, [name, words]] of Object.entries({ quote, quote2 }).entries()) {
    if ((words !== undefined) !== (index < count)) {
      tell(name, index < count ? "expected words of the article" : `expected none for kind "${kind}"`);
    }
  }
});
export type LabelledQuestion = z.infer<typeof labelledQuestion>;

/**
 * Reads a JSON Lines file of labelled questions.
 *
 * @throws {JsonlError} At the first line that is not JSON, not a labelled question, or has the id of another; the
 *   message names
 *   file and line.
 */
export async function readLabelledQuestions(path: string): Promise<LabelledQuestion[]> {
  const { rows, torn } = await readJsonl(path, labelledQuestion);
  if (torn) throw new JsonlError(path, torn.line, "the file ends in the midst of a row. Restore the file.");
  const seen = new Set<string>();
  for (const [index, { id }] of rows.entries()) {
    if (seen.has(id)) throw new JsonlError(path, index + 1, `another question has the id '${id}'. Give each its own.`);
    seen.add(id);
  }
  return rows;
}

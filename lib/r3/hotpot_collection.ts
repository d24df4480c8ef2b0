/** HotpotQA's rows as one collection: the paragraphs of all contexts, and the questions about them. */
import { z } from "zod";
import { holdOut, type HotpotRow } from "../data/mod.ts";
import type { RandomSeed } from "../random/mod.ts";
import type { CollectionDocument, R3Question } from "./collection.ts";

/** A question of HotpotQA with its row. */
export interface HotpotQuestion extends R3Question {
  row: HotpotRow;
}

/** The paragraphs, with the questions to learn from and to measure with. */
export interface HotpotCollection {
  /** By title, which is the id too. */
  documents: CollectionDocument[];
  train: HotpotQuestion[];
  /** Held out: no question with the same text is in `train`. */
  test: HotpotQuestion[];
  /** Rows whose supporting paragraphs are not in the collection as the row has them. */
  leftOut: number;
}

const rowSchema = z.object({
  _id: z.string().min(1),
  question: z.string().min(1),
  answer: z.string().min(1),
  supporting_facts: z.array(z.tuple([z.string(), z.int().nonnegative()])).min(1),
  context: z.array(z.tuple([z.string(), z.array(z.string())])).min(1),
  type: z.enum(["bridge", "comparison"]),
  level: z.enum(["easy", "medium", "hard"]),
});

/**
 * Reads rows as HotpotQA's files have them (distractor setting); other columns are left alone.
 *
 * @param name What errors call the rows, such as the file.
 * @throws Naming the row and the field.
 */
export function readHotpotRows(rows: readonly unknown[], name = "HotpotQA"): HotpotRow[] {
  return rows.map((row, at) => {
    const parsed = rowSchema.safeParse(row);
    if (parsed.success) return parsed.data;
    const [{ path, message }] = parsed.error.issues;
    throw new Error(`${name}, row ${at}: ${path.join(".") || "the row"}: ${message}`);
  });
}

/**
 * Puts the contexts of rows into one collection. A title that comes again with another text is left out the second time, and so are
 * the questions that need it so.
 *
 * @param options.share Of the questions that are held out; default 0.2.
 * @throws {RangeError} when the share is out of range, or fewer than two different questions are left
 */
export function hotpotCollection(
  rows: readonly HotpotRow[],
  { share = 0.2, seed = 0 }: { share?: number; seed?: RandomSeed } = {},
): HotpotCollection {
  const texts = new Map<string, string>();
  const questions: HotpotQuestion[] = [];
  for (const row of rows) {
    for (const [title, sentences] of row.context) {
      const text = sentences.join("").trim();
      if (text !== "" && !texts.has(title)) texts.set(title, text);
    }
  }
  for (const row of rows) {
    const own = new Map(row.context.map(([title, sentences]) => [title, sentences.join("").trim()]));
    const support = [...new Set(row.supporting_facts.map(([title]) => title))];
    if (support.some((title) => !own.has(title) || own.get(title) !== texts.get(title))) continue;
    const { _id: id, question, answer } = row;
    const isClosed = /^(?:yes|no)$/i.test(answer.trim());
    const type = row.type === "bridge" ? "bridge" : isClosed ? "yes_no" : "comparison";
    questions.push({ id, question, answer, type, support, row });
  }
  const { train, heldOut } = holdOut(questions, { share, seed, key: ({ question }) => question.trim().toLowerCase() });
  const documents = [...texts].map(([title, text]) => ({ id: title, title, text }));
  return { documents, train, test: heldOut, leftOut: rows.length - questions.length };
}

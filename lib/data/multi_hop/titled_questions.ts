/** HotpotQA as titles to be found: its two files, a collection of paragraphs and questions that name the titles they need. */
import { z } from "zod";

/** Documents by their titles, and questions with the titles that answer them. */
export interface TitledQuestions {
  /** Sentences by title; each but the first begins with its space, as in the data set. */
  corpus: Readonly<Record<string, readonly string[]>>;
  questions: readonly { question: string; titles: readonly string[] }[];
}

const corpusSchema = z.record(z.string(), z.array(z.string()));
/** Title and number of the sentence, from 0. */
const fact = z.tuple([z.string(), z.number()]);
const questionsSchema = z.array(z.object({ question: z.string().min(1), supporting_facts: z.array(fact).min(1) }));

/**
 * Reads `corpus.json` (titles with their sentences) and `questions.json` (rows of HotpotQA, of which `question` and
 * `supporting_facts` are read) of a folder.
 *
 * @throws When a file is not there or not as expected, or a question needs a title that the collection lacks; the message names
 *   the file and the place in it.
 */
export async function readTitledQuestions(folder: string): Promise<TitledQuestions> {
  const corpus = await read(`${folder}/corpus.json`, corpusSchema);
  const rows = await read(`${folder}/questions.json`, questionsSchema);
  const questions = rows.map(({ question, supporting_facts }, at) => {
    const titles = [...new Set(supporting_facts.map(([title]) => title))];
    const missing = titles.find((title) => !Object.hasOwn(corpus, title));
    if (missing === undefined) return { question, titles };
    throw new Error(`${folder}/questions.json: row ${at} needs the title "${missing}", which is not in corpus.json`);
  });
  if (questions.length === 0) throw new Error(`${folder}/questions.json: there are no questions`);
  return { corpus, questions };
}

async function read<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  const text = await Deno.readTextFile(path);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Error(`${path}: expected JSON: ${(error as Error).message}`);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [{ path: place, message }] = parsed.error.issues;
  throw new Error(`${path}: ${place.join(".") || "the file"}: ${message}`);
}

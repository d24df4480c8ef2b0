/** Floors for answers, and an honest look at what they do. */
import type { AnswerFloors, Citation, Confidence } from "../answer/mod.ts";
import type { Chunk } from "../chunk/mod.ts";
import { articleName } from "./article_name.ts";
import { fitFloors, type FloorRow } from "./fit_floors.ts";

/** What to calibrate on. */
export interface CalibrationOptions {
  questions: readonly { id: string; question: string; articles: readonly string[] }[];
  /** Answers whatever the confidence is: `extractAnswer` with `floors: { coverage: 0 }`. */
  answer: (question: string) => Promise<{ citations: readonly Citation[]; confidence: Confidence | null }>;
  /** See `fitFloors`. */
  precision?: number;
  /** Parts into which the questions are dealt in turn. Default 5. */
  folds?: number;
  /** The article of a passage, as questions name it. Default: the source's file name without its extension. */
  articleOf?: (chunk: Chunk) => string;
  signal?: AbortSignal;
  /** Called after each question. */
  onProgress?: (done: number, total: number) => void;
}

/** What came out. */
export interface Calibration {
  /** Fitted on all questions: for those to come. */
  floors: AnswerFloors;
  /**
   * By id, the floors fitted on the other folds only. Measured with these, no question is judged by floors that have
   * seen it.
   */
  heldOut: ReadonlyMap<string, AnswerFloors>;
}

/**
 * Fits floors on labelled questions by cross-validation (Stone 1974). An answer counts as right when its first citation
 * leads to an article that the label names; on a question that nothing answers, every answer is wrong.
 *
 * @throws {RangeError} When there are fewer questions than folds, or fewer than two folds.
 * @throws When answering fails, or the signal is aborted.
 */
export async function calibrateFloors(options: CalibrationOptions): Promise<Calibration> {
  const { questions, answer, precision, folds = 5, articleOf = articleName, signal, onProgress } = options;
  if (!Number.isInteger(folds) || folds < 2 || questions.length < folds) {
    throw new RangeError(`folds: expected 2 to ${questions.length}, the number of questions, got ${folds}`);
  }
  const rows: FloorRow[] = [];
  for (const { question, articles } of questions) {
    signal?.throwIfAborted();
    const { citations: [first], confidence } = await answer(question);
    rows.push({
      confidence: confidence ?? { coverage: 0, cosine: 0 },
      isRight: first?.found === true && first.chunk !== null && articles.includes(articleOf(first.chunk)),
    });
    onProgress?.(rows.length, questions.length);
  }
  const withoutFold = Array.from(
    { length: folds },
    (_, fold) => fitFloors(rows.filter((_, index) => index % folds !== fold), { precision }),
  );
  return {
    floors: fitFloors(rows, { precision }),
    heldOut: new Map(questions.map(({ id }, index) => [id, withoutFold[index % folds]])),
  };
}

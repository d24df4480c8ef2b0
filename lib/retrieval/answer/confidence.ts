/** How sure it is that a passage answers a question. */

/** What speaks for a passage, before anybody has read it. */
export interface Confidence {
  /** The share of the question's words, by how much they tell, that stand in the passage, its title or headings. */
  coverage: number;
  /** Cosine of question and passage, as the search's dense side measured it; 0 where that did not find the passage. */
  cosine: number;
}

/**
 * The least confidence for an answer. One part that reaches its floor is enough, since words and vectors each know what
 * the other does not; a part without a floor vouches for nothing, and without any floor nothing is answered.
 */
export type AnswerFloors = Partial<Confidence>;

/**
 * Nearly half of what the question asks for has to stand there. Cosines mean something else with each embedder: a floor for
 * them has to be fitted (`calibrateFloors`).
 */
export const DEFAULT_ANSWER_FLOORS: AnswerFloors = { coverage: 0.45 };

/**
 * Whether the confidence reaches one of the floors.
 *
 * @throws {RangeError} When a floor is not a number.
 */
export function isConfident(confidence: Confidence, floors: AnswerFloors = DEFAULT_ANSWER_FLOORS): boolean {
  return (["coverage", "cosine"] as const).map((part) => {
    const floor = floors[part];
    if (floor === undefined) return false;
    if (typeof floor !== "number" || Number.isNaN(floor)) {
      throw new RangeError(`floors.${part}: expected a number, got ${floor}`);
    }
    return confidence[part] >= floor;
  }).includes(true);
}

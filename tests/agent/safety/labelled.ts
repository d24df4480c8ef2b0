/** Precision and recall of a rule on labelled texts. */

/** What a rule did. */
export interface Scores {
  precision: number;
  recall: number;
  /** Texts that it got wrong. */
  wrong: string[];
}

/** Counts. */
export function scoresOf(
  finds: (text: string) => boolean,
  positive: readonly string[],
  negative: readonly string[],
): Scores {
  const missed = positive.filter((text) => !finds(text));
  const alarmed = negative.filter((text) => finds(text));
  const hits = positive.length - missed.length;
  return { precision: hits / (hits + alarmed.length), recall: hits / positive.length, wrong: [...missed, ...alarmed] };
}

/** A run that has gone wrong: a loss that is not a number, or far above what knowing nothing would give. */

/** The run was stopped before the step that went wrong changed a weight. */
export class DivergenceError extends Error {
  override name = "DivergenceError";

  constructor(
    message: string,
    /** The step that went wrong, from 1. */
    readonly step: number,
    /** The rows of the training data in that step's batch. */
    readonly rows: readonly number[],
    /** The newest checkpoint whose weights were still good in a later step, if there is one. */
    readonly lastCheckpoint: string | null,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * The loss above which a language model's training counts as exploded: three times that of a model which thinks all tokens
 * equally likely.
 */
export function explodedLoss(vocabSize: number): number {
  return 3 * Math.log(vocabSize);
}

/**
 * The limit of a run that begins with a high loss. A small model on texts of a kind it has never seen is surer of wrong
 * tokens than one that guesses, without anything having gone wrong: twice the first step's loss is allowed.
 *
 * @param firstLoss The loss before the first update; null when it is not known.
 */
export function startingLimit(limit: number, firstLoss: number | null): number {
  return Math.max(limit, 2 * (firstLoss ?? 0));
}

/** The error for a step whose loss, gradient or logits say that training has diverged. */
export function divergenceError(
  problem: string,
  { step, rows, where = rowsText(rows), lastCheckpoint, cause }: {
    step: number;
    rows: readonly number[];
    /** What the step was trained on; default: the rows. */
    where?: string;
    lastCheckpoint: string | null;
    cause?: unknown;
  },
): DivergenceError {
  const back = lastCheckpoint
    ? `The last good checkpoint is ${lastCheckpoint}.`
    : "There is no earlier checkpoint to go back to.";
  return new DivergenceError(
    `step ${step}: ${problem} on ${where}. The weights are those of step ${step - 1}. ${back} ` +
      "A lower learning rate or a longer warm-up may help, or the rows want a look",
    step,
    rows,
    lastCheckpoint,
    { cause },
  );
}

function rowsText(rows: readonly number[]): string {
  return `rows ${rows.slice(0, 64).join(", ")}${rows.length > 64 ? ", ..." : ""} of trainDataset`;
}

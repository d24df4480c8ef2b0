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
    /** The last checkpoint from before, if there is one. */
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

/** The error for a step whose loss or gradient says that training has diverged. */
export function divergenceError(
  problem: string,
  { step, rows, lastCheckpoint, cause }: {
    step: number;
    rows: readonly number[];
    lastCheckpoint: string | null;
    cause?: unknown;
  },
): DivergenceError {
  const shown = rows.slice(0, 64).join(", ") + (rows.length > 64 ? ", ..." : "");
  const back = lastCheckpoint
    ? `The last good checkpoint is ${lastCheckpoint}.`
    : "There is no checkpoint to go back to.";
  return new DivergenceError(
    `step ${step}: ${problem} on rows ${shown} of trainDataset. The weights are those of step ${step - 1}. ${back} ` +
      "A lower learning rate or a longer warm-up may help, or the rows want a look",
    step,
    rows,
    lastCheckpoint,
    { cause },
  );
}

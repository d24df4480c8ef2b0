/** Which rows an optimizer step trains on: a function of the step alone, so that a resumed run needs nothing else. */

/**
 * Makes the function from a step, counted from 0, to its rows.
 *
 * @param batchesOfEpoch All batches of an epoch, `stepsPerEpoch` of them; called once for each epoch.
 */
export function stepRows(
  stepsPerEpoch: number,
  batchesOfEpoch: (epoch: number) => readonly (readonly number[])[],
): (step: number) => readonly number[] {
  let current: { epoch: number; batches: readonly (readonly number[])[] } | null = null;
  return (step) => {
    const epoch = Math.floor(step / stepsPerEpoch);
    if (current?.epoch !== epoch) current = { epoch, batches: batchesOfEpoch(epoch) };
    return current.batches[step % stepsPerEpoch];
  };
}

/** How far the logits of two models are apart. */

/** What differs, over all positions of a text. */
export interface LogitsDifference {
  /** The norm of the difference as a share of the norm of the reference. */
  relativeError: number;
  /** KL divergence of the reference's distribution to the other's, in nats, the mean over positions. */
  meanKl: number;
  /** The share of positions at which both find the same token the likeliest. */
  sameTop: number;
  positions: number;
}

/**
 * Compares logits [tokens, vocabulary], computed in float64.
 *
 * @param reference Those that are right.
 * @throws {RangeError} when there are not as many numbers
 */
export function compareLogits(reference: Float32Array, actual: Float32Array, vocabulary: number): LogitsDifference {
  if (actual.length !== reference.length) {
    throw new RangeError(`there are ${actual.length} logits: expected ${reference.length}`);
  }
  let [squares, differences, kl, same, positions] = [0, 0, 0, 0, 0];
  for (let at = 0; at < reference.length; at++) {
    squares += reference[at] ** 2;
    differences += (reference[at] - actual[at]) ** 2;
  }
  for (let at = 0; at < reference.length; at += vocabulary) {
    const end = at + vocabulary;
    const position = comparePosition(reference.subarray(at, end), actual.subarray(at, end));
    kl += position.kl;
    same += position.sameTop ? 1 : 0;
    positions++;
  }
  const relativeError = differences === 0 ? 0 : Math.sqrt(differences / squares);
  return { relativeError, meanKl: kl / positions, sameTop: same / positions, positions };
}

function comparePosition(expected: Float32Array, found: Float32Array): { kl: number; sameTop: boolean } {
  const [p, q] = [distribution(expected), distribution(found)];
  let kl = 0;
  for (let token = 0; token < expected.length; token++) {
    const logP = expected[token] - p.logTotal;
    kl += Math.exp(logP) * (logP - (found[token] - q.logTotal));
  }
  // Rounding may leave a sum of zeros below zero.
  return { kl: Number.isNaN(kl) ? NaN : Math.max(0, kl), sameTop: p.top === q.top };
}

/** The likeliest token, and the logarithm of the sum of exponentials. */
function distribution(logits: Float32Array): { top: number; logTotal: number } {
  let top = 0;
  for (let token = 1; token < logits.length; token++) if (logits[token] > logits[top]) top = token;
  let total = 0;
  for (let token = 0; token < logits.length; token++) total += Math.exp(logits[token] - logits[top]);
  return { top, logTotal: logits[top] + Math.log(total) };
}

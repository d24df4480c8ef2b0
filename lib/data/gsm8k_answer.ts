/**
 * How an answer of GSM8K is written: worked steps with calculator annotations, then the result on a last line.
 *
 *     Tom has 3*4=<<3*4=12>>12 pens.
 *     #### 12
 *
 * Source: Cobbe et al., "Training Verifiers to Solve Math Word Problems", 2021.
 */

const GOLD_MARKER = "####";

/**
 * The result: the text after the last `####`, trimmed, as it stands there ("1,200", "-3").
 *
 * @throws {Error} when there is no `####`
 */
export function goldAnswer(answer: string): string {
  return answer.slice(markerPosition(answer) + GOLD_MARKER.length).trim();
}

/**
 * The worked steps: the text before the last `####`, trimmed.
 *
 * @throws {Error} when there is no `####`
 */
export function workedSteps(answer: string): string {
  return answer.slice(0, markerPosition(answer)).trim();
}

function markerPosition(answer: string): number {
  const position = answer.lastIndexOf(GOLD_MARKER);
  if (position < 0) throw new Error(`no "${GOLD_MARKER}" before the result in the answer ${JSON.stringify(answer)}`);
  return position;
}

/** The text without its calculator annotations: "3*4=<<3*4=12>>12" becomes "3*4=12". An unclosed `<<` stays. */
export function stripCalculatorAnnotations(text: string): string {
  let stripped = "";
  let from = 0;
  for (;;) {
    const open = text.indexOf("<<", from);
    const close = open < 0 ? -1 : text.indexOf(">>", open + 2);
    if (close < 0) return stripped + text.slice(from);
    stripped += text.slice(from, open);
    from = close + 2;
  }
}

/**
 * The number a text is, or null when it is none. White space around it, commas, `$`, one `%` at the end and a leading
 * sign (also the typographic minus) are understood: "$1,234.50", "-3", "+7", "25%" (which is 25). Words, exponents, NaN and
 * infinities are not numbers here.
 */
export function parseNumber(text: string): number | null {
  const bare = text.trim().replace(/%$/, "").replace(/[$,]/g, "").replace(/^\u2212/, "-").trim();
  // Written so that no digit can be matched in two ways: linear time also for a megabyte of digits.
  if (!/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)$/.test(bare)) return null;
  const value = Number(bare);
  return Number.isFinite(value) ? value : null;
}

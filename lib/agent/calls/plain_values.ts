/** Plain values as models write them, in JSON or as in Python. */

/**
 * A number, or its text where a double could not hold it: a whole number beyond 2^53 - 1, or one that is out of range. What
 * works with big numbers gets all digits, and what does not is told that it got a string.
 */
export function toNumber(literal: string): number | string {
  const value = Number(literal);
  const isHeld = /^-?\d+$/.test(literal) ? Number.isSafeInteger(value) : Number.isFinite(value);
  return isHeld ? value : literal;
}

/** Why a word or number in JSON is none of its values. */
export function wordProblem(word: string): string {
  switch (word.toLowerCase()) {
    case "nan":
    case "infinity":
    case "inf":
    case "-infinity":
    case "-inf":
    case "+infinity":
      return `${word} is no number of JSON: write a number, or null`;
    case "true":
    case "false":
    case "null":
      return `${word} is written ${word.toLowerCase()} in JSON`;
    case "none":
    case "undefined":
    case "nil":
      return `${word} is written null in JSON`;
    default:
      return /^[-+.]?\d/.test(word)
        ? `${quoted(word)} is no number of JSON: expected one such as 12, -0.5 or 1e6`
        : `${quoted(word)} stands without quotes: strings and keys stand in double quotes`;
  }
}

/** A text in quotes, in one line and cut at 40 characters, for messages. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
}

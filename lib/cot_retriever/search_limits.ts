/** How much may be searched, found and written. */

/** What an answer may cost. */
export interface SearchLimits {
  /** Searches; at the next query the model has to answer with what it has. Default 4. */
  maxSearches?: number;
  /** Pages of a search. Default 4. */
  pagesPerSearch?: number;
  /** Of a page's content, in UTF-16 units; it is cut between words. Default 240. */
  maxContentCharacters?: number;
  /** Tokens that are written in one go. Default 256. */
  maxTurnTokens?: number;
  /** Tokens of an outcome that the model is made to give. Default 128. */
  maxOutcomeTokens?: number;
  /** Tokens of all, the prompt and what was found included. Default: the positions of the model. */
  maxContextTokens?: number;
}

const DEFAULTS: Required<Omit<SearchLimits, "maxContextTokens">> = {
  maxSearches: 4,
  pagesPerSearch: 4,
  maxContentCharacters: 240,
  maxTurnTokens: 256,
  maxOutcomeTokens: 128,
};

/**
 * The limits with their defaults.
 *
 * @param limits Of which only the limits are looked at.
 * @param maxPositions Of the model.
 * @throws {RangeError} naming the limit that cannot be
 */
export function resolveSearchLimits(limits: SearchLimits, maxPositions: number): Required<SearchLimits> {
  const defaults: Required<SearchLimits> = { ...DEFAULTS, maxContextTokens: maxPositions };
  const names = Object.keys(defaults) as (keyof SearchLimits)[];
  const given = names.flatMap((name) => limits[name] === undefined ? [] : [[name, limits[name]]]);
  const resolved: Required<SearchLimits> = { ...defaults, ...Object.fromEntries(given) };
  checkAboveZero({ ...resolved });
  if (resolved.maxContextTokens > maxPositions) {
    throw new RangeError(
      `maxContextTokens: expected at most ${maxPositions}, the positions of the model, got ${resolved.maxContextTokens}`,
    );
  }
  return resolved;
}

/** @throws {RangeError} naming the first that is no whole number above 0 */
export function checkAboveZero(numbers: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(numbers)) {
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(`${name}: expected a whole number above 0, got ${value}`);
    }
  }
}

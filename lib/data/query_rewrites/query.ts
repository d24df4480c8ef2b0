import type { Aspect } from "./terms.ts";

/**
 * A search query in its parts. Written, it is terms with "; " between them, in this order:
 * complaint or illness; time; medicines; what is asked; special groups.
 */
export interface SearchQuery {
  /** With the moment it comes: "epigastric burning after meals". */
  complaint?: string;
  /** Such as "3 days". */
  time?: string;
  /** Generic names, in the order in which they were named. */
  medicines: readonly string[];
  /** Absent where somebody asks only whether a medicine may be taken. */
  aspect?: Aspect;
  /** Such as "pregnancy" or "child 4 years". */
  populations: readonly string[];
}

/** What stands between two terms. */
export const TERM_SEPARATOR = "; ";

/** The terms of a query in their order. */
export function termsOf({ complaint, time, medicines, aspect, populations }: SearchQuery): string[] {
  return [complaint, time, ...medicines, aspect, ...populations].filter((term) => term !== undefined);
}

/** A query as text. */
export function queryText(query: SearchQuery): string {
  return termsOf(query).join(TERM_SEPARATOR);
}

/** The terms that a rewritten query must not lose: medicines, special groups, and what has a number. */
export function entitiesOf({ complaint, time, medicines, populations }: SearchQuery): string[] {
  const numbered = [complaint, time].filter((term) => term !== undefined && /\d/.test(term)) as string[];
  return [...numbered, ...medicines, ...populations];
}

/** Grades a rewrite; a metric is absent where the query has nothing of its kind. */
export function gradeQuery(query: SearchQuery, reply: string): Record<string, number> {
  const wanted = termsOf(query);
  const given = reply.trim().split(/\s*;\s*/).filter((term) => term !== "").map((term) => term.toLowerCase());
  const found = wanted.filter((term) => given.includes(term.toLowerCase())).length;
  const entities = entitiesOf(query);
  return {
    ...(entities.length > 0 ? { keeps_entities: keepsEntities(entities, given) ? 1 : 0 } : {}),
    // A reply that lists everything earns no more than one that lists half of it.
    standard_terms: found / Math.max(wanted.length, given.length),
    exact: reply.trim() === queryText(query) ? 1 : 0,
  };
}

/** Every entity stands in a term of its own words, and no number was made up. */
function keepsEntities(entities: readonly string[], given: readonly string[]): boolean {
  const kept = entities.every((entity) => given.some((term) => ` ${term} `.includes(` ${entity.toLowerCase()} `)));
  const numbers = new Set(entities.flatMap((entity) => entity.match(/\d+/g) ?? []));
  return kept && given.every((term) => (term.match(/\d+/g) ?? []).every((number) => numbers.has(number)));
}

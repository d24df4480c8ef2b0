/** What can be said about things in a generated world, and how it is said, asked and searched for. */

/** The sorts of things that have a document. */
export type EntityKind = "person" | "town" | "river" | "company" | "book" | "band" | "school" | "team";

/**
 * A relation from a thing to another thing or to a value. In all texts `{s}` is the thing, `{o}` the other thing or the
 * value.
 */
export interface Relation {
  name: string;
  of: EntityKind;
  /** What `{o}` is: a thing with a document of its own, or a value. */
  to: EntityKind | "year" | "length" | "lake" | "goods" | "job" | "color" | "subject";
  /** Whether `{o}` changes with time, so that an old page may be out of date. */
  changes?: boolean;
  /** Sentences of a document. Where `{s}` comes first, a pronoun can stand for it. */
  sentences: readonly string[];
  /** What stands for `{o}` in a longer question: "the founder of {s}". Empty where `{o}` has no document. */
  nouns: readonly string[];
  questions: readonly string[];
  /** Queries for a search, shorter than questions. */
  queries: readonly string[];
  /** What is looked for, after "I need to find". */
  need: string;
  /** Beginnings of the words that a query about this relation has at least one of. */
  stems: readonly string[];
}

/** The text with what `{s}` and `{o}` stand for. */
export function fill(text: string, subject: string, object = ""): string {
  return text.replace("{s}", subject).replace("{o}", object);
}

/** What a model's text asks for. */

/** What was put right in a call; only where there was one way to read it. */
export type MendedPart =
  /** Closing braces were missing at the end; the call has no object but itself and its arguments, so they belong there. */
  | "lost brace"
  /** More closing braces than opening ones, at the end. */
  | "extra brace"
  /** The call is whole, and no closing tag or fence came after it. */
  | "lost closing tag";

/** A call of a tool, read but not yet held against the tool's schema. */
export interface ToolCallRequest {
  /** Told apart by it within a conversation; the endpoint's, or made here. */
  id: string;
  name: string;
  /**
   * All that JSON may hold, as own keys of objects without a prototype (at every depth), so that nothing is inherited. No key
   * is `__proto__`. A number that would lose digits as a double is its text: `"12345678901234567890"`.
   */
  arguments: Readonly<Record<string, unknown>>;
  /** What was put right. Absent when the call was written as it should be. */
  mended?: readonly MendedPart[];
}

/** Text that was meant as a call and is none. It goes back to the model, which may do better. */
export interface InvalidCall {
  id: string;
  /** What was written between the tags, at most its first 2,000 characters. */
  raw: string;
  /** The tool's name as far as it could be read. */
  name?: string;
  /** "not json" covers keys that JSON allows and calls do not: one that is written twice, and `__proto__`. */
  kind: "not json" | "not a call" | "unclosed" | "too long";
  /** For the model: what is wrong, and what was expected. */
  problem: string;
}

/** Characters (UTF-16 units) of a call at most. What is longer is thrown away as it comes. */
export const MAX_CALL_CHARACTERS = 64 * 1024;

/** Characters of an invalid call that are kept. */
export const MAX_RAW_CHARACTERS = 2000;

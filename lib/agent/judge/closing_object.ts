/** The JSON object at the end of a reply. */

/** Characters of a reply that are looked at; a judgement is far shorter. */
const MAX_CHARACTERS = 20_000;
/** Braces that are tried as the object's beginning. */
const MAX_BEGINNINGS = 200;

/**
 * The JSON object that a reply ends in, also within a fence; null where there is none. Only an object at the very end counts: one
 * that is followed by words may be quoted from what was judged.
 */
export function closingObject(reply: string): Record<string, unknown> | null {
  const text = reply.slice(-MAX_CHARACTERS).trimEnd().replace(/\s*(?:```|~~~)$/, "").trimEnd();
  if (!text.endsWith("}")) return null;
  let start = text.length;
  for (let tries = 0; tries < MAX_BEGINNINGS && start > 0; tries++) {
    start = text.lastIndexOf("{", start - 1);
    if (start < 0) return null;
    // A brace within the object, as of a string, makes no whole value with what follows.
    const value = jsonOf(text.slice(start));
    if (value !== null) return value;
  }
  return null;
}

/** Null where the text is no JSON object. */
function jsonOf(text: string): Record<string, unknown> | null {
  try {
    // What begins with a brace can be nothing but an object.
    return JSON.parse(text);
  } catch {
    return null;
  }
}

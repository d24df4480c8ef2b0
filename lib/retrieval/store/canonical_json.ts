/**
 * JSON in one form only: the keys of objects in order, no spaces, what is undefined left out. Two values are equal exactly
 * when their canonical JSON is, so it can be compared and hashed.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (part === null || typeof part !== "object" || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  });
}

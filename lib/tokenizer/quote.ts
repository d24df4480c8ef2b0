/** A value from a file in an error message: as JSON, and never long. */
export function quote(value: unknown): string {
  let text: string;
  try {
    text = JSON.stringify(value);
  } catch {
    // JSON.parse takes any depth, JSON.stringify does not.
    return `${Array.isArray(value) ? "a list" : "an object"} nested thousands of levels deep`;
  }
  return text.length <= 100 ? text : `${text.slice(0, 97)}...`;
}

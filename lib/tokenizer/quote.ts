/** A value from a file in an error message: as JSON, and never long. */
export function quote(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length <= 100 ? text : `${text.slice(0, 97)}...`;
}

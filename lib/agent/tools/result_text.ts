/** Results as JSON that a model reads. */

/** A result that cannot be written, and why. */
export class ResultError extends Error {
  override name = "ResultError";
  constructor(readonly kind: "invalid result" | "result too large", message: string) {
    super(message);
  }
}

const MAX_DEPTH = 64;

/**
 * JSON of a result, the same for the same result: names stay in the order that the tool, or its output schema, gave them.
 * More than JSON.stringify it writes big integers as integers, dates as ISO 8601, maps and sets as objects and lists, and
 * `undefined` by itself as null; NaN and the infinities become words, so that nobody takes them for "nothing".
 *
 * `<` is escaped where a tag could begin, as it may be in JSON: whatever a result contains, it cannot close the tags in
 * which a chat template puts it, nor write a special token.
 *
 * @param maxBytes UTF-8 bytes at most. What is longer is not cut, since half a result can mean the opposite.
 * @throws {ResultError} when it is too large, refers to itself, or is nested more than 64 deep
 */
export function resultText(result: unknown, maxBytes: number): string {
  const parts: string[] = [];
  const open = new Set<object>();
  let bytes = 0;

  const put = (text: string) => {
    // A character is at least a byte: what is far too long need not be encoded to know.
    bytes += text.length > maxBytes ? text.length : byteLength(text);
    if (bytes > maxBytes) throw new ResultError("result too large", `the result is larger than ${maxBytes} bytes`);
    parts.push(text);
  };
  const putString = (text: string) => {
    if (text.length > maxBytes) put(text);
    put(JSON.stringify(text.toWellFormed()).replace(/<(?=[\p{L}/|!?｜])/gu, "\\u003c"));
  };
  const putItems = (items: Iterable<unknown>, depth: number) => {
    put("[");
    let isFirst = true;
    for (const item of items) {
      if (!isFirst) put(",");
      isFirst = false;
      write(item, depth);
    }
    put("]");
  };
  const putFields = (fields: Iterable<[string, unknown]>, depth: number) => {
    put("{");
    let isFirst = true;
    for (const [name, value] of fields) {
      if (isLeftOut(value)) continue;
      if (!isFirst) put(",");
      isFirst = false;
      putString(name);
      put(":");
      write(value, depth);
    }
    put("}");
  };
  const write = (value: unknown, depth: number): void => {
    if (isLeftOut(value) || value === null) return put("null");
    switch (typeof value) {
      case "boolean":
      case "bigint":
        return put(String(value));
      case "number":
        return put(Number.isFinite(value) ? String(value + 0) : `"${value}"`);
      case "string":
        return putString(value);
    }
    const object = value as object;
    if (depth >= MAX_DEPTH) throw new ResultError("invalid result", `the result is nested more than ${MAX_DEPTH} deep`);
    if (open.has(object)) throw new ResultError("invalid result", "the result refers to itself");
    open.add(object);
    if (object instanceof Date) write(Number.isNaN(object.getTime()) ? null : object.toISOString(), depth);
    else if (hasToJson(object)) write(object.toJSON(), depth + 1);
    else if (Array.isArray(object) || object instanceof Set) putItems(object, depth + 1);
    else if (ArrayBuffer.isView(object) && Symbol.iterator in object) putItems(object as Iterable<unknown>, depth + 1);
    else if (object instanceof Map) putFields(fieldsOfMap(object), depth + 1);
    else putFields(fieldsOf(object), depth + 1);
    open.delete(object);
  };

  write(result, 0);
  return parts.join("");
}

const encoder = new TextEncoder();

/** Bytes of a text in UTF-8. */
export function byteLength(text: string): number {
  return encoder.encode(text).length;
}

function isLeftOut(value: unknown): boolean {
  return value === undefined || typeof value === "function" || typeof value === "symbol";
}

function hasToJson(value: object): value is { toJSON(): unknown } {
  return "toJSON" in value && typeof value.toJSON === "function";
}

function* fieldsOf(value: object): Generator<[string, unknown]> {
  // An error's message is not among its own names.
  if (value instanceof Error) yield ["error", value.message];
  for (const name of Object.keys(value)) yield [name, (value as Record<string, unknown>)[name]];
}

function* fieldsOfMap(map: ReadonlyMap<unknown, unknown>): Generator<[string, unknown]> {
  for (const [key, value] of map) yield [String(key), value];
}

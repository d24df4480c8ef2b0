/** A query and a passage as one row of tokens that is not longer than the model reads. */
import type { TransformersModel } from "../embed/mod.ts";

/** A row, and what was lost. */
export interface PairTokens {
  ids: number[];
  /** The segment of each token, where the tokenizer tells it. */
  types?: number[];
  query: { tokens: number; kept: number };
  passage: { tokens: number; kept: number };
}

/**
 * Encodes pairs. A passage that does not fit loses its end. A query may take half of the room: what is longer loses its end too, so
 * that something of the passage is always read.
 *
 * @throws {RangeError} When `maxTokens` leaves no room for a token of each.
 */
export function pairEncoder(
  { encode }: Pick<TransformersModel, "encode">,
  maxTokens: number,
): (query: string, passage: string) => PairTokens {
  const own = (text: string) => text === "" ? [] : encode(text, { specialTokens: false }).ids;
  const frame = pairFrame(encode);
  const room = maxTokens - frame.before.length - frame.between.length - frame.after.length;
  if (!Number.isInteger(maxTokens) || room < 2) {
    throw new RangeError(`maxTokens: expected a whole number from ${maxTokens - room + 2}, got ${maxTokens}`);
  }
  return (query, passage) => {
    const [asked, read] = [own(query), own(passage)];
    const queryKept = Math.min(asked.length, Math.max(Math.floor(room / 2), room - read.length));
    const passageKept = Math.min(read.length, room - queryKept);
    const first = [...frame.before, ...asked.slice(0, queryKept), ...frame.between.slice(0, frame.ofFirst)];
    const second = [...frame.between.slice(frame.ofFirst), ...read.slice(0, passageKept), ...frame.after];
    return {
      ids: [...first, ...second],
      ...(frame.hasTypes && { types: [...first.map(() => 0), ...second.map(() => 1)] }),
      query: { tokens: asked.length, kept: queryKept },
      passage: { tokens: read.length, kept: passageKept },
    };
  };
}

/** What a tokenizer writes around and between two texts, and how many of the tokens between belong to the first segment. */
function pairFrame(encode: TransformersModel["encode"]) {
  const [first, second] = ["a", "b"].map((text) => encode(text, { specialTokens: false }).ids);
  const { ids, types } = encode("a", { pair: "b" });
  const find = (part: readonly number[], from: number) =>
    ids.findIndex((_, at) => at >= from && part.every((id, k) => ids[at + k] === id));
  const start = find(first, 0);
  const end = start + first.length;
  const next = find(second, end);
  if (first.length === 0 || second.length === 0 || start < 0 || next < 0) {
    throw new Error("the tokenizer does not keep the two texts of a pair apart");
  }
  const between = ids.slice(end, next);
  const firstOfSecond = types === undefined ? -1 : types.indexOf(1);
  return {
    before: ids.slice(0, start),
    between,
    after: ids.slice(next + second.length),
    // Tokenizers without segments give none, or zeros alone.
    hasTypes: firstOfSecond >= 0,
    ofFirst: firstOfSecond >= 0 ? firstOfSecond - end : between.length,
  };
}

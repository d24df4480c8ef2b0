/**
 * The tokens with a meaning: where a text begins and where generation stops. A file that gets these wrong loads, talks, and
 * does not stop.
 */
import type { Tokenizer } from "../../tokenizer/mod.ts";
import { bool, type GgufValue, i32s, u32 } from "./metadata_values.ts";

/** Ends of turns. */
const TURN_ENDS = ["<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|end_of_turn|>", "<end_of_utterance>"];

/** Ends of a message after which a tool answers. */
const MESSAGE_END = "<|eom_id|>";

/** Tokens at which llama.cpp stops by their text alone, whatever a file says. */
export const KNOWN_ENDS: ReadonlySet<string> = new Set([
  ...["<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "</s>", "<|eom_id|>", "<EOT>", "_<EOT>"],
  ...["[EOT]", "[EOS]", "<|end_of_text|>", "<end_of_utterance>", "<eos>", "<｜end▁of▁sentence｜>"],
]);

/** Keys of GGUF that name one token each. */
export const SPECIAL_TOKEN_KEYS = {
  bos: "tokenizer.ggml.bos_token_id",
  eos: "tokenizer.ggml.eos_token_id",
  eot: "tokenizer.ggml.eot_token_id",
  eom: "tokenizer.ggml.eom_token_id",
  unknown: "tokenizer.ggml.unknown_token_id",
  padding: "tokenizer.ggml.padding_token_id",
} as const;

/**
 * Their keys.
 *
 * llama.cpp takes token 11 for the first one where a file names none, so a tokenizer without one names its padding token, and
 * says that none is to be put before a text.
 *
 * @param modelEnds Where the model's configuration ends a text. What is no special token among them is passed over: transformers
 *   takes id 2 for a Llama's where config.json does not say.
 * @param unknown The token for characters that are none.
 * @throws {RangeError} when llama.cpp could not be told of all, or what the tokenizer puts around a text is something else
 */
export function specialTokenFields(
  tokenizer: Tokenizer,
  modelEnds: readonly number[],
  unknown?: string,
): [key: string, value: GgufValue][] {
  const { eosTokenId, padTokenId, specialTokenIds } = tokenizer;
  if (eosTokenId === undefined) {
    throw new RangeError(
      `${tokenizer.folder}: the tokenizer names no end token, and llama.cpp would never stop; set eos_token in ` +
        "tokenizer_config.json",
    );
  }
  const ends = [...new Set([...tokenizer.eosTokenIds, ...modelEnds.filter((id) => specialTokenIds.has(id))])];
  const { first, last } = putAround(tokenizer);
  const bos = first ?? tokenizer.bosTokenId ?? padTokenId ?? eosTokenId;
  const { eot, eom } = otherEnds(tokenizer, ends);
  const ids: [string, number | undefined][] = [
    [SPECIAL_TOKEN_KEYS.bos, bos],
    [SPECIAL_TOKEN_KEYS.eos, eosTokenId],
    [SPECIAL_TOKEN_KEYS.eot, eot],
    [SPECIAL_TOKEN_KEYS.eom, eom],
    [SPECIAL_TOKEN_KEYS.unknown, unknown === undefined ? undefined : tokenizer.tokenToId(unknown)],
    [SPECIAL_TOKEN_KEYS.padding, padTokenId],
  ];
  return [
    ...ids.flatMap(([key, id]): [string, GgufValue][] => id === undefined ? [] : [[key, u32(id)]]),
    ["tokenizer.ggml.add_bos_token", bool(first !== undefined)],
    ["tokenizer.ggml.add_eos_token", bool(last !== undefined)],
    // llama.cpp needs neither: they say what it guesses by text, or takes for granted.
    ["kiln.tokenizer.eos_token_ids", i32s(ends)],
    ["kiln.tokenizer.has_bos_token", bool(tokenizer.bosTokenId !== undefined)],
  ];
}

/** What `addSpecialTokens` puts before and after a text. */
function putAround(tokenizer: Tokenizer): { first?: number; last?: number } {
  const bare = tokenizer.encode("a");
  const dressed = tokenizer.encode("a", { addSpecialTokens: true });
  const at = dressed.findIndex((_, i) => bare.every((id, j) => dressed[i + j] === id));
  const [before, after] = [dressed.slice(0, at), dressed.slice(at + bare.length)];
  const fine = at >= 0 && before.length <= 1 && after.length <= 1 &&
    (before.length === 0 || before[0] === (tokenizer.bosTokenId ?? before[0])) &&
    (after.length === 0 || after[0] === tokenizer.eosTokenId);
  if (fine) return { first: before[0], last: after[0] };
  throw new RangeError(
    `${tokenizer.folder}/tokenizer.json: the post_processor makes [${dressed}] of [${bare}]; llama.cpp can put bos_token ` +
      `(${tokenizer.bosTokenId}) before a text and eos_token (${tokenizer.eosTokenId}) after it, and nothing else`,
  );
}

/** The end tokens beside `eosTokenId`, on the places that GGUF has for them. */
function otherEnds(tokenizer: Tokenizer, ends: readonly number[]): { eot: number; eom?: number } {
  const { eosTokenId } = tokenizer;
  const textOf = (id: number) => tokenizer.idToToken(id)!;
  const others = ends.filter((id) => id !== eosTokenId);
  const eom = others.find((id) => textOf(id) === MESSAGE_END);
  const turn = ends.find((id) => TURN_ENDS.includes(textOf(id)));
  // Those that llama.cpp does not stop at by itself need a place.
  const places = { eot: turn ?? eosTokenId!, eom };
  const homeless = others.filter((id) => id !== places.eot && id !== places.eom && !KNOWN_ENDS.has(textOf(id)));
  if (homeless.length > 0 && turn === undefined) places.eot = homeless.shift()!;
  if (homeless.length > 0 && eom === undefined) places.eom = homeless.shift()!;
  if (homeless.length === 0) return places;
  throw new RangeError(
    `${tokenizer.folder}: generation ends at ${ends.map(textOf).join(", ")}, of which llama.cpp can be told only ` +
      `three; leave ${homeless.map(textOf).join(", ")} out of eos_token_id in generation_config.json`,
  );
}

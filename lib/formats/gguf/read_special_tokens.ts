/** The tokens with a meaning, of a file that anybody may have written. */
import { GgufError } from "./format.ts";
import type { GgufFile } from "./read.ts";
import { readBool, readInteger, readIntegers } from "./read_metadata.ts";
import { KNOWN_ENDS, SPECIAL_TOKEN_KEYS as KEYS } from "./special_tokens.ts";
import { TOKEN_TYPES } from "./token_types.ts";

/** By id. */
export interface SpecialTokens {
  /** Absent where the file names one only because llama.cpp wants one. */
  bos?: number;
  eos?: number;
  padding?: number;
  /** All at which generation stops, `eos` first. */
  ends: number[];
  /** Whether the first and the last token are put around a text. */
  addBos: boolean;
  addEos: boolean;
}

/**
 * Reads them.
 *
 * @param addsBos What llama.cpp does with tokenizers of the kind where the file does not say.
 * @throws {GgufError} when a key names no token
 */
export function readSpecialTokens(
  file: GgufFile,
  tokens: readonly string[],
  types: readonly number[],
  addsBos: boolean,
): SpecialTokens {
  const idAt = (key: string): number | undefined => {
    const id = readInteger(file, key);
    if (id === undefined || (id < tokens.length && types[id] !== TOKEN_TYPES.unused)) return id;
    throw new GgufError(file.path, `${key} is ${id}, which is no token; the file has ${tokens.length}`);
  };
  const eos = idAt(KEYS.eos);
  const padding = idAt(KEYS.padding);
  const named = idAt(KEYS.bos);
  const addBos = readBool(file, "tokenizer.ggml.add_bos_token") ?? (addsBos && named !== undefined);
  const addEos = readBool(file, "tokenizer.ggml.add_eos_token") ?? false;
  for (const [key, adds, id] of [[KEYS.bos, addBos, named], [KEYS.eos, addEos, eos]] as const) {
    if (adds && id === undefined) throw new GgufError(file.path, `it adds the token of ${key}, and names none`);
  }
  // Many files name the padding or end token where a model has no first one: llama.cpp would take token 11.
  const isFiller = !addBos && (named === padding || named === eos);
  const hasBos = named !== undefined && (readBool(file, "kiln.tokenizer.has_bos_token") ?? !isFiller);
  return {
    ...(hasBos || addBos ? { bos: named } : {}),
    ...(eos === undefined ? {} : { eos }),
    ...(padding === undefined ? {} : { padding }),
    ends: endsOf(file, tokens, types, [eos, idAt(KEYS.eot), idAt(KEYS.eom)]),
    addBos,
    addEos,
  };
}

/** Where generation stops: what the file's own list says, or all at which llama.cpp would. */
function endsOf(
  file: GgufFile,
  tokens: readonly string[],
  types: readonly number[],
  named: readonly (number | undefined)[],
): number[] {
  const own = readIntegers(file, "kiln.tokenizer.eos_token_ids");
  const stray = own?.find((id) => id >= tokens.length || types[id] === TOKEN_TYPES.unused);
  if (stray !== undefined) {
    throw new GgufError(file.path, `kiln.tokenizer.eos_token_ids names ${stray}, which is no token`);
  }
  if (own) return own;
  const byText = tokens.flatMap((token, id) => types[id] === TOKEN_TYPES.control && KNOWN_ENDS.has(token) ? [id] : []);
  return [...new Set([...named.filter((id) => id !== undefined), ...byText])];
}

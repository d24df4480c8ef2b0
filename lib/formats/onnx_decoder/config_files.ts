/** The small files around the ONNX files: what transformers.js, Optimum and transformers read besides weights. */
import { configJson } from "../../models/mod.ts";
import { completeTokenizerFiles, type Tokenizer } from "../../tokenizer/mod.ts";
import type { ModelSource } from "../model_source.ts";
import type { OnnxVariant } from "./variants.ts";

/**
 * Their names and contents.
 *
 * transformers.js takes the chat template from tokenizer_config.json alone, and what else it has to know from
 * `transformers.js_config` in config.json: the `dtype` to load where none is named, which files have how many files of weights
 * beside them, and, for its version 3, in what the caches are.
 *
 * @param variants What was written; the first is what is loaded unless told otherwise.
 * @param dataFiles How many files of weights each has beside it.
 */
export function configFiles(
  { config, tokenizer }: ModelSource,
  variants: readonly OnnxVariant[],
  dataFiles: readonly number[],
): Map<string, Uint8Array> {
  // A text ends at the model's own end tokens and at the one that ends a turn in the chat template, which some models' files forget.
  const ends = [...new Set([...config.eosTokenIds, ...tokenizer.eosTokenIds])];
  const external = variants.flatMap(({ file }, at) => dataFiles[at] > 0 ? [[file, dataFiles[at]]] : []);
  const half = variants.filter(({ cacheType }) => cacheType === "float16").map(({ dtype }) => [dtype, "float16"]);
  const json = {
    ...configJson({ ...config, eosTokenIds: ends }),
    torch_dtype: "float32",
    "transformers.js_config": {
      dtype: variants[0].dtype,
      ...(half.length > 0 && { kv_cache_dtype: Object.fromEntries(half) }),
      ...(external.length > 0 && { use_external_data_format: Object.fromEntries(external) }),
    },
  };
  const own = tokenizer.files.get("generation_config.json");
  const generation = {
    ...(own && parse(own)),
    ...(ends.length > 0 && { eos_token_id: ends.length === 1 ? ends[0] : ends }),
  };
  const files = new Map(completeTokenizerFiles(tokenizer));
  files.set("tokenizer_config.json", withSpecialTokens(files.get("tokenizer_config.json")!, tokenizer));
  files.set("config.json", text(json));
  files.set("generation_config.json", text(generation));
  return files;
}

/** Older models name their special tokens in special_tokens_map.json alone, which transformers.js does not read. */
function withSpecialTokens(config: Uint8Array, tokenizer: Tokenizer): Uint8Array {
  const named = parse(config);
  const { bosTokenId, eosTokenId, padTokenId } = tokenizer;
  const ids = Object.entries({ bos_token: bosTokenId, eos_token: eosTokenId, pad_token: padTokenId });
  const missing = ids.filter(([name, id]) => named[name] == null && id !== undefined);
  if (missing.length === 0) return config;
  return text({ ...named, ...Object.fromEntries(missing.map(([name, id]) => [name, tokenizer.idToToken(id!)])) });
}

function parse(json: Uint8Array): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(json));
}

function text(json: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(json, null, 2) + "\n");
}

import { qwenSplitPattern, Tokenizer } from "../../lib/tokenizer/mod.ts";

const ranksFile = new URL("../../../shared/data/tokenizers/qwen.tiktoken", import.meta.url);

/** Whether the ranks of Qwen's tokenizer are on this machine; tests that need them are skipped where not. */
export const qwenIsHere = await Deno.stat(ranksFile).then(() => true, () => false);
if (!qwenIsHere) console.warn(`Tests with Qwen's tokenizer are skipped: ${ranksFile.pathname} is absent.`);

/** Qwen2.5's tokenizer, up to `<|im_end|>`, made from tiktoken's list of ranks. */
export async function qwenTokenizer(): Promise<Tokenizer> {
  const lines = (await Deno.readTextFile(ranksFile)).trimEnd().split("\n");
  const alphabet = byteAlphabet();
  const tokens = lines.map((line) =>
    Array.from(atob(line.split(" ")[0]), (byte) => alphabet[byte.charCodeAt(0)]).join("")
  );
  const rankOf = new Map(tokens.map((token, rank) => [token, rank]));
  const special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false };
  const tokenizerJson = {
    version: "1.0",
    added_tokens: special.map((content, i) => ({ id: tokens.length + i, content, special: true, normalized: false })),
    normalizer: { type: "NFC" },
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Split", pattern: { Regex: qwenSplitPattern }, behavior: "Isolated", invert: false },
        byteLevel,
      ],
    },
    post_processor: byteLevel,
    decoder: byteLevel,
    model: {
      type: "BPE",
      vocab: Object.fromEntries(rankOf),
      merges: tokens.flatMap((token, rank) => token.length === 1 ? [] : [lastMerge(token, rank, rankOf)]),
    },
  };
  const config = { eos_token: "<|im_end|>", pad_token: "<|endoftext|>", bos_token: null };
  const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  return new Tokenizer(
    "qwen",
    new Map([
      ["tokenizer.json", bytes(tokenizerJson)],
      ["tokenizer_config.json", bytes(config)],
      ["generation_config.json", bytes({ eos_token_id: [tokens.length + 2, tokens.length] })],
    ]),
  );
}

/** The two tokens from which a token is merged: what merging by all lower ranks leaves of it. */
function lastMerge(token: string, rank: number, rankOf: ReadonlyMap<string, number>): [string, string] {
  const parts = [...token];
  while (parts.length > 2) {
    let best = -1;
    let bestRank = rank;
    for (let i = 0; i + 1 < parts.length; i++) {
      const pairRank = rankOf.get(parts[i] + parts[i + 1]) ?? Infinity;
      if (pairRank < bestRank) [best, bestRank] = [i, pairRank];
    }
    if (best < 0) throw new Error(`${token} is not made by merges of lower rank`);
    parts.splice(best, 2, parts[best] + parts[best + 1]);
  }
  return [parts[0], parts[1]];
}

/** GPT-2's characters for bytes, written down apart from the library's so that one checks the other. */
function byteAlphabet(): string[] {
  const alphabet = new Array<string>(256);
  let next = 256;
  for (let byte = 0; byte < 256; byte++) {
    const isVisible = (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
    alphabet[byte] = String.fromCodePoint(isVisible ? byte : next++);
  }
  return alphabet;
}

import type { TokenizerJson } from "./files.ts";
import type { Part } from "./parts.ts";

/**
 * On what the text of a token depends: on nothing, since it is UTF-8 bytes; on the tokens just before it; or on all the
 * others, so that no text is certain before the last token.
 */
export type DecoderScope = "bytes" | "neighbours" | "everything";

/** Says it of a checked tokenizer.json. */
export function decoderScope({ decoder, model }: TokenizerJson): DecoderScope {
  // The library looks for the suffix in the whole text.
  if (model.type === "BPE" && model.end_of_word_suffix) return "everything";
  if (decoder?.type === "ByteLevel") return "bytes";
  let isFused = false;
  for (const { type } of partsOf(decoder)) {
    // CTC merges equal neighbours; BPEDecoder writes a token differently when it is the last.
    if (type === "CTC" || type === "BPEDecoder" || (isFused && type !== "Strip" && type !== "Fuse")) {
      return "everything";
    }
    if (type === "Fuse" || type === "ByteLevel") isFused = true;
  }
  return "neighbours";
}

/** The parts of a decoder in their order. */
function partsOf(decoder: Part | null): Part[] {
  if (decoder === null) return [];
  return decoder.type === "Sequence" ? (decoder.decoders as Part[]).flatMap(partsOf) : [decoder];
}

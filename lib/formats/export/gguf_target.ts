/** The whole model with its adapter merged, as files for llama.cpp. */
import { GGUF_TYPES, type GgufType, loadGguf, saveGguf } from "../gguf/mod.ts";
import { BOUNDS } from "./bounds.ts";
import { textLogits } from "./logits.ts";
import type { ExportTarget, TargetOf } from "./target.ts";

/** Options of GGUF files. */
export interface GgufExport {
  to: "gguf";
  /** One type, or several: a file each. Default `"Q8_0"`. */
  type?: GgufType | readonly GgufType[];
}

/** @throws {RangeError} when there is no such type */
export function ggufTarget({ type = "Q8_0" }: GgufExport, { source }: Pick<TargetOf, "source">): ExportTarget {
  const types = [type].flat();
  const unknown = types.find((each) => !GGUF_TYPES.includes(each));
  if (types.length === 0 || unknown !== undefined || new Set(types).size < types.length) {
    throw new RangeError(
      `type: expected some of ${GGUF_TYPES.join(", ")}, each once, got ${types.join(", ") || "none"}`,
    );
  }
  const fileOf = (type: GgufType) => `${source.name}-${type}.gguf`;
  return {
    title: `GGUF in ${types.join(", ")} for llama.cpp`,
    library: "gguf",
    tags: ["gguf", "llama.cpp"],
    supersedes: () => false,
    parts: types.map((type) => ({
      format: type,
      bound: BOUNDS[type],
      readBack: async (folder, context) => {
        const { model, tokenizer } = await loadGguf(`${folder}/${fileOf(type)}`, context);
        try {
          return { logits: await textLogits(model, context.ids), tokenizer };
        } finally {
          await model.dispose();
        }
      },
    })),
    async write(source, folder, { onProgress, signal, fileSystem }) {
      for (const [at, type] of types.entries()) {
        await saveGguf(source, `${folder}/${fileOf(type)}`, {
          type,
          onProgress: (done, total, what) => onProgress(at * total + done, types.length * total, `${type} ${what}`),
          signal,
          fileSystem,
        });
      }
    },
    chats: "The chat template is in the file, and both use it.",
    usage: () =>
      [
        "```sh",
        ...types.slice(0, 1).flatMap((type) => [
          `llama-cli -m ${fileOf(type)}     # a chat in the terminal`,
          `llama-server -m ${fileOf(type)}  # an OpenAI-compatible API on port 8080`,
        ]),
        "```",
      ].join("\n"),
  };
}

/** The adapter by itself, as PEFT has it. */
import { writeFileAtomic } from "../../files/mod.ts";
import { isHubId } from "../../models/mod.ts";
import { completeTokenizerFiles, Tokenizer } from "../../tokenizer/mod.ts";
import { BOUNDS } from "./bounds.ts";
import type { ExportTarget, TargetOf, WriteContext } from "./target.ts";
import { sourceLogits } from "./verify.ts";

const WEIGHTS = "adapter_model.safetensors";
const CONFIG = "adapter_config.json";

/**
 * The adapter's tensors as they are, its configuration with a base that can be found from anywhere, and the tokenizer with the
 * chat template that it was trained with.
 *
 * @param options.repository Where on the hub it goes to.
 * @throws when what is exported has no adapter, or goes to the hub with a base that is only here
 */
export function peftTarget(
  { repository }: { repository?: string },
  { found }: Pick<TargetOf, "found">,
): ExportTarget {
  const { adapter } = found;
  if (adapter === undefined) {
    throw new Error(
      `${found.model} is a whole model, and PEFT's format is for adapters: export it to hf, gguf or onnx`,
    );
  }
  if (repository !== undefined && !isHubId(found.base)) {
    throw new Error(
      `${adapter} has a base that only this machine has, ${found.base}: name it as the hub does (--base-model owner/name), or ` +
        "export the merged model (--to hf)",
    );
  }
  return {
    title: "a LoRA adapter in PEFT's format",
    library: "peft",
    tags: ["lora", "peft"],
    supersedes: () => false,
    parts: [{
      format: "F32",
      bound: BOUNDS.peft,
      readBack: async (folder, context) => ({
        logits: await sourceLogits({ ...found, adapter: folder }, context),
        tokenizer: await Tokenizer.load(folder),
      }),
    }],
    async write({ tokenizer }, folder, context) {
      const { onProgress, signal, fileSystem } = context;
      await copyFile(`${adapter}/${WEIGHTS}`, `${folder}/${WEIGHTS}`, context);
      const config = JSON.parse(await Deno.readTextFile(`${adapter}/${CONFIG}`));
      const named = { ...config, base_model_name_or_path: found.base, inference_mode: true };
      const text = JSON.stringify(named, null, 2) + "\n";
      await writeFileAtomic(`${folder}/${CONFIG}`, text, { signal, fileSystem });
      for (const [name, bytes] of completeTokenizerFiles(tokenizer)) {
        await writeFileAtomic(`${folder}/${name}`, bytes, { signal, fileSystem });
      }
      onProgress(1, 1, CONFIG);
    },
    chats: 'Conversations: `tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt")`.',
    usage: (place) =>
      [
        "```python",
        "from peft import AutoPeftModelForCausalLM",
        "from transformers import AutoTokenizer",
        "",
        `model = AutoPeftModelForCausalLM.from_pretrained(${JSON.stringify(place)})`,
        `tokenizer = AutoTokenizer.from_pretrained(${JSON.stringify(place)})`,
        "```",
        ...(isHubId(found.base) ? [] : [
          "",
          `The base is a folder of the machine that wrote this. Elsewhere, write its place, or its name on the hub, into ` +
          `${CONFIG} (base_model_name_or_path).`,
        ]),
      ].join("\n"),
  };
}

async function copyFile(from: string, to: string, { onProgress, signal, fileSystem }: WriteContext): Promise<void> {
  using file = await Deno.open(from);
  const { size } = await file.stat();
  async function* pieces() {
    const piece = new Uint8Array(1 << 20);
    let done = 0;
    for (let count = await file.read(piece); count !== null; count = await file.read(piece)) {
      yield piece.subarray(0, count);
      onProgress(done += count, size + 1, WEIGHTS);
    }
  }
  await writeFileAtomic(to, pieces(), { bytesNeeded: size, signal, fileSystem });
}

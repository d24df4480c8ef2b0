/** Writing a checkpoint. */
import { type LoraAdapter, saveAdapter } from "../../adapters/mod.ts";
import { type FileSystem, writeFileAtomic, writeFolderAtomic } from "../../files/mod.ts";
import { type CausalLM, saveModel, type TensorToWrite, writeSafetensors } from "../../models/mod.ts";
import type { MomentTensor } from "../moments.ts";
import type { AdamW } from "../optimizer.ts";
import type { CheckpointOptions } from "../step.ts";
import { writeManifest } from "./manifest.ts";
import { STATE_FILE, stateText, type TrainerState } from "./state.ts";

export const OPTIMIZER_FILE = "optimizer.safetensors";

/** The types of moments, as the file has them. */
export const FILE_DTYPE: Readonly<Record<MomentTensor["dtype"], "F32" | "U8">> = { float32: "F32", uint8: "U8" };

/** What the file calls a tensor of a parameter's moments: `first.NAME` for `firstMoment`, `firstCodes.NAME` for `firstCodes`. */
export function momentFileName(kind: string, parameter: string): string {
  return `${kind.replace(/Moment$/, "")}.${parameter}`;
}

/** What goes into a checkpoint. */
export interface CheckpointContents {
  model: CausalLM;
  /** Where one is trained, it is saved and the model is not. */
  adapter?: LoraAdapter;
  /** The base model's name for PEFT. */
  baseModel: string;
  /** The tokenizer, if its files go into the folder. */
  processingClass?: CheckpointOptions["processingClass"];
  optimizer: AdamW;
  state: TrainerState;
  /** Further JSON files by name. */
  files: Readonly<Record<string, unknown>>;
}

/**
 * Writes a checkpoint: the adapter as PEFT has it, or the model in float32 as transformers has it, `optimizer.safetensors`,
 * `trainer_state.json`, and last `manifest.json`. The folder is written beside, flushed and renamed into place, so that
 * whatever happens there is a whole checkpoint or none under that name.
 *
 * @throws {DiskFullError} when the disk is full; earlier checkpoints are still there
 */
export async function saveCheckpoint(
  folder: string,
  { model, adapter, baseModel, processingClass, optimizer, state, files }: CheckpointContents,
  options: { fileSystem?: FileSystem } = {},
): Promise<void> {
  const { fileSystem } = options;
  const moments: TensorToWrite[] = [];
  for (const [name, tensors] of optimizer.moments) {
    for (const [kind, tensor] of Object.entries(tensors)) {
      moments.push({
        name: momentFileName(kind, name),
        dtype: FILE_DTYPE[tensor.dtype as MomentTensor["dtype"]],
        shape: [...tensor.shape],
        data: async () => await model.engine.read(tensor) as Float32Array | Uint8Array,
      });
    }
  }
  await writeFolderAtomic(folder, async (inside) => {
    if (adapter) await saveAdapter(model, adapter, inside, { baseModel, fileSystem });
    else await saveModel(model, inside, { dtype: "F32", fileSystem });
    await processingClass?.save(inside, { fileSystem });
    await writeSafetensors(`${inside}/${OPTIMIZER_FILE}`, moments, {}, { fileSystem });
    for (const [name, json] of Object.entries(files)) {
      await writeFileAtomic(`${inside}/${name}`, JSON.stringify(json) + "\n", { fileSystem });
    }
    await writeFileAtomic(`${inside}/${STATE_FILE}`, stateText(state), { fileSystem });
    await writeManifest(inside, fileSystem);
  }, { fileSystem });
}

/** A critic on disk, as PEFT keeps an adapter of a sequence classifier with one label. */
import { z } from "zod";
import { saveAdapter } from "../adapters/mod.ts";
import { writeFileAtomic, writeFolderAtomic, type WriteOptions } from "../files/mod.ts";
import { type CausalLM, LINEAR_MODULES } from "../models/mod.ts";
import { Random } from "../random/mod.ts";
import { restoreParameters } from "./checkpoint/mod.ts";
import { createCritic, type Critic, VALUE_HEAD } from "./value_head.ts";

/**
 * Writes a critic into a folder of its own. Python's `PeftModel.from_pretrained` loads it onto an
 * `AutoModelForSequenceClassification` with `num_labels=1`: the head stands in the file whole, as `score`.
 *
 * @param options.baseModel What it belongs to: the name or folder that PEFT should load as the base.
 * @throws {DiskFullError} when the disk is full; as after every failure, an earlier critic is then still there
 */
export async function saveCritic(
  model: CausalLM,
  critic: Critic,
  folder: string,
  { baseModel, fileSystem }: { baseModel: string } & Pick<WriteOptions, "fileSystem">,
): Promise<void> {
  await writeFolderAtomic(folder, async (inside) => {
    await saveAdapter(model, critic, inside, { baseModel, fileSystem });
    const path = `${inside}/adapter_config.json`;
    const config = {
      ...JSON.parse(await Deno.readTextFile(path)),
      modules_to_save: [VALUE_HEAD],
      task_type: "SEQ_CLS",
    };
    await writeFileAtomic(path, JSON.stringify(config, null, 2) + "\n", { fileSystem });
  }, { fileSystem });
}

const configSchema = z.looseObject({
  peft_type: z.literal("LORA"),
  r: z.number().int().positive(),
  lora_alpha: z.number().positive(),
  use_rslora: z.boolean().default(false),
  target_modules: z.array(z.enum(LINEAR_MODULES)),
});

/**
 * Loads a critic that `saveCritic` wrote, or the folder `critic` of a checkpoint of PPO.
 *
 * @throws When it is none, or was made for another model; the message names the file.
 */
export async function loadCritic(model: CausalLM, folder: string): Promise<Critic> {
  const path = `${folder}/adapter_config.json`;
  let json: unknown;
  try {
    json = JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    throw new Error(`${path}: cannot be read (${(error as Error).message}); expected a folder that saveCritic wrote`);
  }
  const parsed = configSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`${path}: field "${issue.path.join(".")}": ${issue.message}`);
  }
  const { r, lora_alpha: loraAlpha, use_rslora: useRslora, target_modules: targetModules } = parsed.data;
  const critic = await createCritic(model, new Random(0), { r, loraAlpha, useRslora, targetModules });
  try {
    await restoreParameters(folder, model, critic);
  } catch (error) {
    critic.factors.forEach((factor) => factor.dispose());
    throw error;
  }
  return critic;
}

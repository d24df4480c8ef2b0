/** What a recipe for verl sets besides the options of the run. */
import type { Facts } from "../facts.ts";
import type { AddedField, Json } from "../mapping.ts";
import { ACTOR, ROLLOUT } from "./shared_rules.ts";

/** The fields that no option asks for. */
export function addedFields({ method, dtype, batch }: Facts, name: string): AddedField[] {
  const precision = dtype === "bfloat16" ? "bfloat16" : "float32";
  const why = "Kiln computes in float32; --dtype float32 does so there";
  const fields: [string, Json, string][] = [
    ["trainer.n_gpus_per_node", batch.gpus, "--gpus"],
    ["trainer.nnodes", 1, "several machines: raise it, and n_gpus_per_node is that of each"],
    ["trainer.logger", ["console", "tensorboard"], "as Kiln's runs"],
    ["trainer.project_name", "kiln", "for the log"],
    ["trainer.experiment_name", name, "for the log"],
  ];
  if (method === "sft") {
    fields.push(["engine.dtype", precision, why], ["data.pad_mode", "no_padding", "no token is padding"]);
    return fields.map(([field, value, why]) => ({ field, value, why }));
  }
  fields.push(
    ["algorithm.adv_estimator", method === "grpo" ? "grpo" : "gae", "the method"],
    ["trainer.val_before_train", false, "there is nothing to evaluate on"],
    [`${ACTOR}.fsdp_config.dtype`, precision, why],
    [`${ACTOR}.use_dynamic_bsz`, false, "micro-batches are of rows, as here"],
    [`${ACTOR}.entropy_coeff`, 0, "Kiln's losses have no such term"],
    [`${ROLLOUT}.name`, "vllm", "rollouts by vLLM"],
    [`${ROLLOUT}.load_format`, "safetensors", "with an adapter vLLM needs the base's weights from the start"],
    [`${ROLLOUT}.tensor_model_parallel_size`, 1, "a copy of the model on each card; verl's default is 2"],
    [`${ROLLOUT}.gpu_memory_utilization`, 0.4, "the rest of a card is for training"],
  );
  if (method === "grpo") {
    fields.push(["algorithm.use_kl_in_reward", false, "GRPO's KL term is in the loss"]);
    return fields.map(([field, value, why]) => ({ field, value, why }));
  }
  fields.push(
    [`${ACTOR}.use_kl_loss`, false, "PPO's KL term is in the rewards"],
    [`${ACTOR}.clip_ratio_c`, 1e9, "Kiln's PPO has no second bound; verl's is 3 unless told otherwise"],
    ["critic.fsdp.dtype", precision, why],
  );
  return fields.map(([field, value, why]) => ({ field, value, why }));
}

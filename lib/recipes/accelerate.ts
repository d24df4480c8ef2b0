/** How many cards work together, for accelerate and DeepSpeed. */
import type { Facts } from "./facts.ts";
import type { Json } from "./mapping.ts";

/** 0: each card holds everything. 2: gradients and optimizer states are divided. 3: weights too. */
export type ZeroStage = 0 | 2 | 3;

/** Why a stage was chosen. */
export interface ZeroChoice {
  stage: ZeroStage;
  why: string;
}

/**
 * Chooses DeepSpeed's ZeRO stage: none on one card; 2 on several, unless weights, gradients and optimizer states would then
 * take more than half of a card.
 *
 * @param gpuMemory Bytes of a card.
 */
export function zeroStage(
  { record, batch, dtype }: Pick<Facts, "record" | "batch" | "dtype">,
  gpuMemory: number,
): ZeroChoice {
  if (batch.gpus === 1) return { stage: 0, why: "one card" };
  const { parameters, precision } = record.model;
  const bytesPerWeight = { "4bit": 0.6, "8bit": 1.1, float16: 2, float32: 4 }[precision?.weights ?? "float32"];
  const held = record.adapter === null ? 4 : Math.min(bytesPerWeight, dtype === "bfloat16" ? 2 : 4);
  const trained = record.adapter === null ? parameters : 0;
  // AdamW's two moments and a float32 gradient, divided; a copy for mixed precision, whole.
  const bytes = parameters * held + trained * (2 + 12 / batch.gpus);
  const gigabytes = (bytes / 1e9).toPrecision(2);
  const isQuantized = precision?.weights === "4bit" || precision?.weights === "8bit";
  // bitsandbytes' weights cannot be divided.
  return isQuantized || bytes <= gpuMemory / 2
    ? { stage: 2, why: `about ${gigabytes} GB of weights and optimizer on each card` }
    : { stage: 3, why: `stage 2 would take about ${gigabytes} GB of each card for weights and optimizer` };
}

/** accelerate's configuration. */
export function accelerateConfig(
  { batch, dtype }: Pick<Facts, "batch" | "dtype">,
  { stage }: ZeroChoice,
): Record<string, Json> {
  return {
    compute_environment: "LOCAL_MACHINE",
    debug: false,
    distributed_type: stage === 0 ? "NO" : "DEEPSPEED",
    ...(stage === 0 ? {} : {
      deepspeed_config: {
        deepspeed_multinode_launcher: "standard",
        gradient_accumulation_steps: batch.accumulation,
        offload_optimizer_device: "none",
        offload_param_device: "none",
        zero3_init_flag: stage === 3,
        ...(stage === 3 ? { zero3_save_16bit_model: true } : {}),
        zero_stage: stage,
      },
    }),
    machine_rank: 0,
    main_training_function: "main",
    mixed_precision: dtype === "bfloat16" ? "bf16" : "no",
    num_machines: 1,
    num_processes: batch.gpus,
    rdzv_backend: "static",
    same_network: true,
    use_cpu: false,
  };
}

/** DeepSpeed's own configuration, with what the trainer knows filled in by it. */
export function deepspeedConfig({ stage }: ZeroChoice): Record<string, Json> {
  return {
    train_batch_size: "auto",
    train_micro_batch_size_per_gpu: "auto",
    gradient_accumulation_steps: "auto",
    gradient_clipping: "auto",
    bf16: { enabled: "auto" },
    zero_optimization: {
      stage,
      overlap_comm: false,
      contiguous_gradients: true,
      reduce_bucket_size: "auto",
      ...(stage === 3
        ? {
          stage3_prefetch_bucket_size: "auto",
          stage3_param_persistence_threshold: "auto",
          stage3_gather_16bit_weights_on_model_save: true,
        }
        : {}),
    },
  };
}

/** The rungs of the ladder from a single operator to a whole run: what is compared with what, and which tests do it. */
import type { ErrorKind } from "./support/measured_error.ts";

/** A row of the table in tests/CORRECTNESS.md. */
export interface Rung {
  /** What Kiln computes. */
  what: string;
  /** With what it is compared. */
  against: string;
  /** Test files that do it, from tests/. */
  tests: readonly string[];
  /** Only tests whose names match. */
  filter?: RegExp;
  /** Which of their comparisons belong to this rung; all unless told. */
  kind?: ErrorKind;
  /** Only comparisons whose names match. */
  comparisons?: RegExp;
  /** Nothing is close here: results are equal, or the test fails. */
  exact?: boolean;
}

const GOLDEN = ["models/golden_test.ts"];

/** A model of each family against transformers, an adapter on it against PEFT. */
function familyRungs(name: string, pattern: string): Rung[] {
  return [
    {
      what: `${name}: log-probabilities and entropies of every token`,
      against: "transformers in float64",
      tests: GOLDEN,
      filter: new RegExp(`CausalLM of ${pattern}.* log-probabilities and entropies`),
    },
    {
      what: `${name}: loss and gradient of every weight`,
      against: "PyTorch in float64",
      tests: GOLDEN,
      filter: new RegExp(`CausalLM of ${pattern}.* gradients`),
    },
    {
      what: `${name}: loss and gradients of an adapter's factors, adapter off, adapter merged`,
      against: "PEFT in float64",
      tests: GOLDEN,
      filter: new RegExp(`CausalLM of ${pattern}.* adapter`),
    },
  ];
}

export const RUNGS: readonly Rung[] = [
  {
    what: "Gradient of every operator and kernel",
    against: "central finite differences in float64",
    tests: ["graph/ops/operators_test.ts", "kernels/kernels_test.ts", "graph/autodiff_test.ts"],
    kind: "finite differences",
  },
  {
    what: "Value and gradient of every operator and kernel",
    against: "the float64 reference",
    tests: ["graph/ops/operators_test.ts", "kernels/kernels_test.ts"],
    kind: "reference",
  },
  {
    what: "The same on TensorFlow.js's kernels, in plain JavaScript and in WebAssembly",
    against: "the float64 reference",
    tests: ["engine/tensorflow/operators_test.ts", "engine/tensorflow/chunks_test.ts"],
    kind: "reference",
  },
  {
    what: "Log-probabilities, every gradient and five steps of SFT on TensorFlow.js, all weights and LoRA",
    against: "ONNX Runtime, the same model",
    tests: ["engine/tensorflow/training_test.ts"],
  },
  {
    what: "Greedy text and seeded samples on TensorFlow.js",
    against: "ONNX Runtime, the same model",
    tests: ["engine/tensorflow/generation_test.ts"],
    exact: true,
  },
  ...familyRungs("Qwen2", "[^ ]*qwen2"),
  ...familyRungs("Qwen3", "[^ ]*qwen3"),
  ...familyRungs("Llama 3 with scaled rotary embeddings", "[^ ]*llama"),
  {
    what: "Logits of the decoder at every token, with and without a cache of keys and values",
    against: "transformers in float64",
    tests: ["models/generate/families_test.ts"],
    filter: /Decoder of .* logits/,
  },
  {
    what: "Greedy text of every family, batched and one by one",
    against: "transformers in float64",
    tests: ["models/generate/families_test.ts"],
    filter: /greedy text/,
    exact: true,
  },
  {
    what: "Seeded samples, whatever shares the batch",
    against: "one by one, without a cache",
    tests: ["models/generate/generate_test.ts"],
    filter: /draws what sampling without cache and batch draws/,
    exact: true,
  },
  {
    what: "Log-probabilities of rollouts",
    against: "those of training, same weights",
    tests: ["models/generate/families_test.ts", "models/generate/generate_test.ts"],
    filter: /log-probabilities that training computes/,
  },
  {
    what: "20 steps of AdamW with clipping and four schedules",
    against: "PyTorch and transformers in float64",
    tests: ["train/optimizer_test.ts"],
    filter: /AdamW equals PyTorch/,
  },
  {
    what: "Muon with weight decay: every weight after each step, in float64",
    against: "torch's Muon in float64",
    tests: ["train/optimizer_muon_test.ts"],
    filter: /equals torch's Muon/,
  },
  {
    what: "The same in float32, which the iteration's five steps magnify",
    against: "torch's Muon in float64",
    tests: ["train/optimizer_muon_test.ts"],
    filter: /follows torch's Muon on cpu/,
  },
  {
    what: "Text encoder of BERT's architecture: last hidden states, embeddings by mean and by first token",
    against: "transformers in float64",
    tests: ["models/encoder/golden_test.ts"],
    filter: /gives transformers'/,
  },
  {
    what: "InfoNCE with in-batch and hard negatives: loss and gradient of every weight of the encoder",
    against: "PyTorch in float64",
    tests: ["models/encoder/golden_test.ts"],
    filter: /has PyTorch's/,
  },
  {
    what: "SFT, all weights and LoRA, one and five steps: loss, gradient norm, entropy, token accuracy, weights",
    against: "TRL's SFTTrainer in float64",
    tests: ["train/sft_test.ts"],
    filter: /equals TRL/,
  },
  {
    what:
      "SFT completion-only, assistant-only, packed, dft, label smoothing, NEFTune, 20 steps of cosine with clipping",
    against: "TRL's SFTTrainer in float64",
    tests: ["train/sft_variants_test.ts"],
    comparisons: /^(?!.*change)/,
  },
  {
    what: "The same: by how much each weight changed",
    against: "TRL's SFTTrainer in float64",
    tests: ["train/sft_variants_test.ts"],
    comparisons: /change/,
  },
  {
    what: "Packed rows of 300 random lists of documents, bfd and bfd_split",
    against: "TRL's pack_dataset",
    tests: ["train/pack_test.ts"],
    filter: /pack_dataset/,
    exact: true,
  },
  {
    what:
      "GRPO losses: grpo, bnpo, dr_grpo, dapo, cispo, sapo, GSPO, two-sided clipping, KL, masks (31 cases): loss, gradient, metrics",
    against: "TRL in float64",
    tests: ["train/grpo_loss_test.ts"],
    filter: /equals TRL/,
  },
  {
    what: "GRPO, all weights and LoRA, four steps with two updates for each batch of completions",
    against: "TRL's GRPOTrainer in float64",
    tests: ["train/grpo_test.ts"],
    comparisons: /^(?!.*change)/,
  },
  {
    what: "The same: by how much each weight changed",
    against: "TRL's GRPOTrainer in float64",
    tests: ["train/grpo_test.ts"],
    comparisons: /change/,
  },
  {
    what:
      "DPO losses: all fifteen, SimPO and ORPO among them, label smoothing, several at once (36 cases): loss, gradient, metrics",
    against: "TRL 1.16's DPOTrainer, CPOTrainer and ORPOTrainer in float64",
    tests: ["train/dpo_loss_test.ts"],
    filter: /equals TRL/,
  },
  {
    what: "DPO, all weights, a new and a trained adapter, four steps and an evaluation: metrics, weights",
    against: "TRL 1.16's DPOTrainer in float64",
    tests: ["train/dpo_test.ts"],
    filter: /equals TRL/,
    comparisons: /^(?!.*change)/,
  },
  {
    what: "The same: by how much each weight changed",
    against: "TRL 1.16's DPOTrainer in float64",
    tests: ["train/dpo_test.ts"],
    filter: /equals TRL/,
    comparisons: /change/,
  },
  {
    what: "PPO's rewards, advantages, clipped losses with their gradients, KL control (9 cases), in float64",
    against: "TRL 0.11.4's PPOTrainer in float64",
    tests: ["train/ppo_loss_test.ts"],
    filter: /equals? TRL/,
    comparisons: /^(?!.*clipfrac)/, // which TRL counts in float32
  },
  {
    what:
      "PPO, two rounds of four updates: metrics, values, advantages, returns, gradients, factors of policy and critic",
    against: "TRL 0.11.4's PPOv2Trainer in float64",
    tests: ["train/ppo_test.ts", "train/ppo_update_test.ts"],
    filter: /equals? (TRL's )?PPOv2Trainer/,
    comparisons: /^(?!.*change)/,
  },
  {
    what: "The same: by how much each factor changed",
    against: "TRL 0.11.4's PPOv2Trainer in float64",
    tests: ["train/ppo_test.ts"],
    filter: /equals TRL's PPOv2Trainer/,
    comparisons: /change/,
  },
  {
    what:
      "Trajectories: 50 steps of SFT (all weights; LoRA on Qwen3 and Llama, packed, smoothed, dft), six of GRPO: every step's metrics",
    against: "TRL in float64",
    tests: ["train/trajectory_test.ts"],
    comparisons: /^(?!.*change)/,
  },
  {
    what: "The same: by how much the weights changed after 2, 10 and 50 steps",
    against: "TRL in float64",
    tests: ["train/trajectory_test.ts"],
    comparisons: /change/,
  },
  {
    what: "8 x 1 rows accumulated",
    against: "one batch of 8 (SFT and GRPO)",
    tests: ["train/sft_equivalences_test.ts", "train/grpo_learning_test.ts"],
    filter: /learns the same from 8/,
  },
  {
    what: "Packed rows",
    against: "rows one by one",
    tests: ["train/sft_equivalences_test.ts"],
    filter: /packed rows/,
  },
  {
    what:
      "New tokens: embeddings and head as tables or rows of an adapter, tied and untied (five cases): log-probabilities, gradients, a step of AdamW",
    against: "PEFT in float64",
    tests: ["models/new_tokens_golden_test.ts"],
  },
  {
    what:
      "Frozen weights in 4 and 8 bits, with and without zero points, and in float16: loss and gradients of an adapter",
    against: "PEFT in float64 on the same rounded numbers",
    tests: GOLDEN,
    filter: /with frozen weights/,
  },
  {
    what: "AdamW with its moments in 8 bits",
    against: "itself in float64, with bitsandbytes' levels",
    tests: ["kernels/adamw_8bit_test.ts"],
    comparisons: /^(?!bitsandbytes)/, // whose own rounding is not to the nearest level
  },
  {
    what: "Value and gradient of every operator and kernel on WebGPU (a GPU in software)",
    against: "the float64 reference",
    tests: ["engine/webgpu_test.ts"],
    kind: "reference",
  },
  {
    what: "20 steps of SFT on WebGPU (a GPU in software): losses, norms and every trained parameter",
    against: "the CPU",
    tests: ["train/webgpu_sft_test.ts"],
  },
  {
    what: "PPO on WebGPU (a GPU in software), recomputing and from residuals: factors of policy and critic",
    against: "the CPU",
    tests: ["train/webgpu_ppo_test.ts"],
  },
  {
    what: "Rows padded on the left",
    against: "padded on the right",
    tests: ["train/sft_equivalences_test.ts"],
    filter: /padded on the left/,
  },
  {
    what: "A batch's rows in any order",
    against: "each other",
    tests: ["train/sft_equivalences_test.ts"],
    filter: /in any order/,
  },
  {
    what: "Blocks recomputed",
    against: "residuals kept",
    tests: ["train/sft_equivalences_test.ts", "train/grpo_learning_test.ts"],
    filter: /recomputes/,
  },
  {
    what: "An adapter merged into the weights",
    against: "attached",
    tests: ["train/sft_equivalences_test.ts"],
    filter: /merged into the weights/,
  },
  {
    what: "A run resumed after any step (SFT, GRPO in the middle of a round, pretraining), or killed at any write",
    against: "the run that was never interrupted",
    tests: ["train/resume_test.ts", "train/kill_test.ts"],
    exact: true,
  },
  {
    what: "DPO with each kind of reference resumed after a step, PPO between two rounds and in the middle of one",
    against: "the run that was never interrupted",
    tests: ["train/dpo_resume_test.ts", "train/ppo_resume_test.ts"],
    filter: /resumed .* the uninterrupted run's/,
    exact: true,
  },
];

/** What the optimizer can be told. */

/** AdamW with float32 moments, or with moments as 8-bit codes; Muon for the matrices of layers and AdamW for the rest. */
export const OPTIMS = ["adamw", "adamw8bit", "muon"] as const;

/** One of `OPTIMS`. */
export type Optim = (typeof OPTIMS)[number];

/** Options with the names and defaults of transformers' TrainingArguments. */
export interface OptimizerOptions {
  /**
   * Default `"adamw"`. `"adamw8bit"` (transformers' `adamw_8bit`) keeps both moments as 8-bit codes in blocks of 256 numbers:
   * 2.03 bytes for each trained number instead of 8. Tensors of fewer than 4096 numbers keep float32 moments. `"muon"` is for
   * pretraining: see lib/kernels/muon.ts; it takes AdamW's learning rates.
   */
  optim?: Optim;
  /** Of `"muon"`. Default 0.95. */
  muonMomentum?: number;
  /** Default 0.9. */
  adamBeta1?: number;
  /** Default 0.999. */
  adamBeta2?: number;
  /** Default 1e-8. */
  adamEpsilon?: number;
  /** Default 0; biases and norms are never decayed. */
  weightDecay?: number;
  /** Gradients are scaled down to this global norm; default 1, 0 for no clipping. */
  maxGradNorm?: number;
}

/** The options with their defaults. Throws an error that names the one that AdamW cannot work with. */
export function checkedOptions(given: OptimizerOptions): Required<OptimizerOptions> {
  const {
    optim = "adamw",
    muonMomentum = 0.95,
    adamBeta1 = 0.9,
    adamBeta2 = 0.999,
    adamEpsilon = 1e-8,
    weightDecay = 0,
    maxGradNorm = 1,
  } = given;
  const options = { optim, muonMomentum, adamBeta1, adamBeta2, adamEpsilon, weightDecay, maxGradNorm };
  const fail = (name: keyof OptimizerOptions, expected: string): never => {
    throw new RangeError(`${name}: expected ${expected}, got ${options[name]}`);
  };
  if (!OPTIMS.includes(optim)) fail("optim", '"adamw", "adamw8bit" or "muon"');
  for (const name of ["adamBeta1", "adamBeta2", "muonMomentum"] as const) {
    if (!(options[name] >= 0 && options[name] < 1)) fail(name, "a number from 0 to below 1");
  }
  // Without it a weight that never had a gradient would be 0 / 0.
  if (!(adamEpsilon > 0)) fail("adamEpsilon", "a number above 0");
  if (!(weightDecay >= 0 && Number.isFinite(weightDecay))) fail("weightDecay", "a number from 0");
  if (!(maxGradNorm >= 0)) fail("maxGradNorm", "a number above 0, or 0 for no clipping");
  return options;
}

/** Whether weight decay applies to a parameter: to matrices, not to biases and norms. */
export function isDecayed(name: string): boolean {
  return !name.endsWith(".bias") && !/norm\.weight$/i.test(name);
}

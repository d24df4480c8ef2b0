/** Which models are too small for published learning rates. */
import { type ModelConfig, weightShapes } from "../models/mod.ts";

/** Weights below which a model counts as small: published learning rates are for models of billions. */
const SMALL_MODEL = 100e6;

/** Whether the model has fewer than 100 million weights: each then has more to do, and has to move further. */
export function isSmallModel(config: ModelConfig): boolean {
  const weights = Object.values(weightShapes(config)).reduce((sum, shape) => sum + shape.reduce((a, b) => a * b), 0);
  return weights < SMALL_MODEL;
}

/** The settings of fine-tuning and then preference training, as they were published and for a small model. */
import type { WeightPrecision } from "../models/mod.ts";
import type { SchedulerType } from "./schedule.ts";
import { recipeSettings, type RecipeSettingsOptions, type SizedSettings } from "./recipe_settings.ts";

/** Names as in `SftOptions`, `DpoOptions` and `LoraOptions`. */
export interface PreferenceSettings {
  loraRank: number;
  loraAlpha: number;
  lrSchedulerType: SchedulerType;
  /** Tokens of a row; what is longer loses its end. */
  maxLength: number;
  packing: boolean;
  perDeviceTrainBatchSize: number;
  gradientAccumulationSteps: number;
  precision: WeightPrecision;
  /** Of fine-tuning. */
  sftLearningRate: number;
  sftEpochs: number;
  /** Of preference training. */
  learningRate: number;
  numTrainEpochs: number;
  beta: number;
  /** Weight of the chosen answers' own negative log-probability. */
  rpoAlpha: number;
}

/**
 * `published` is what a medical assistant was trained with, Qwen3-32B with LoRA on all linear layers: fine-tuning, then DPO
 * with the sigmoid loss. Its batches and precision are not published; those here suit one card. `small` is what differs for
 * a model of a few million weights, and for texts as short as the generated ones: at learning rates at which such a model
 * moves within a hundred steps, good answers fall with the poor ones unless a larger beta holds it to the reference.
 */
export const PREFERENCE_RECIPE: SizedSettings<PreferenceSettings> = {
  published: {
    loraRank: 8,
    loraAlpha: 16,
    lrSchedulerType: "cosine",
    maxLength: 2048,
    packing: true,
    perDeviceTrainBatchSize: 4,
    gradientAccumulationSteps: 4,
    precision: "float16",
    sftLearningRate: 5e-5,
    sftEpochs: 3,
    learningRate: 5e-5,
    numTrainEpochs: 1,
    beta: 0.1,
    rpoAlpha: 0,
  },
  small: {
    maxLength: 512,
    packing: false,
    perDeviceTrainBatchSize: 16,
    gradientAccumulationSteps: 1,
    precision: "float32",
    sftLearningRate: 2e-3,
    sftEpochs: 1,
    learningRate: 5e-4,
    beta: 1,
  },
};

/** Which values to take. */
export type PreferenceSettingsOptions = RecipeSettingsOptions<PreferenceSettings>;

/** The settings of a run: the recipe's for the model's size, with the caller's in their place. */
export function preferenceSettings(options: PreferenceSettingsOptions): PreferenceSettings {
  return recipeSettings(PREFERENCE_RECIPE, options);
}

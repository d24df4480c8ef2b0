/** The settings of a run: a recipe's values for the model's size, with the caller's in their place. */
import { type ModelConfig, parameterCount } from "../models/mod.ts";

/** Values as they were published, and what differs for a small model. */
export interface SizedSettings<Settings> {
  published: Settings;
  small: Partial<Settings>;
}

/** Which values to take. */
export interface RecipeSettingsOptions<Settings> {
  /** Default `"auto"`: those for small models below 100 million weights, else the published ones. */
  size?: "auto" | "published" | "small";
  /** The model that is trained. */
  config: ModelConfig;
  /** Values that replace the recipe's; null and undefined replace nothing. */
  overrides?: { readonly [Name in keyof Settings]?: Settings[Name] | null };
}

/** Weights below which a model counts as small: published learning rates are for models of billions. */
const SMALL_MODEL = 100e6;

/** The recipe's values, never with longer rows than the model reads, and the overrides. */
export function recipeSettings<Settings extends { maxLength: number }>(
  { published, small }: SizedSettings<Settings>,
  { size = "auto", config, overrides = {} }: RecipeSettingsOptions<Settings>,
): Settings {
  const isSmall = size === "auto" ? isSmallModel(config) : size === "small";
  const settings = { ...published, ...isSmall ? small : {} };
  settings.maxLength = Math.min(settings.maxLength, config.maxPositions);
  // Only what a recipe has: a notebook gives all its parameters.
  const names = Object.keys(published) as (keyof Settings)[];
  const given = names.flatMap((name) => overrides[name] == null ? [] : [[name, overrides[name]]]);
  return { ...settings, ...Object.fromEntries(given) };
}

/** Whether the model has fewer than 100 million weights: each then has more to do, and has to move further. */
function isSmallModel(config: ModelConfig): boolean {
  return parameterCount(config) < SMALL_MODEL;
}

/**
 * Runs as recipes for the tools that train on GPUs and clusters: TRL, LLaMA-Factory, verl.
 *
 * @module
 */
export {
  type ExportedRecipe,
  exportRecipe,
  type ExportRecipeOptions,
  RECIPE_TOOLS,
  type RecipeTool,
} from "./export.ts";
export { type AddedField, type Json, type MappedOption, type Mapping, RecipeError } from "./mapping.ts";

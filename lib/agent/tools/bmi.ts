/** The tool for body mass indexes. */
import { z } from "zod";
import { type BmiClass, bodyMassIndex, HOUSE_TOOLS } from "../../data/mod.ts";
import { defineTool } from "./define_tool.ts";
import type { Tool } from "./tool.ts";

const { name, description } = HOUSE_TOOLS.bmi.function;

/** What a person can weigh. */
const isWeight = (kilograms: number) => kilograms >= 2 && kilograms <= 700;
/** How tall a person can be: a number of centimetres is far above. */
const isHeight = (metres: number) => metres >= 0.4 && metres <= 3;

/**
 * Works out a body mass index and its class by the Chinese standard for adults (WS/T 428-2013): from 18.5 normal, from 24
 * overweight, from 28 obese. Children and athletes need other measures.
 */
export const bmiTool: Tool<{ weight_kg: number; height_m: number }, { bmi: number; class: BmiClass }> = defineTool({
  name,
  description: description!,
  input: z.strictObject({
    weight_kg: z.number().refine(isWeight, "must be in kilograms, from 2 to 700"),
    height_m: z.number().refine(isHeight, "must be in metres, from 0.4 to 3"),
  }),
  run: ({ weight_kg, height_m }) => bodyMassIndex(weight_kg, height_m),
});

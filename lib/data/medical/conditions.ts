import type { Condition } from "./condition.ts";
import { BRAIN_MIND } from "./conditions_brain_mind.ts";
import { DIGESTION_KIDNEYS } from "./conditions_digestion_kidneys.ts";
import { HEART_LUNGS_BLOOD } from "./conditions_heart_lungs_blood.ts";
import { HORMONES_BONES } from "./conditions_hormones_bones.ts";
import { INFECTION_WOMEN } from "./conditions_infection_women.ts";
import { SKIN_SENSES } from "./conditions_skin_senses.ts";

/** All conditions, five for each system of the body, two of the five from the "known" chapter. See MEDICAL_NOTICE. */
export const CONDITIONS: readonly Condition[] = [
  ...HEART_LUNGS_BLOOD,
  ...DIGESTION_KIDNEYS,
  ...BRAIN_MIND,
  ...HORMONES_BONES,
  ...SKIN_SENSES,
  ...INFECTION_WOMEN,
];

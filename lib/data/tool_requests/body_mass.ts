/** Classes of the Chinese standard for adults (WS/T 428-2013). */
export const BMI_CLASSES = ["underweight", "normal", "overweight", "obese"] as const;
export type BmiClass = typeof BMI_CLASSES[number];

/**
 * The body mass index with one decimal, and its class: below 18.5 underweight, below 24 normal, below 28 overweight, else
 * obese. The class is that of the rounded number, so that what is shown agrees with itself.
 *
 * @param weight in kilograms
 * @param height in metres
 */
export function bodyMassIndex(weight: number, height: number): { bmi: number; class: BmiClass } {
  const bmi = Math.round(weight / height ** 2 * 10) / 10;
  const limits = [18.5, 24, 28];
  const index = limits.findIndex((limit) => bmi < limit);
  return { bmi, class: BMI_CLASSES[index < 0 ? limits.length : index] };
}

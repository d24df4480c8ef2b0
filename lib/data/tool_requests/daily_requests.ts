import type { Random } from "../../random/mod.ts";
import { BMI_CLASSES, bodyMassIndex } from "./body_mass.ts";
import { pickNumbered, type ToolRequest } from "./request.ts";
import { HOUSE_TOOLS } from "./tools.ts";

/** Asks for a body mass index, with the height in metres or centimetres. */
export function bmiRequest(random: Random): ToolRequest {
  const [weight, centimetres] = [drawWeight(random), random.integer(150, 200)];
  const height = saidHeight(random, centimetres);
  const [form, question] = pickNumbered(random, [
    `I weigh ${weight} kg and I am ${height} tall. What is my BMI?`,
    `What is my BMI? My weight is ${weight} kg and my height is ${height}.`,
    `My height is ${height} and my weight is ${weight} kg. Is my weight normal?`,
    `Calculate the BMI for ${weight} kg and ${height}.`,
    `What is the body mass index of a person of ${weight} kg and ${height}?`,
    `BMI for a height of ${height} and a weight of ${weight} kg?`,
    `Am I overweight with ${weight} kg at ${height}?`,
    `A patient weighs ${weight} kg and is ${height} tall. Work out the body mass index.`,
  ]);
  return bmiOf(random, weight, centimetres / 100, `bmi:${form}`, question);
}

/** The same with words of the caller's. */
export function bmiOf(
  random: Random,
  weight: number,
  height: number,
  template: string,
  question: string,
): ToolRequest {
  const result = bodyMassIndex(weight, height);
  return {
    tool: HOUSE_TOOLS.bmi,
    instance: `${template}:${weight},${height}`,
    question,
    call: { name: "bmi", arguments: { weight_kg: weight, height_m: height } },
    result: JSON.stringify(result),
    answer: random.pick([
      `The BMI is ${result.bmi}, which is ${result.class}.`,
      `The body mass index is ${result.bmi}. That is ${result.class}.`,
      `A BMI of ${result.bmi} is ${result.class}.`,
    ]),
    fullAnswer: `For ${weight} kg the BMI is ${result.bmi}, which is ${result.class}.`,
    key: { needed: [String(result.bmi), result.class], forbidden: BMI_CLASSES.filter((name) => name !== result.class) },
    purpose: "work out a body mass index",
    again: (random) => {
      const other = drawWeight(random);
      const [form, question] = pickNumbered(random, [
        `And with ${other} kg?`,
        `What if I weighed ${other} kg?`,
        `And for ${other} kg at the same height?`,
      ]);
      return bmiOf(random, other, height, `bmi again:${form}`, question);
    },
  };
}

/** Kilograms, sometimes with half a kilogram. */
export function drawWeight(random: Random): number {
  return random.integer(42, 125) + (random.chance(0.15) ? 0.5 : 0);
}

/** A height as people say it. */
export function saidHeight(random: Random, centimetres: number): string {
  const [metres, rest] = [Math.floor(centimetres / 100), String(centimetres % 100).padStart(2, "0")];
  return random.pick([`${centimetres} cm`, `${metres}.${rest} m`, `${metres}.${rest} m`, `${metres} m ${rest}`]);
}

const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/** What the tool for the date gives: any day of some decades. */
export function drawToday(random: Random): { date: string; weekday: string } {
  const day = new Date(Date.UTC(random.integer(2020, 2039), random.integer(0, 11), random.integer(1, 28)));
  return { date: day.toISOString().slice(0, 10), weekday: WEEKDAYS[day.getUTCDay()] };
}

/** Asks for the date, or a side of it. */
export function todayRequest(random: Random): ToolRequest {
  const today = drawToday(random);
  const { date, weekday } = today;
  const [opening, politely] = pickNumbered(random, POLITELY);
  const [form, [question, answers, needed]] = pickNumbered<readonly [string, readonly string[], string[]]>(random, [
    ["what is the date today?", [`Today is ${weekday}, ${date}.`, `It is ${weekday}, ${date}.`], [date]],
    ["what is today's date?", [`Today is ${date}.`, `It is ${weekday}, ${date}.`], [date]],
    ["which date is it?", [`It is ${date}.`, `The date is ${date}.`], [date]],
    ["which day of the week is it?", [`It is ${weekday}.`, `Today is ${weekday}.`], [weekday]],
    ["what day is it today?", [`Today is ${weekday}, ${date}.`, `It is ${weekday}, ${date}.`], [weekday]],
    ["which year is it?", [`It is ${date.slice(0, 4)}.`, `The year is ${date.slice(0, 4)}.`], [date.slice(0, 4)]],
    ["is it weekend yet?", [weekendAnswer(weekday)], [isWeekend(weekday) ? "yes" : "no", weekday]],
  ]);
  return {
    tool: HOUSE_TOOLS.today,
    // The question has no parts, so how it opens decides on its split.
    instance: `today:${form}:${opening}`,
    question: politely(question),
    call: { name: "today", arguments: {} },
    result: JSON.stringify(today),
    answer: random.pick(answers),
    key: { needed, forbidden: WEEKDAYS.filter((name) => name !== weekday) },
    purpose: "tell the date",
  };
}

const isWeekend = (weekday: string) => weekday.startsWith("S");
const weekendAnswer = (weekday: string) => `${isWeekend(weekday) ? "Yes" : "No"}, today is ${weekday}.`;

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

const POLITELY: readonly ((question: string) => string)[] = [
  capital,
  (question) => `Please tell me: ${question}`,
  (question) => `Hello, ${question}`,
  (question) => `I forgot: ${question}`,
  (question) => `Quick question: ${question}`,
  (question) => `Can you help? ${capital(question)}`,
  (question) => `I lost my calendar, ${question}`,
  (question) => `Just to be sure, ${question}`,
];

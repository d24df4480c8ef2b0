/** Requests of two calls, of which the second needs what the first gave. */
import type { Random } from "../../random/mod.ts";
import { bodyMassIndex } from "./body_mass.ts";
import { calculatedText } from "./calculator_requests.ts";
import type { RequestedCall } from "./call.ts";
import { drawToday, drawWeight, saidHeight } from "./daily_requests.ts";
import type { Exchange, Step } from "./exchange.ts";
import { cityNames, medicineName } from "./names.ts";
import { bezout } from "./number_theory.ts";
import { pickNumbered } from "./request.ts";
import { HOUSE_TOOLS, type HouseToolName } from "./tools.ts";
import { weatherIn } from "./weather_requests.ts";

/** An exchange, with its template and parts. */
export type Sequence = Exchange & { instance: string };

/** Draws one of them. */
export function drawSequence(random: Random): Sequence {
  return random.pick(SEQUENCES)(random);
}

function calculation(expression: string): Step {
  return step({ name: "calculator", arguments: { expression } }, `{"result":${calculatedText(expression)}}`);
}

function step(call: RequestedCall, result: string): Step {
  return { calls: [call], results: [result] };
}

function toolsOf(...names: HouseToolName[]): Exchange["tools"] {
  return names.map((name) => HOUSE_TOOLS[name]);
}

/** A calculation, then another with its result. */
function calculateTwice(random: Random): Sequence {
  const [a, b, c] = [random.integer(3, 99), random.integer(3, 60), random.integer(2, 30)];
  const [first, sign] = random.pick([["times", "*"], ["plus", "+"]]);
  const middle = calculatedText(`${a}${sign}${b}`);
  const [form, [then, expression]] = pickNumbered(random, [
    [`add ${c} to the result`, `${middle}+${c}`],
    [`take away ${c} from the result`, `${middle}-${c}`],
    [`multiply the result by ${c}`, `${middle}*${c}`],
    [`square the result`, `${middle}*${middle}`],
  ]);
  const [style, question] = pickNumbered(random, [
    `Calculate ${a} ${first} ${b}. Then ${then}.`,
    `First work out ${a} ${sign} ${b}, then ${then}.`,
    `What is ${a} ${sign} ${b}? After that, ${then}.`,
  ]);
  const value = calculatedText(expression);
  return {
    instance: `twice:${form}:${style}:${a}${sign}${b},${c}`,
    tools: toolsOf("calculator"),
    question,
    steps: [calculation(`${a}${sign}${b}`), calculation(expression)],
    answer: random.pick([
      `The first result is ${middle}, the final one is ${value}.`,
      `${a}${sign}${b} = ${middle}, and then ${expression} = ${value}.`,
    ]),
    key: { needed: [middle, value] },
  };
}

/** The greatest common divisor, then a calculation with it. */
function calculateWithDivisor(random: Random): Sequence {
  const factor = random.integer(2, 20);
  const [a, b] = [factor * random.integer(2, 20), factor * random.integer(2, 20)];
  const c = random.integer(2, 40);
  const result = bezout(a, b);
  const [form, [question, expression]] = pickNumbered(random, [
    [`Find the gcd of ${a} and ${b} and multiply it by ${c}.`, `${result.gcd}*${c}`],
    [`What is ${c} times the greatest common divisor of ${a} and ${b}?`, `${result.gcd}*${c}`],
    [`Add ${c} to the gcd of ${a} and ${b}.`, `${result.gcd}+${c}`],
  ]);
  const value = calculatedText(expression);
  return {
    instance: `divisor:${form}:${a},${b},${c}`,
    tools: toolsOf("bezout", "calculator"),
    question,
    steps: [step({ name: "bezout", arguments: { a, b } }, JSON.stringify(result)), calculation(expression)],
    answer: `The gcd is ${result.gcd}, and ${expression} = ${value}.`,
    key: { needed: [String(result.gcd), value] },
  };
}

/** A body mass index, then a search for its class. */
function searchForClass(random: Random): Sequence {
  const [weight, centimetres] = [drawWeight(random), random.integer(150, 200)];
  const height = saidHeight(random, centimetres);
  const result = bodyMassIndex(weight, centimetres / 100);
  const advice = {
    underweight: "Underweight adults should eat more often and see a doctor.",
    normal: "Adults of normal weight should keep moving and eat many vegetables.",
    overweight: "Overweight adults should move more and eat less sugar.",
    obese: "Obese adults should lose weight slowly, with the help of a doctor.",
  }[result.class];
  const query = `advice for ${result.class} adults`;
  const [form, question] = pickNumbered(random, [
    `I weigh ${weight} kg and I am ${height} tall. Work out my BMI and search for advice for that class.`,
    `What is my BMI with ${weight} kg and ${height}? Then look up advice for it.`,
    `Find my BMI class (${weight} kg, ${height}) and what the documents advise for it.`,
  ]);
  return {
    instance: `advice:${form}:${weight},${centimetres}`,
    tools: toolsOf("bmi", "search"),
    question,
    steps: [
      step({ name: "bmi", arguments: { weight_kg: weight, height_m: centimetres / 100 } }, JSON.stringify(result)),
      step(
        { name: "search", arguments: { query } },
        JSON.stringify({ results: [{ title: `Advice for ${result.class} adults`, text: advice }] }),
      ),
    ],
    answer: `Your BMI is ${result.bmi}, which is ${result.class}. ${advice}`,
    key: { needed: [String(result.bmi), result.class, advice.split(" ").slice(-3).join(" ").replace(".", "")] },
  };
}

/** The weather of two cities at once, then the difference of their temperatures. */
function compareCities(random: Random): Sequence {
  const cities = cityNames(random, 2);
  const weathers = cities.map((city) => weatherIn(city, random));
  // The warmer one comes first, so that the difference is not negative.
  weathers.sort((a, b) => b.temperature - a.temperature);
  const [warm, cold] = weathers;
  const subtrahend = cold.temperature < 0 ? `(${cold.temperature})` : `${cold.temperature}`;
  const expression = `${warm.temperature}-${subtrahend}`;
  const value = calculatedText(expression);
  const [form, question] = pickNumbered(random, [
    `How many degrees warmer is it in ${warm.city} than in ${cold.city}?`,
    `What is the difference in temperature between ${warm.city} and ${cold.city}?`,
    `By how many degrees is ${warm.city} warmer than ${cold.city} now?`,
  ]);
  return {
    instance: `compare:${form}:${warm.city},${cold.city}`,
    tools: toolsOf("weather", "calculator"),
    question,
    steps: [
      {
        calls: weathers.map(({ city }) => ({ name: "weather", arguments: { city } })),
        results: weathers.map((weather) => JSON.stringify(weather)),
      },
      calculation(expression),
    ],
    answer: `In ${warm.city} it is warmer by ${value} degrees.`,
    key: { needed: [value, warm.city] },
  };
}

/** The dose of a day, then that of several days. */
function doseOfDays(random: Random): Sequence {
  const [medicine, dose, days] = [medicineName(random), 5 * random.integer(1, 60), random.integer(3, 21)];
  const query = `daily dose of ${medicine}`;
  const value = calculatedText(`${dose}*${days}`);
  const [form, question] = pickNumbered(random, [
    `Look up the daily dose of ${medicine} and tell me how much that is in ${days} days.`,
    `How many mg of ${medicine} are needed for ${days} days? Search for its daily dose first.`,
    `Search for the daily dose of ${medicine} and multiply it by ${days} days.`,
  ]);
  return {
    instance: `dose:${form}:${medicine},${days}`,
    tools: toolsOf("search", "calculator"),
    question,
    steps: [
      step(
        { name: "search", arguments: { query } },
        JSON.stringify({ results: [{ title: medicine, text: `The daily dose of ${medicine} is ${dose} mg.` }] }),
      ),
      calculation(`${dose}*${days}`),
    ],
    answer: `The daily dose is ${dose} mg, so ${days} days need ${value} mg.`,
    key: { needed: [String(dose), value] },
  };
}

/** The date, then a calculation with its year. */
function yearsFromToday(random: Random): Sequence {
  const today = drawToday(random);
  const year = Number(today.date.slice(0, 4));
  const [age, past] = [random.integer(5, 95), random.integer(1850, 2015)];
  const [form, [question, expression, answer]] = pickNumbered<readonly [string, string, string]>(random, [
    [`In which year was somebody born who turns ${age} this year?`, `${year}-${age}`, "The year of birth is"],
    [`How many years ago was ${past}?`, `${year}-${past}`, "The years since then are"],
    [`Which year will it be in ${age} years?`, `${year}+${age}`, "The year will be"],
    [`I was born in ${past}. Which age do I reach this year?`, `${year}-${past}`, "The age is"],
  ]);
  const value = calculatedText(expression);
  return {
    instance: `years:${form}:${form === 0 || form === 2 ? age : past}`,
    tools: toolsOf("today", "calculator"),
    question,
    steps: [step({ name: "today", arguments: {} }, JSON.stringify(today)), calculation(expression)],
    answer: `${answer} ${value}.`,
    key: { needed: [value] },
  };
}

const SEQUENCES: readonly ((random: Random) => Sequence)[] = [
  calculateTwice,
  calculateTwice,
  calculateWithDivisor,
  searchForClass,
  compareCities,
  doseOfDays,
  yearsFromToday,
];

/** Requests that lack something: the assistant asks for it instead of making it up. */
import type { Random } from "../../random/mod.ts";
import { bmiOf, drawWeight, saidHeight } from "./daily_requests.ts";
import { cityName } from "./names.ts";
import type { NoToolTurn } from "./no_tool_turns.ts";
import { pickNumbered, type ToolRequest } from "./request.ts";
import { weatherOf } from "./weather_requests.ts";

/** A request without what it needs, the question for it, and what the user says then. */
export interface AskedBack {
  first: NoToolTurn;
  then: ToolRequest;
}

/** Draws one. */
export function drawAskedBack(random: Random): AskedBack {
  return random.chance(0.5) ? bmiInParts(random) : weatherInParts(random);
}

function bmiInParts(random: Random): AskedBack {
  const [weight, centimetres] = [drawWeight(random), random.integer(150, 200)];
  const height = saidHeight(random, centimetres);
  const [lacks, [opening, reply, needed, rest]] = pickNumbered<readonly [string, string, string, string]>(random, [
    ["What is my BMI?", "Please tell me your weight and height.", "weight and height", `${weight} kg and ${height}.`],
    ["Am I too heavy?", "Please tell me your weight and height.", "weight and height", `${height}, ${weight} kg.`],
    [`I weigh ${weight} kg. What is my BMI?`, "How tall are you?", "how tall", `I am ${height} tall.`],
    [`Work out my BMI. I am ${height} tall.`, "How much do you weigh?", "weigh", `${weight} kg.`],
  ]);
  const instance = `bmi in parts:${lacks}:${weight},${centimetres}`;
  return {
    first: { instance, question: opening, reply, key: { needed: [needed] } },
    then: bmiOf(random, weight, centimetres / 100, `bmi in parts:${lacks}`, rest),
  };
}

function weatherInParts(random: Random): AskedBack {
  const city = cityName(random);
  const [form, opening] = pickNumbered(random, [
    "What is the weather like?",
    "Tell me the weather.",
    "How is the weather today?",
    "I need the weather.",
  ]);
  const [style, rest] = pickNumbered(random, [`In ${city}.`, city, `${city}, please.`, `I am in ${city}.`]);
  return {
    first: {
      instance: `weather in parts:${form}:${city}`,
      question: opening,
      reply: random.pick(["For which city?", "Which city do you mean?"]),
      key: { needed: ["city"] },
    },
    then: weatherOf(random, city, `weather in parts:${style}`, rest, "all"),
  };
}

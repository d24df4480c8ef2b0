import type { Random } from "../../random/mod.ts";
import { cityName } from "./names.ts";
import { pickNumbered, type ToolRequest } from "./request.ts";
import { HOUSE_TOOLS } from "./tools.ts";

/** What the weather tool gives: degrees Celsius, a word or two, kilometres per hour. */
export interface Weather {
  city: string;
  temperature: number;
  sky: string;
  wind: number;
}

const WET = ["light rain", "rain", "heavy rain", "thunderstorms"];
const DRY = ["clear", "sunny", "cloudy", "partly cloudy", "foggy"];

/** Invents the weather of a city. */
export function weatherIn(city: string, random: Random): Weather {
  const temperature = random.integer(-15, 38);
  const sky = temperature < 1 && random.chance(0.4) ? "snow" : random.pick(random.chance(0.4) ? WET : DRY);
  return { city, temperature, sky, wind: random.integer(0, 70) };
}

/** What is asked about the weather. */
export type Aspect = "all" | "temperature" | "wind" | "umbrella";

/** Asks for the weather somewhere, or one side of it. */
export function weatherRequest(random: Random): ToolRequest {
  const city = cityName(random);
  const [form, [question, aspect]] = pickNumbered<readonly [string, Aspect]>(random, [
    [`What is the weather in ${city}?`, "all"],
    [`How is the weather in ${city} today?`, "all"],
    [`What is the weather like in ${city} right now?`, "all"],
    [`Tell me the weather in ${city}.`, "all"],
    [`I am going to ${city}. What weather can I expect?`, "all"],
    [`Weather for ${city}, please.`, "all"],
    [`How warm is it in ${city}?`, "temperature"],
    [`How cold is it in ${city} now?`, "temperature"],
    [`What is the temperature in ${city}?`, "temperature"],
    [`How strong is the wind in ${city}?`, "wind"],
    [`Is it windy in ${city}?`, "wind"],
    [`Do I need an umbrella in ${city}?`, "umbrella"],
    [`Is it raining in ${city}?`, "umbrella"],
  ]);
  return weatherOf(random, city, `weather:${form}`, question, aspect);
}

/** The same with words of the caller's. */
export function weatherOf(
  random: Random,
  city: string,
  template: string,
  question: string,
  aspect: Aspect,
): ToolRequest {
  const weather = weatherIn(city, random);
  return {
    tool: HOUSE_TOOLS.weather,
    instance: `${template}:${city}`,
    question,
    call: { name: "weather", arguments: { city } },
    result: JSON.stringify(weather),
    ...weatherAnswer(random, weather, aspect),
    purpose: "tell the weather",
    again: (random) => {
      const other = cityName(random);
      const [form, question] = pickNumbered(random, [
        `And in ${other}?`,
        `What about ${other}?`,
        `And how is it in ${other}?`,
      ]);
      return weatherOf(random, other, `weather again:${form}`, question, aspect);
    },
  };
}

function weatherAnswer(
  random: Random,
  { city, temperature, sky, wind }: Weather,
  aspect: Aspect,
): Pick<ToolRequest, "answer" | "key"> {
  const degrees = Math.abs(temperature) === 1 ? `${temperature} degree` : `${temperature} degrees`;
  switch (aspect) {
    case "temperature":
      return {
        answer: random.pick([`It is ${degrees} in ${city}.`, `The temperature in ${city} is ${degrees}.`]),
        key: { needed: [String(temperature), city] },
      };
    case "wind":
      return {
        answer: `The wind in ${city} blows at ${wind} km per hour.`,
        key: { needed: [String(wind), city] },
      };
    case "umbrella": {
      const wet = WET.includes(sky);
      return {
        answer: `${wet ? "Yes" : "No"}, the weather in ${city} is: ${sky}.`,
        key: { needed: [wet ? "yes" : "no", sky], forbidden: [wet ? "no" : "yes"] },
      };
    }
    case "all":
      return {
        answer: random.pick([
          `The weather in ${city} is: ${sky}, ${degrees}, wind ${wind} km per hour.`,
          `In ${city} it is ${degrees} with wind of ${wind} km per hour. Sky: ${sky}.`,
        ]),
        key: { needed: [city, sky, String(temperature), String(wind)] },
      };
  }
}

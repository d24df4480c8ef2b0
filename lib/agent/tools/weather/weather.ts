/** The tool for the weather. */
import { z } from "zod";
import { HOUSE_TOOLS } from "../../../data/mod.ts";
import { defineTool } from "../define_tool.ts";
import type { Tool } from "../tool.ts";
import { choosePlace, cityQuery } from "./choose_place.ts";
import { currentWeather, findPlaces } from "./open_meteo.ts";
import { skyWords } from "./sky_words.ts";

/** The weather now. */
export interface CityWeather {
  /** As the service calls it; with region and country where there are others of that name. */
  city: string;
  /** Whole degrees Celsius. */
  temperature: number;
  sky: string;
  /** Whole kilometres per hour. */
  wind: number;
  /** Places of the same name that may have been meant. */
  others?: string[];
}

/** Options of `weatherTool`. */
export interface WeatherOptions {
  /** Where places are asked for. Default `https://geocoding-api.open-meteo.com`. */
  geocodingUrl?: string;
  /** Where the weather is asked for. Default `https://api.open-meteo.com`. */
  forecastUrl?: string;
  /** Requests for the same thing at most, when the service is busy. Default 3. */
  attempts?: number;
  /** Milliseconds before the second request; twice as long before the third. Default 300. */
  retryDelayMs?: number;
  /** Default 10,000. */
  timeoutMs?: number;
}

const { name, description } = HOUSE_TOOLS.weather.function;
const MAX_CITY = 100;

/**
 * A tool that tells the weather in a city, by Open-Meteo: first where the city is, then how the weather is there. No key is
 * needed; its terms are for use that is not commercial. What the user names goes to the service as a query and nowhere else:
 * hosts come from the options alone.
 *
 * "Springfield, Illinois" narrows a name down by region or country.
 *
 * @throws {TypeError} when an address is none
 */
export function weatherTool(options: WeatherOptions = {}): Tool<{ city: string }, CityWeather> {
  const { geocodingUrl = "https://geocoding-api.open-meteo.com", forecastUrl = "https://api.open-meteo.com" } = options;
  const { attempts = 3, retryDelayMs = 300, timeoutMs } = options;
  for (const url of [geocodingUrl, forecastUrl]) {
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
      throw new TypeError(
        `weatherTool: expected the address of a service, such as https://api.open-meteo.com, got ${url}`,
      );
    }
  }
  return defineTool({
    name,
    description: description!,
    input: z.strictObject({
      city: z.string().refine((city) => city.trim() !== "", "must not be empty")
        .refine((city) => city.length <= MAX_CITY, `must have at most ${MAX_CITY} characters`),
    }),
    timeoutMs,
    // Anybody can name a place on the maps that the service uses.
    untrusted: true,
    async run({ city }, { signal }): Promise<CityWeather> {
      const asking = { signal, attempts, retryDelayMs };
      const query = cityQuery(city);
      const chosen = query.name === "" ? null : choosePlace(query, await findPlaces(geocodingUrl, query.name, asking));
      if (chosen === null) throw new Error(`the city ${city.trim()} is unknown`);
      const { temperature, code, wind, isDay } = await currentWeather(forecastUrl, chosen.place, asking);
      return {
        city: chosen.label,
        // Adding 0 turns -0 into 0.
        temperature: Math.round(temperature) + 0,
        sky: skyWords(code, isDay),
        wind: Math.round(wind),
        ...(chosen.others.length === 0 ? {} : { others: chosen.others }),
      };
    },
  });
}

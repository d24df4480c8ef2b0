/** What Open-Meteo says: places by name, and the weather now. */
import { z } from "zod";
import { fetchJson, type FetchJsonOptions } from "./fetch_json.ts";

/** A name or a word of a place; strangers can edit them. */
const text = z.string().max(200);

const placeSchema = z.object({
  name: text,
  latitude: z.number().min(-90).max(90),
  longitude: z.number().min(-180).max(180),
  country: text.optional(),
  country_code: text.optional(),
  admin1: text.optional(),
  population: z.number().nonnegative().optional(),
});

/** A place that has the name that was asked for, or one like it. */
export type Place = z.output<typeof placeSchema>;

/** The service leaves `results` out when there are none. */
const placesSchema = z.object({ results: z.array(placeSchema).max(100).default([]) });

const forecastSchema = z.object({
  current: z.object({
    temperature_2m: z.number(),
    weather_code: z.int(),
    wind_speed_10m: z.number().nonnegative(),
    is_day: z.union([z.literal(0), z.literal(1)]),
  }),
});

/** The weather now: degrees Celsius, WMO code, kilometres per hour. */
export interface CurrentWeather {
  temperature: number;
  code: number;
  wind: number;
  isDay: boolean;
}

/**
 * Places by their name, the likeliest first, from the geocoding service (https://open-meteo.com/en/docs/geocoding-api).
 *
 * @param origin Such as `https://geocoding-api.open-meteo.com`.
 */
export async function findPlaces(origin: string, name: string, options: FetchJsonOptions): Promise<Place[]> {
  const url = new URL("/v1/search", origin);
  url.search = new URLSearchParams({ name, count: "10", language: "en", format: "json" }).toString();
  return (await fetchJson(url, placesSchema, options)).results;
}

/**
 * The weather now at a place, from the forecast service (https://open-meteo.com/en/docs).
 *
 * @param origin Such as `https://api.open-meteo.com`.
 */
export async function currentWeather(
  origin: string,
  { latitude, longitude }: Pick<Place, "latitude" | "longitude">,
  options: FetchJsonOptions,
): Promise<CurrentWeather> {
  const url = new URL("/v1/forecast", origin);
  url.search = new URLSearchParams({
    latitude: String(latitude),
    longitude: String(longitude),
    current: "temperature_2m,weather_code,wind_speed_10m,is_day",
    timezone: "auto",
  }).toString();
  const { current } = await fetchJson(url, forecastSchema, options);
  return {
    temperature: current.temperature_2m,
    code: current.weather_code,
    wind: current.wind_speed_10m,
    isDay: current.is_day === 1,
  };
}

/** The sky in words. */

/** WMO codes as Open-Meteo uses them (WMO table 4677, in part). */
const WORDS: ReadonlyMap<number, string> = new Map([
  [2, "partly cloudy"],
  [3, "cloudy"],
  [45, "foggy"],
  [48, "foggy"],
  [51, "light drizzle"],
  [53, "drizzle"],
  [55, "heavy drizzle"],
  [56, "freezing drizzle"],
  [57, "freezing drizzle"],
  [61, "light rain"],
  [63, "rain"],
  [65, "heavy rain"],
  [66, "freezing rain"],
  [67, "freezing rain"],
  [71, "light snow"],
  [73, "snow"],
  [75, "heavy snow"],
  [77, "snow grains"],
  [80, "light rain showers"],
  [81, "rain showers"],
  [82, "heavy rain showers"],
  [85, "snow showers"],
  [86, "heavy snow showers"],
  [95, "thunderstorms"],
  [96, "thunderstorms with hail"],
  [99, "thunderstorms with heavy hail"],
]);

/** What a WMO code says, such as "light rain"; a clear sky is "sunny" by day. "unknown" for a code that is not among them. */
export function skyWords(code: number, isDay: boolean): string {
  // 0 is a clear sky, 1 a mainly clear one.
  if (code === 0 || code === 1) return isDay ? "sunny" : "clear";
  return WORDS.get(code) ?? "unknown";
}

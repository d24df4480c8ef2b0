/** All tools that Kiln's agents come with. */
import { HOUSE_TOOL_NAMES } from "../../data/mod.ts";
import { bezoutTool } from "./bezout.ts";
import { bmiTool } from "./bmi.ts";
import { calculatorTool } from "./calculator.ts";
import { congruenceTool } from "./congruence.ts";
import { searchTool, type SearchToolOptions } from "./search.ts";
import { type TodayOptions, todayTool } from "./today.ts";
import type { Tool } from "./tool.ts";
import { type WeatherOptions, weatherTool } from "./weather/mod.ts";

/** Options of `houseTools`. */
export interface HouseToolsOptions {
  weather?: WeatherOptions;
  today?: TodayOptions;
  /** Default: there is no search, since it needs a table. */
  search?: Omit<SearchToolOptions, "name" | "description">;
}

/** The tools that the house model was taught, with the signatures that it was taught, in the order of `HOUSE_TOOL_NAMES`. */
export function houseTools({ weather, today, search }: HouseToolsOptions = {}): Tool[] {
  const tools: Record<typeof HOUSE_TOOL_NAMES[number], Tool | undefined> = {
    calculator: calculatorTool,
    weather: weatherTool(weather),
    bezout: bezoutTool,
    congruence: congruenceTool,
    bmi: bmiTool,
    search: search === undefined ? undefined : searchTool(search),
    today: todayTool(today),
  };
  return HOUSE_TOOL_NAMES.flatMap((name) => tools[name] ?? []);
}

import { calculatorRequest } from "./calculator_requests.ts";
import { bmiRequest, todayRequest } from "./daily_requests.ts";
import { bezoutRequest, congruenceRequest } from "./mathematics_requests.ts";
import type { DrawRequest } from "./request.ts";
import { searchRequest } from "./search_requests.ts";
import type { HouseToolName } from "./tools.ts";
import { weatherRequest } from "./weather_requests.ts";

/** What is asked of each of the house's tools. */
export const HOUSE_REQUESTS: Readonly<Record<HouseToolName, DrawRequest>> = {
  calculator: calculatorRequest,
  weather: weatherRequest,
  bezout: bezoutRequest,
  congruence: congruenceRequest,
  bmi: bmiRequest,
  search: searchRequest,
  today: todayRequest,
};

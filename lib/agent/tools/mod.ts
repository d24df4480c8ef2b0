/**
 * Tools that a model may call: typed, checked, limited; and those that Kiln's agents come with.
 *
 * @module
 */
export { bezoutTool } from "./bezout.ts";
export { bmiTool } from "./bmi.ts";
export { type CalculatorResult, calculatorTool } from "./calculator.ts";
export { type CongruenceResult, congruenceTool } from "./congruence.ts";
export { defineTool, type ToolSpecification } from "./define_tool.ts";
export { houseTools, type HouseToolsOptions } from "./house_tools.ts";
export { resultText } from "./result_text.ts";
export { type ApprovalRequest, type Approve, runTool, type RunToolOptions, type ToolLimits } from "./run_tool.ts";
export { type FoundText, searchTool, type SearchToolOptions } from "./search.ts";
export { type TimedResult, withTimeLimit } from "./time_limit.ts";
export { type TodayOptions, todayTool } from "./today.ts";
export type { Tool, ToolContext, ToolFailure, ToolFailureKind, ToolOutcome, ToolSuccess } from "./tool.ts";
export { toolDefinition, toolDefinitions } from "./tool_definition.ts";
export {
  type CityWeather,
  serveWeatherFixture,
  type WeatherFixture,
  type WeatherFixtureOptions,
  type WeatherOptions,
  type WeatherRequest,
  weatherTool,
  type WeatherTrouble,
} from "./weather/mod.ts";

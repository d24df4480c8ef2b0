/** The weather by Open-Meteo, and a recording of it. */
export {
  serveWeatherFixture,
  type WeatherFixture,
  type WeatherFixtureOptions,
  type WeatherRequest,
  type WeatherTrouble,
} from "./weather_fixture.ts";
export { type CityWeather, type WeatherOptions, weatherTool } from "./weather.ts";

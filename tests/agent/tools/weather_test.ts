import assert from "node:assert/strict";
import {
  type CityWeather,
  serveWeatherFixture,
  type WeatherFixtureOptions,
  type WeatherOptions,
  weatherTool,
  type WeatherTrouble,
} from "../../../lib/agent/tools/mod.ts";
import { skyWords } from "../../../lib/agent/tools/weather/sky_words.ts";
import { failureOf, resultOf } from "./called.ts";

const FAST = { retryDelayMs: 1 };

/** The weather of a city in the recording, or the message of what went wrong; with the paths that were asked for. */
async function ask(
  city: string,
  { instead, ...options }: WeatherOptions & Pick<WeatherFixtureOptions, "instead"> = {},
): Promise<{ weather: CityWeather; paths: string[] }> {
  await using fixture = await serveWeatherFixture({ instead });
  const { result } = await resultOf(weatherTool({ ...fixture, ...FAST, ...options }), { city });
  return { weather: result as CityWeather, paths: fixture.log.map(({ path }) => path.split("?")[0]) };
}

async function askInVain(
  city: string,
  { instead, ...options }: WeatherOptions & Pick<WeatherFixtureOptions, "instead"> = {},
): Promise<{ message: string; kind: string; requests: number }> {
  await using fixture = await serveWeatherFixture({ instead });
  const { message, kind } = await failureOf(weatherTool({ ...fixture, ...FAST, ...options }), { city });
  return { message, kind, requests: fixture.log.length };
}

Deno.test("weather asks where the city is, then how the weather is there", async () => {
  const { weather, paths } = await ask("Oslo");
  assert.deepEqual(weather, { city: "Oslo", temperature: 7, sky: "partly cloudy", wind: 6 });
  assert.deepEqual(paths, ["/v1/search", "/v1/forecast"]);
});

Deno.test("weather finds cities however they are written", async () => {
  for (const city of ["zurich", "ZÜRICH", "  Zürich ", "Zurich, Switzerland", "zurich, ch"]) {
    assert.match((await ask(city)).weather.city, /^Zürich/, city);
  }
  assert.equal((await ask("Buenos")).weather.city, "Buenos Aires");
  assert.equal((await ask("sao paulo")).weather.city, "São Paulo");
});

Deno.test("weather takes the place that is meant when one is far larger", async () => {
  assert.deepEqual((await ask("Paris")).weather, { city: "Paris", temperature: 21, sky: "cloudy", wind: 9 });
  assert.equal((await ask("Paris, Texas")).weather.city, "Paris, Texas, United States");
  assert.equal((await ask("Paris, USA")).weather.city, "Paris, Texas, United States");
  assert.equal((await ask("London, Ontario, Canada")).weather.city, "London, Ontario, Canada");
});

Deno.test("weather says which of several like places it took, and which others there are", async () => {
  const { weather } = await ask("Springfield");
  assert.equal(weather.city, "Springfield, Missouri, United States");
  assert.deepEqual(weather.others, [
    "Springfield, Massachusetts, United States",
    "Springfield, Illinois, United States",
  ]);
  assert.deepEqual((await ask("Springf")).weather, weather);
  const illinois = (await ask("Springfield, Illinois")).weather;
  assert.deepEqual([illinois.city, illinois.others], ["Springfield, Illinois, United States", undefined]);
  assert.equal((await askInVain("Springfield, Norway")).message, "the city Springfield, Norway is unknown");
});

Deno.test("weather says of a city that it is unknown", async () => {
  for (const city of ["Velmor", "Xq", "O", ", Norway", "🌧"]) {
    assert.deepEqual(await askInVain(city).then(({ message, kind }) => [message, kind]), [
      `the city ${city} is unknown`,
      "failed",
    ]);
  }
  assert.equal((await askInVain("  ")).message, "city must not be empty");
  assert.equal((await askInVain("x".repeat(101))).message, "city must have at most 100 characters");
});

Deno.test("weather asks again when the service is busy or broken", async () => {
  const instead: (WeatherTrouble | null)[] = [
    { status: 429, retryAfter: 0 },
    { status: 503 },
    null,
    { status: 500 },
    null,
  ];
  const { weather, paths } = await ask("Oslo", { instead });
  assert.equal(weather.city, "Oslo");
  assert.deepEqual(paths, ["/v1/search", "/v1/search", "/v1/search", "/v1/forecast", "/v1/forecast"]);
});

Deno.test("weather gives up after some attempts, or when it is to wait for long", async () => {
  const broken = { status: 503 };
  assert.deepEqual(await askInVain("Oslo", { instead: [broken, broken, broken, broken] }), {
    message: "the service is not available",
    kind: "failed",
    requests: 3,
  });
  assert.deepEqual(await askInVain("Oslo", { instead: [{ status: 429, retryAfter: 3600 }] }), {
    message: "too many requests, the service is busy",
    kind: "failed",
    requests: 1,
  });
  assert.deepEqual(await askInVain("Oslo", { instead: [{ status: 400 }, null] }), {
    message: "the service refused the request with status 400",
    kind: "failed",
    requests: 1,
  });
  // Nobody listens on port 1.
  const away = weatherTool({ geocodingUrl: "http://127.0.0.1:1", ...FAST });
  assert.equal((await failureOf(away, { city: "Oslo" })).message, "the service is not available");
});

Deno.test("weather takes no answer for granted", async () => {
  const cases: [string, RegExp][] = [
    ["<html>", /no JSON/],
    ["[]", /unexpected answer/],
    ['{"results": [{"name": "Oslo"}]}', /unexpected answer: results\.0\.latitude/],
    ['{"results": [{"name": "Oslo", "latitude": 999, "longitude": 0}]}', /unexpected answer: results\.0\.latitude/],
    [JSON.stringify({ results: [{ name: "x".repeat(500), latitude: 1, longitude: 1 }] }), /results\.0\.name/],
    ["x".repeat(1_100_000), /far too long/],
  ];
  for (const [text, message] of cases) {
    const failure = await askInVain("Oslo", { instead: [{ text }] });
    assert.match(failure.message, message);
    assert.equal(failure.requests, 1);
  }
  assert.match(
    (await askInVain("Oslo", { instead: [null, { text: '{"current": {}}' }] })).message,
    /current\.temperature_2m/,
  );
});

Deno.test("weather stops at its time limit, and with the run", async () => {
  assert.equal((await askInVain("Oslo", { instead: ["never"], timeoutMs: 50 })).kind, "timeout");
  assert.equal(
    (await askInVain("Oslo", { instead: [{ status: 503 }], timeoutMs: 50, retryDelayMs: 4000 })).kind,
    "timeout",
  );
  await using fixture = await serveWeatherFixture({ instead: ["never"] });
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 20);
  const { kind } = await failureOf(weatherTool(fixture), { city: "Oslo" }, { signal: stop.signal });
  assert.equal(kind, "aborted");
});

Deno.test("weather is marked as what strangers can write in", async () => {
  await using fixture = await serveWeatherFixture();
  assert.equal((await resultOf(weatherTool(fixture), { city: "Oslo" })).untrusted, true);
});

Deno.test("weather sends what the user names as a query and to no other host", async () => {
  await using fixture = await serveWeatherFixture();
  const tool = weatherTool({ ...fixture, ...FAST });
  for (const city of ["http://example.org/", "../../v1/forecast?x=1", "Oslo&count=100", "//example.org"]) {
    assert.equal((await failureOf(tool, { city })).message.startsWith("the city "), true, city);
  }
  for (const { path } of fixture.log) {
    assert.ok(path.startsWith("/v1/search?name=") && path.includes("&count=10&"), path);
  }
  for (const geocodingUrl of ["none", "file:///etc/passwd", ""]) {
    assert.throws(() => weatherTool({ geocodingUrl }), /weatherTool: expected the address/);
  }
});

Deno.test("skyWords() has words for every code that Open-Meteo documents", () => {
  const codes = [
    0,
    1,
    2,
    3,
    45,
    48,
    51,
    53,
    55,
    56,
    57,
    61,
    63,
    65,
    66,
    67,
    71,
    73,
    75,
    77,
    80,
    81,
    82,
    85,
    86,
    95,
    96,
    99,
  ];
  for (const code of codes) assert.notEqual(skyWords(code, true), "unknown", String(code));
  assert.deepEqual([skyWords(0, true), skyWords(0, false), skyWords(61, true)], ["sunny", "clear", "light rain"]);
  assert.equal(skyWords(42, true), "unknown");
});

Deno.test("serveWeatherFixture() answers in the documented form", async () => {
  await using fixture = await serveWeatherFixture();
  const get = async (path: string) => {
    const response = await fetch(fixture.forecastUrl + path);
    return { status: response.status, body: await response.json() };
  };
  const { body: { results } } = await get("/v1/search?name=springfield");
  assert.equal(results.length, 3);
  for (const name of ["id", "name", "latitude", "longitude", "country_code", "timezone", "population", "admin1"]) {
    assert.ok(name in results[0], name);
  }
  assert.deepEqual(Object.keys((await get("/v1/search?name=Velmor")).body), ["generationtime_ms"]);
  assert.equal((await get("/v1/search")).status, 400);
  const { body } = await get("/v1/forecast?latitude=59.9&longitude=10.8&current=temperature_2m");
  assert.deepEqual(Object.keys(body.current), ["time", "interval", "temperature_2m"]);
  assert.deepEqual((await get("/v1/forecast?latitude=300&longitude=0")).body, {
    error: true,
    reason: "Latitude must be in range of -90 to 90°",
  });
  assert.equal((await get("/v1/forecast?latitude=0&longitude=-170")).status, 400);
  assert.equal((await get("/other")).status, 404);
});

/** Open-Meteo's two services on this machine, for work without a network. */
import { z } from "zod";

const placeSchema = z.looseObject({
  id: z.int(),
  name: z.string(),
  latitude: z.number(),
  longitude: z.number(),
  population: z.number(),
});
const fixtureSchema = z.object({
  places: z.array(z.object({ place: placeSchema, forecast: z.looseObject({ current: z.looseObject({}) }) })),
});
type Recorded = z.output<typeof fixtureSchema>["places"][number];

/** A request that the service got. */
export interface WeatherRequest {
  /** With query. */
  path: string;
  status: number;
}

/** Options of `serveWeatherFixture`. */
export interface WeatherFixtureOptions {
  /** Default: one that is free. */
  port?: number;
  /** Answers in place of its own, to show what happens then: each request takes one, and `null` is no change. Default: none. */
  instead?: Iterable<WeatherTrouble | null>;
  /** Ends the server. */
  signal?: AbortSignal;
}

/** What a service does when it does not do what it should: answers with a status, with a text, or never. */
export type WeatherTrouble = { status: number; retryAfter?: number } | { text: string } | "never";

/** A served recording. */
export interface WeatherFixture extends AsyncDisposable {
  /** For `weatherTool`: both addresses. */
  geocodingUrl: string;
  forecastUrl: string;
  /** All requests so far. */
  log: WeatherRequest[];
  close(): Promise<void>;
}

const RECORDING = new URL("../../../../data/weather/places.json", import.meta.url);

/**
 * Serves invented weather of about 40 cities on the loopback interface, in the form of Open-Meteo's answers: `/v1/search` and
 * `/v1/forecast`. There are several places called Springfield, Paris, London and San José.
 *
 * @example
 * ```ts
 * await using weather = await serveWeatherFixture();
 * const tool = weatherTool(weather);
 * ```
 */
export async function serveWeatherFixture(options: WeatherFixtureOptions = {}): Promise<WeatherFixture> {
  const { places } = fixtureSchema.parse(JSON.parse(await Deno.readTextFile(RECORDING)));
  const troubles = (options.instead ?? [])[Symbol.iterator]();
  const log: WeatherRequest[] = [];
  const closed = new AbortController();

  const server = Deno.serve({ port: options.port ?? 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const url = new URL(request.url);
    const trouble = troubles.next().value ?? null;
    const response = await (trouble === null ? answer(places, url) : troubled(trouble, closed.signal));
    log.push({ path: url.pathname + url.search, status: response.status });
    return response;
  });
  const close = async () => {
    closed.abort();
    await server.shutdown();
  };
  options.signal?.addEventListener("abort", () => void close(), { once: true });
  const origin = `http://127.0.0.1:${server.addr.port}`;
  return { geocodingUrl: origin, forecastUrl: origin, log, close, [Symbol.asyncDispose]: close };
}

function answer(places: readonly Recorded[], { pathname, searchParams }: URL): Response {
  switch (pathname) {
    case "/v1/search":
      return search(places, searchParams);
    case "/v1/forecast":
      return forecast(places, searchParams);
    default:
      return failure(404, "Not Found");
  }
}

/** One character finds nothing, two find exactly that name, three and more every name that begins so. */
function search(places: readonly Recorded[], parameters: URLSearchParams): Response {
  const name = parameters.get("name");
  if (name === null) return failure(400, "Parameter 'name' is missing");
  const wanted = plain(name);
  const found = places.map(({ place }) => place).filter((place) => {
    const own = plain(place.name);
    return own === wanted && wanted.length > 1 || wanted.length > 2 && own.startsWith(wanted);
  }).sort((a, b) => b.population - a.population).slice(0, Number(parameters.get("count") ?? 10));
  return Response.json({ ...(found.length === 0 ? {} : { results: found }), generationtime_ms: 0.5 });
}

/** Of the recorded place nearest to the coordinates, which may be half a degree away. */
function forecast(places: readonly Recorded[], parameters: URLSearchParams): Response {
  const [latitude, longitude] = ["latitude", "longitude"].map((name) => Number(parameters.get(name) ?? NaN));
  if (!(Math.abs(latitude) <= 90)) return failure(400, "Latitude must be in range of -90 to 90°");
  if (!(Math.abs(longitude) <= 180)) return failure(400, "Longitude must be in range of -180 to 180°");
  const distance = ({ place }: Recorded) => Math.hypot(place.latitude - latitude, place.longitude - longitude);
  const nearest = places.toSorted((a, b) => distance(a) - distance(b))[0];
  if (distance(nearest) > 0.5) return failure(400, "No data is recorded for this location");
  const { current, ...about } = nearest.forecast;
  const asked = (parameters.get("current") ?? "").split(",");
  const values = Object.entries(current).filter(([name]) => ["time", "interval", ...asked].includes(name));
  return Response.json({ generationtime_ms: 0.05, ...about, current: Object.fromEntries(values) });
}

function failure(status: number, reason: string): Response {
  return Response.json({ error: true, reason }, { status });
}

async function troubled(trouble: WeatherTrouble, end: AbortSignal): Promise<Response> {
  if (trouble === "never") {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (end.aborted) resolve();
    end.addEventListener("abort", () => resolve(), { once: true });
    await promise;
    return failure(503, "closed");
  }
  if ("text" in trouble) return new Response(trouble.text, { headers: { "content-type": "application/json" } });
  const { status, retryAfter } = trouble;
  const response = failure(status, "a trouble that was asked for");
  if (retryAfter !== undefined) response.headers.set("retry-after", String(retryAfter));
  return response;
}

/** In lower case, without marks on letters. */
function plain(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();
}

/** Which of the places of one name is meant. */
import type { Place } from "./open_meteo.ts";

/** What was asked for: a name, and what comes after a comma, as in "Springfield, Illinois". */
export interface CityQuery {
  name: string;
  /** Of a state, a region or a country; empty for none. */
  within: string[];
}

/** Takes apart what a user calls a place. */
export function cityQuery(city: string): CityQuery {
  const [name, ...within] = city.split(",").map((part) => part.trim());
  return { name, within: within.filter((part) => part !== "") };
}

/** The place that was taken, and others of the same name that may have been meant. */
export interface ChosenPlace {
  place: Place;
  /** As `Springfield, Illinois, United States`. */
  others: string[];
  /** What to call it: with its region where there are others. */
  label: string;
}

/** So many times as many people live in a place that is meant when nobody says which. */
const CLEARLY_LARGER = 10;
const MAX_OTHERS = 3;

/**
 * Chooses among places: only those inside what was named after a comma, those of exactly the name before those that are merely
 * like it, then the one with the most people. Others of the same name are told, unless it is clear that the large one is meant.
 *
 * @param places As the service gave them.
 * @returns Null where none is inside.
 */
export function choosePlace({ name, within }: CityQuery, places: readonly Place[]): ChosenPlace | null {
  const inside = places.filter((place) => within.every((part) => isWithin(place, part)));
  const exact = inside.filter((place) => plain(place.name) === plain(name));
  // An exact name in another language is none here: "Wien" finds Vienna, and the service's own order decides.
  const candidates = exact.length > 0 ? exact.toSorted((a, b) => (b.population ?? 0) - (a.population ?? 0)) : inside;
  if (candidates.length === 0) return null;
  const [place, ...rest] = candidates;
  const rivals = rest.filter(({ name, population = 0 }) =>
    plain(name) === plain(place.name) && population * CLEARLY_LARGER > (place.population ?? 0)
  );
  const others = [...new Set(rivals.map(fullName))].filter((other) => other !== fullName(place)).slice(0, MAX_OTHERS);
  return { place, others, label: others.length > 0 || within.length > 0 ? fullName(place) : place.name };
}

function isWithin({ admin1 = "", country = "", country_code = "" }: Place, part: string): boolean {
  const wanted = plain(part);
  return [admin1, country, country_code].some((own) => plain(own) === wanted) ||
    SHORT_NAMES.get(wanted) === country_code;
}

/** What countries are called besides their names and codes. */
const SHORT_NAMES: ReadonlyMap<string, string> = new Map([
  ["usa", "US"],
  ["america", "US"],
  ["uk", "GB"],
  ["england", "GB"],
  ["great britain", "GB"],
]);

function fullName({ name, admin1, country }: Place): string {
  return [...new Set([name, admin1, country])].filter((part) => part).join(", ");
}

/** In lower case, without marks on letters. */
function plain(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();
}

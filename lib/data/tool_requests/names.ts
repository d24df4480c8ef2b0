import type { Random } from "../../random/mod.ts";
import { PEOPLE } from "../word_problems/vocabulary.ts";

const ONSETS = ["b", "br", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "st", "t", "tr", "v", "z"];
const VOWELS = ["a", "e", "i", "o", "u"];
const CODAS = ["", "", "l", "m", "n", "r", "s"];

/** A name that means nothing, such as "Velmor", with a capital. Names are made up so that copying them is learned. */
export function inventedName(random: Random, endings: readonly string[] = [""]): string {
  const ending = random.pick(endings);
  let name = "";
  const syllables = random.integer(ending === "" ? 2 : 1, 2);
  for (let index = 0; index < syllables; index++) {
    name += random.pick(ONSETS) + random.pick(VOWELS);
    if (index < syllables - 1 || /^[^aeiou]?$/.test(ending)) name += random.pick(CODAS);
  }
  // "Velmor" + "in" needs a consonant in between, "Velmo" + "ton" does not.
  if (/^[aeiou]/.test(ending)) name += random.pick(["l", "m", "n", "r", "s", "t", "v", "x"]);
  name += ending;
  return name.charAt(0).toUpperCase() + name.slice(1);
}

const CITIES = [
  ...[
    "Oslo",
    "Paris",
    "London",
    "Rome",
    "Berlin",
    "Madrid",
    "Vienna",
    "Prague",
    "Dublin",
    "Lisbon",
    "Athens",
    "Warsaw",
  ],
  ...["Cairo", "Lagos", "Nairobi", "Delhi", "Tokyo", "Beijing", "Shanghai", "Seoul", "Hanoi", "Sydney", "Toronto"],
  ...["Boston", "Chicago", "Lima", "Quito", "Havana", "New York", "Buenos Aires", "Cape Town", "Hong Kong"],
];

/** A city: half of them are real. */
export function cityName(random: Random): string {
  return random.chance(0.5) ? random.pick(CITIES) : inventedName(random, ["", "", "ton", "burg", "ville", "stad"]);
}

/** Different ones. */
export function cityNames(random: Random, count: number): string[] {
  const names = new Set<string>();
  while (names.size < count) names.add(cityName(random));
  return [...names];
}

/** A medicine that does not exist. */
export function medicineName(random: Random): string {
  return inventedName(random, ["in", "ol", "ax", "ide", "il", "one"]);
}

/** Somebody's first name: half of them are real. */
export function firstName(random: Random): string {
  return random.chance(0.5) ? random.pick(PEOPLE).name : inventedName(random);
}

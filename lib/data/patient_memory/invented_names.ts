import type { Random } from "../../random/mod.ts";

/**
 * Names of medicines and illnesses that nobody has heard of: a reader has to copy them from the text, as it must with the
 * thousands of real names that a small model has never seen.
 */
const STARTS = [
  "bra",
  "ce",
  "do",
  "fe",
  "ga",
  "ilo",
  "ka",
  "lu",
  "me",
  "no",
  "ora",
  "pri",
  "ra",
  "so",
  "ta",
  "ve",
  "xa",
  "zi",
];
const MIDDLES = ["ba", "co", "di", "lo", "mi", "na", "pe", "ro", "su", "ti", "va", "vo"];
const MEDICINE_ENDS = ["lol", "pril", "tin", "zole", "mab", "xin", "dine", "done", "vir", "gliptin"];
const ILLNESS_ENDS = ["dal", "mer", "nik", "ran", "sen", "vak", "ler", "tis"];
const ILLNESS_NOUNS = ["disease", "syndrome", "fever"];

/** Such as "cerovatin". */
export function inventedMedicine(random: Random): string {
  return stem(random) + random.pick(MEDICINE_ENDS);
}

/** Such as "kaminik disease". */
export function inventedIllness(random: Random): string {
  return `${stem(random)}${random.pick(ILLNESS_ENDS)} ${random.pick(ILLNESS_NOUNS)}`;
}

function stem(random: Random): string {
  const middles = random.chance(0.5) ? 1 : 2;
  return random.pick(STARTS) + random.sample(MIDDLES, middles).join("");
}

/** Whether a word could be one of these names, for finding names that a reply made up. */
export function looksInvented(word: string): boolean {
  return INVENTED.test(word);
}
const INVENTED = new RegExp(
  `^(?:${STARTS.join("|")})(?:${MIDDLES.join("|")}){1,2}(?:${[...MEDICINE_ENDS, ...ILLNESS_ENDS].join("|")})$`,
  "i",
);

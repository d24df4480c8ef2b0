/**
 * Names that no vocabulary has: they teach a reader to match what it has never seen, piece by piece. More varied than those of
 * the generated worlds, which a language model has to spell.
 */
import type { Random } from "../../random/mod.ts";
import { FIRST_NAMES } from "../multi_hop/mod.ts";
import { ADJECTIVES, NOUNS } from "./word_bank.ts";

const ONSETS =
  ("b br c ch cl cr d dr f fl fr g gl gr h j k kl kr l m n p pl pr qu r s sc sh sk sl sm sn sp st str sw t th tr v " +
    "w wh y z").split(" ");
const VOWELS = "a e i o u a e i o u ai au ea ee ei ia ie io oa oo ou y".split(" ");
const CODAS = ["", "", "", ..."b ck d f g k l ll m n nd ng nt p r rd rk rn rt s sh ss st t th x z".split(" ")];

/** A capitalised word of one to four random syllables, such as "Scroavend". */
export function coinedWord(random: Random): string {
  const syllables = [1, 2, 3, 4][random.weightedIndex([0.25, 0.5, 0.2, 0.05])];
  let word = random.chance(0.2) ? random.pick(VOWELS) : "";
  for (let i = 0; i < syllables; i++) {
    word += random.pick(ONSETS) + random.pick(VOWELS) +
      (i === syllables - 1 || random.chance(0.3) ? random.pick(CODAS) : "");
  }
  return capital(word);
}

/** First and last name, sometimes with a middle initial. */
export function personName(random: Random): string {
  const known = random.pick(random.chance(0.5) ? FIRST_NAMES.She : FIRST_NAMES.He);
  const first = random.chance(0.6) ? known : coinedWord(random);
  const middle = random.chance(0.15) ? ` ${random.pick("ABCDEFGHJKLMNPRSTW".split(""))}.` : "";
  return `${first}${middle} ${coinedWord(random)}`;
}

/** A name made of common words, as books, films, bands and inns have them: "The Iron Harbor". */
export function wordyName(random: Random): string {
  const [adjective, noun] = [capital(random.pick(ADJECTIVES)), capital(random.pick(NOUNS))];
  switch (random.integer(0, 4)) {
    case 0:
      return `The ${adjective} ${noun}`;
    case 1:
      return `${adjective} ${noun}`;
    case 2:
      return `${noun} of ${coinedWord(random)}`;
    case 3:
      return `${coinedWord(random)}'s ${noun}`;
    default:
      return `${noun} and ${capital(random.pick(NOUNS))}`;
  }
}

/** A word with its first letter in upper case. */
export function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

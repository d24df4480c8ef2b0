/**
 * Invented names. There are tens of thousands, so that a reader of them must learn to copy a name and cannot know it by
 * heart; they stand next to common first names.
 */
import type { Random } from "../../random/mod.ts";

const STARTS =
  ("Bar Bel Bor Bran Cal Car Cor Dal Dar Del Dor Dun El Fal Fen Fin Gal Gar Gor Hal Har Hel Ir Jar Jol Kal Kel Kes Kor " +
    "Lan Lin Lor Mal Mar Mel Mor Nar Nel Nor Ol Or Pel Per Por Ral Ran Ril Ros Sal Sel Sor Tal Tar Tel Tor Ul Val Var " +
    "Vel Vin Vor Wes Win Yar Zan Zel Zor").split(" ");
const MIDDLES = "a e i o u am an ar av ed el em en er id il im in ir on or os un us".split(" ");

/** What names of a sort end in. */
const ENDINGS = {
  town: "ba bury da dale don fast ford gate ham holm ka la low mere mona more na ra sted ta ton vale wick za".split(
    " ",
  ),
  surname: "bek dan der din gan ger ker kin kov ley lin man mer nik nov ri sen ser sik son ster tin tov vic".split(" "),
  river: "da de dine ga ken la len ma mar mel na ne nock ra rin sa ta tel ven vine".split(" "),
  company: "bex co dex do fax go kon lab lex mix mora na nor pax ra rex ta tec tek tix tron va vix xa".split(" "),
  drug: "cin dine dol fen lide lol mab mide nib nol pam pril tan tine vir zole".split(" "),
} as const;

/** Which ending an invented name gets. */
export type NameSort = keyof typeof ENDINGS;

/** Women's and men's first names. */
export const FIRST_NAMES = {
  She:
    ("Mia Ana Lily Zoe Eva Nina Ruth Lena Rosa Clara Maya Ella Anna Emma Julia Laura Sara Sofia Nora Alice Helen Jane " +
      "Kate Lucy").split(" "),
  He:
    ("Tom Ben Sam Max Leo Jack Omar Paul Ivan Adam Hugo Noah Peter John Karl Mark David Felix Simon Oscar Martin Luke " +
      "Henry Otto").split(" "),
} as const;

/** An invented word such as "Velmona", of two or three syllables. */
export function inventedName(random: Random, sort: NameSort): string {
  const middle = random.chance(0.6) ? random.pick(MIDDLES) : "";
  return random.pick(STARTS) + middle + random.pick(ENDINGS[sort]);
}

/** An invented word that begins like another one, to be mistaken for it. */
export function similarName(random: Random, name: string, sort: NameSort): string {
  const start = STARTS.filter((text) => name.startsWith(text)).sort((a, b) => b.length - a.length)[0] ?? name;
  return start + (random.chance(0.5) ? random.pick(MIDDLES) : "") + random.pick(ENDINGS[sort]);
}

/** A first name with the pronoun that stands for it. */
export function firstName(random: Random): { first: string; pronoun: "She" | "He" } {
  const pronoun = random.chance(0.5) ? "She" : "He";
  return { first: random.pick(FIRST_NAMES[pronoun]), pronoun };
}

const ADJECTIVES =
  ("Red Blue Green Black White Silver Golden Old Great Silent Quiet Lost Last First Cold Warm Dark Bright Deep High Empty " +
    "Hidden Broken Little").split(" ");
const NOUNS =
  ("Lamp Tower Garden House Road Bridge Door Window Letter Winter Summer Night Morning Island Forest Mountain Bird Horse Fox " +
    "Stone Star Boat Key Song").split(" ");

/** A book's title, such as "The Silent Lamp". */
export function bookTitle(random: Random): string {
  return `The ${random.pick(ADJECTIVES)} ${random.pick(NOUNS)}`;
}

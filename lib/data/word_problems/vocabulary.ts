/**
 * The words that templates choose from. Kept few on purpose: the house model has a few million parameters and sees each word
 * often enough only if there are not many. All numbers in problems are at least 2, so nouns are needed in the plural only
 * (but for containers, which appear as "each box").
 */

/** Who a problem is about, with the pronoun that stands for the name. */
export interface Person {
  name: string;
  he: "he" | "she";
  He: "He" | "She";
  his: "his" | "her";
}

const person = (name: string, he: "he" | "she"): Person => ({
  name,
  he,
  He: he === "he" ? "He" : "She",
  his: he === "he" ? "his" : "her",
});

export const PEOPLE: readonly Person[] = [
  ...["Tom", "Ben", "Sam", "Max", "Leo", "Jack", "Omar", "Paul", "Ivan", "Adam", "Hugo", "Noah"].map((name) =>
    person(name, "he")
  ),
  ...["Mia", "Ana", "Lily", "Zoe", "Eva", "Nina", "Ruth", "Lena", "Rosa", "Clara", "Maya", "Ella"].map((name) =>
    person(name, "she")
  ),
];

/** Things to eat. */
export const FOODS = [
  "apples",
  "pears",
  "plums",
  "lemons",
  "carrots",
  "cookies",
  "cakes",
  "eggs",
  "nuts",
  "candies",
] as const;

/** Things to own, to buy and to give away. */
export const THINGS = [
  ...FOODS,
  "books",
  "pens",
  "pencils",
  "cards",
  "stamps",
  "shells",
  "coins",
  "stickers",
  "toys",
  "balls",
  "beads",
  "flowers",
] as const;

/** What things are kept in: one, several. */
export const CONTAINERS = [
  { one: "box", many: "boxes" },
  { one: "bag", many: "bags" },
  { one: "basket", many: "baskets" },
  { one: "jar", many: "jars" },
  { one: "pack", many: "packs" },
] as const;

/** One thing with a price of its own. */
export const GOODS = ["hat", "lamp", "shirt", "game", "clock", "drum", "kite", "ring"] as const;

/** What somebody does a number of, day by day. */
export const HABITS = [
  { does: "reads", to: "read", what: "pages" },
  { does: "runs", to: "run", what: "miles" },
  { does: "swims", to: "swim", what: "laps" },
  { does: "walks", to: "walk", what: "miles" },
  { does: "draws", to: "draw", what: "pictures" },
  { does: "writes", to: "write", what: "letters" },
  { does: "learns", to: "learn", what: "words" },
] as const;

/** What grows in rows. */
export const PLANTS = ["trees", "roses", "beans", "bushes"] as const;
export const FIELDS = ["garden", "farm", "park", "field"] as const;

export const GETS = ["finds", "buys", "gets", "wins"] as const;
export const LOSES = ["loses", "sells", "uses"] as const;

/** Questions about two things of a kind: which has more, and whether they share something. */
import type { EntityKind } from "./relation.ts";

/** "Which is longer?": the winner is the one with the larger or the smaller number. `{a}` and `{b}` are the two. */
export interface Comparison {
  relation: string;
  of: EntityKind;
  wins: "larger" | "smaller";
  questions: readonly string[];
  /** How the winner is named: "{s} is older". */
  verdict: string;
}

const startedIn = (of: EntityKind): Comparison[] => [
  {
    relation: `year of ${of}`,
    of,
    wins: "smaller",
    questions: ["Which is older, {a} or {b}?", "Which was started first, {a} or {b}?"],
    verdict: "{s} is older",
  },
  {
    relation: `year of ${of}`,
    of,
    wins: "larger",
    questions: ["Which is newer, {a} or {b}?", "Which was started later, {a} or {b}?"],
    verdict: "{s} is newer",
  },
];

export const COMPARISONS: readonly Comparison[] = [
  {
    relation: "birth year",
    of: "person",
    wins: "smaller",
    questions: ["Who is older, {a} or {b}?", "Who was born first, {a} or {b}?"],
    verdict: "{s} is older",
  },
  {
    relation: "birth year",
    of: "person",
    wins: "larger",
    questions: ["Who is younger, {a} or {b}?", "Who was born later, {a} or {b}?"],
    verdict: "{s} is younger",
  },
  {
    relation: "length",
    of: "river",
    wins: "larger",
    questions: ["Which river is longer, {a} or {b}?", "Is {a} or {b} the longer river?"],
    verdict: "{s} is longer",
  },
  {
    relation: "length",
    of: "river",
    wins: "smaller",
    questions: ["Which river is shorter, {a} or {b}?", "Is {a} or {b} the shorter river?"],
    verdict: "{s} is shorter",
  },
  ...startedIn("company"),
  ...startedIn("band"),
  ...startedIn("school"),
  ...startedIn("team"),
];

/** "Do both ...?": yes where both have the same. */
export interface Sharing {
  relation: string;
  of: EntityKind;
  questions: readonly string[];
}

export const SHARINGS: readonly Sharing[] = [
  {
    relation: "birthplace",
    of: "person",
    questions: ["Were {a} and {b} born in the same town?", "Do {a} and {b} have the same birthplace?"],
  },
  { relation: "home", of: "person", questions: ["Do {a} and {b} live in the same town?"] },
  { relation: "employer", of: "person", questions: ["Do {a} and {b} work for the same company?"] },
  {
    relation: "river",
    of: "town",
    questions: ["Do {a} and {b} lie on the same river?", "Are {a} and {b} on the same river?"],
  },
  { relation: "mouth", of: "river", questions: ["Do {a} and {b} flow into the same lake?"] },
  { relation: "known for", of: "town", questions: ["Are {a} and {b} known for the same thing?"] },
  { relation: "seat", of: "company", questions: ["Do {a} and {b} have their offices in the same town?"] },
  { relation: "product", of: "company", questions: ["Do {a} and {b} make the same goods?"] },
  { relation: "origin", of: "band", questions: ["Do {a} and {b} come from the same town?"] },
  { relation: "ground", of: "team", questions: ["Do {a} and {b} play in the same town?"] },
  { relation: "color", of: "team", questions: ["Are the shirts of {a} and {b} of the same color?"] },
];

/**
 * What articles about invented things say and how it is asked for. In all texts `{s}` is the thing; other slots are drawn once
 * for a fact, so that sentence and question share them.
 */

/** The sorts of things that have an article. */
export const ARTICLE_KINDS = [
  "person",
  "work",
  "place",
  "organisation",
  "species",
  "event",
  "building",
  "machine",
] as const;
export type ArticleKind = typeof ARTICLE_KINDS[number];

/** One thing that an article can say. */
export interface FactForm {
  says: readonly string[];
  asks: readonly string[];
}

/** The first sentence of an article says what the thing is. */
export const OPENINGS: Record<ArticleKind, readonly FactForm[]> = {
  person: [
    {
      says: [
        "{s} (born {day} {month} {year}) is a {nationality} {job}.",
        "{s} was a {nationality} {job} and {job2}, born in {year}.",
        "{s} is a {job} from {country}.",
      ],
      asks: [
        "Who is {s}?",
        "What nationality is {s}?",
        "Which {nationality} {job} is called {s}?",
        "What is {s} known as?",
        "Are {s} and {otherPerson} both {job}s?",
        "Were {s} and {otherPerson} of the same nationality?",
      ],
    },
  ],
  work: [
    {
      says: [
        "{s} is a {year} {nationality} {adjective} {medium} directed by {person}.",
        "{s} is a {medium} by {person}, released in {month} {year}.",
        "{s} is the {ordinal} {medium} of the {nationality} {job} {person}.",
      ],
      asks: [
        "Who made the {medium} {s}?",
        "When was {s} released?",
        "In what year did {s} come out?",
        "Which {medium} did {person} make?",
        "{person} made which {medium}?",
        "Which {medium} came out first, {s} or {other}?",
        "Are {s} and {other} both {medium}s?",
      ],
    },
  ],
  place: [
    {
      says: [
        "{s} is a {settlement} in the {direction} of {country}.",
        "{s} is a {adjective} {settlement} in {name} County, {country}.",
        "{s} is a {settlement} near the {noun} of {name} in {country}.",
      ],
      asks: [
        "Where is {s}?",
        "In which country is the {settlement} {s}?",
        "What {settlement} lies in the {direction} of {country}?",
        "{s} is located in what country?",
        "Are {s} and {other} in the same country?",
      ],
    },
  ],
  organisation: [
    {
      says: [
        "{s} is a {nationality} company that makes {noun}s and {noun2}s.",
        "{s} is a {adjective} {body} founded in {year} by {person}.",
        "{s} is a {nationality} {body} with its seat in {name}.",
      ],
      asks: [
        "What is {s}?",
        "What does {s} make?",
        "Who founded the {body} {s}?",
        "Which {body} was founded by {person}?",
        "When was {s} founded?",
        "Which is older, {s} or {other}?",
      ],
    },
  ],
  species: [
    {
      says: [
        "{s} is a species of {adjective} {creature} found in {country}.",
        "{s} is a genus of {creature}s in the family {name}.",
        "{s} is a {adjective} {color} {creature} native to {country} and {country2}.",
      ],
      asks: [
        "What is {s}?",
        "Where is {s} found?",
        "Which {creature} is native to {country}?",
        "What family does the {creature} {s} belong to?",
        "Are {s} and {other} both {creature}s?",
      ],
    },
  ],
  event: [
    {
      says: [
        "{s} was a {adjective} {happening} held in {name} in {year}.",
        "{s} was the {ordinal} {happening} of {country}, in {month} {year}.",
        "{s} was a {happening} between {country} and {country2} in {year}.",
      ],
      asks: [
        "When was {s}?",
        "In which year did the {happening} {s} take place?",
        "Which {happening} was held in {year}?",
        "Where did {s} take place?",
        "Which {happening} was between {country} and {country2}?",
      ],
    },
  ],
  building: [
    {
      says: [
        "{s} is a {adjective} {structure} in {name}, {country}.",
        "{s} is a {structure} of {number} meters, designed by {person}.",
        "{s} is a historic {structure} built in {year} for {person}.",
      ],
      asks: [
        "Where is the {structure} {s}?",
        "Who designed {s}?",
        "For whom was {s} built?",
        "Which {structure} did {person} design?",
        "How tall is {s}?",
        "Which {structure} was built in {year}?",
      ],
    },
  ],
  machine: [
    {
      says: [
        "{s} is a {adjective} {device} invented by {person} in {year}.",
        "{s} is a {device} used for the {noun} of {noun2}s.",
        "{s} is a type of {device} made of {adjective} {noun}.",
      ],
      asks: [
        "Who invented {s}?",
        "What is the {device} {s} used for?",
        "Which {device} was invented by {person}?",
        "What is {s}?",
        "When was the {device} {s} invented?",
      ],
    },
  ],
};

/** Further sentences. `{it}` is the thing again: its name or a pronoun. */
export const FACTS: Record<ArticleKind, readonly FactForm[]> = {
  person: [
    {
      says: ["{it} was born in {name}, {country}.", "{it} comes from the town of {name} in {country}."],
      asks: ["Where was {s} born?", "In which town was the {job} {s} born?", "What is the birthplace of {s}?"],
    },
    {
      says: ["{it} is best known for the {medium} {work}.", "{it} won an award for the {medium} {work} in {year}."],
      asks: ["Who is known for {work}?", "For which {medium} is {s} known?", "Who won an award for {work}?"],
    },
    {
      says: ["{it} played for {name} {club} from {year} on.", "{it} joined {name} {club} in {year}."],
      asks: ["For which team did {s} play?", "Who played for {name} {club}?", "Who joined {name} {club} in {year}?"],
    },
    {
      says: ["{it} married the {job} {person} in {year}.", "{it} was the {relative} of {person}."],
      asks: ["Who married {person}?", "To whom was {s} married?", "Who was the {relative} of {person}?"],
    },
    {
      says: ["{it} studied {noun} at the University of {name}.", "{it} taught {noun} at {name} College."],
      asks: ["Where did {s} study?", "Who studied {noun} at {name}?", "Who taught {noun} at {name} College?"],
    },
  ],
  work: [
    {
      says: ["{it} stars {person} and {person2}.", "The leading part is played by {person}."],
      asks: [
        "Who stars in {s}?",
        "In which {medium} does {person} play?",
        "What {medium} stars {person} and {person2}?",
      ],
    },
    {
      says: ["{it} tells of a {adjective} {noun} who {verb} a {noun2}.", "It is about a {noun} in {country}."],
      asks: [
        "What is {s} about?",
        "Which {medium} tells of a {adjective} {noun}?",
        "Which {medium} is about a {noun}?",
      ],
    },
    {
      says: ["{it} was written by {person}.", "The story is based on a {noun} by {person}."],
      asks: ["Who wrote {s}?", "What did {person} write?", "Who was the writer of the {medium} {s}?"],
    },
  ],
  place: [
    {
      says: ["The population was {number} in {year}.", "{it} had {number} people at the census of {year}."],
      asks: ["How many people live in {s}?", "What is the population of {s}?"],
    },
    {
      says: ["{it} lies on the {name} River.", "The {name} River flows through {it}."],
      asks: ["Which {settlement} lies on the {name} River?", "On which river does {s} lie?"],
    },
    {
      says: ["{it} is known for its {adjective} {noun} and {noun2}.", "{it} has a {noun} and a {adjective} {noun2}."],
      asks: ["What is {s} known for?", "Which place is known for its {noun} and {noun2}?"],
    },
  ],
  organisation: [
    {
      says: ["Its head office is in {name}, {country}.", "{it} moved to {name} in {year}."],
      asks: ["Where is the head office of {s}?", "Which {body} moved to {name}?"],
    },
    {
      says: ["{it} is led by {person}.", "{person} became its director in {year}."],
      asks: ["Who leads {s}?", "Which {body} is led by {person}?", "Who became director of {s}?"],
    },
    {
      says: ["{it} {verb} the {name} {noun} in {year}.", "In {year} it bought {name}."],
      asks: ["Who bought {name}?", "What did {s} buy in {year}?", "Which company {verb} the {name} {noun}?"],
    },
  ],
  species: [
    {
      says: [
        "{it} lives in {adjective} {noun}s and eats {noun2}s.",
        "{it} grows near a {noun} and needs {adjective} soil.",
      ],
      asks: [
        "Where does {s} live?",
        "What does the {creature} {s} eat?",
        "Which {creature} lives in {adjective} {noun}s?",
      ],
    },
    {
      says: ["{it} was first described by {person} in {year}.", "{person} named it in {year}."],
      asks: ["Who first described {s}?", "Which {creature} did {person} describe?"],
    },
  ],
  event: [
    {
      says: ["{it} was won by {person}.", "{person} {verb} the {noun} there."],
      asks: ["Who won {s}?", "What did {person} win?", "Which {happening} did {person} win?"],
    },
    {
      says: ["{it} was led by the {nationality} {job} {person}.", "{person} was in command."],
      asks: ["Who led {s}?", "Which {happening} was led by {person}?"],
    },
  ],
  building: [
    {
      says: ["{it} was {verb} by {person} in {year}.", "{person} {verb} it in {year}."],
      asks: ["Who {verb} {s}?", "What was {verb} by {person} in {year}?", "When was the {structure} {s} {verb}?"],
    },
    {
      says: ["{it} holds a {noun} of {adjective} {noun2}.", "There is a {adjective} {noun} inside."],
      asks: ["What is inside {s}?", "Which {structure} holds a {adjective} {noun}?"],
    },
  ],
  machine: [
    {
      says: ["{it} is sold by {name} in {country}.", "{name} has made it since {year}."],
      asks: ["Who sells the {device} {s}?", "What has {name} made since {year}?"],
    },
    {
      says: ["{it} has a {adjective} {noun} and {number} {noun2}s.", "Its {noun} is {adjective}."],
      asks: ["What does {s} have?", "Which {device} has a {adjective} {noun}?"],
    },
  ],
};

/** Sentences that any article may have. They say nothing of use, as much of any text does. */
export const FILLERS: readonly string[] = [
  "The {adjective} {noun} was {verb} by the {noun2}.",
  "Many {noun}s {verb} the {adjective} {noun2} in {year}.",
  "There was a {noun} of {adjective} {noun2}.",
  "A {noun} of {country} {verb} the {noun2} of {name}.",
  "After the {noun}, the {adjective} {noun2} was {verb}.",
  "The {job} {person} {verb} it with a {noun}.",
  "It had {number} {noun}s and a {adjective} {noun2}.",
  "In {month} {year} the {noun} {verb} its {noun2}.",
];

/**
 * Looking things up and copying them: short lists of invented names with values, and many short questions about each. It
 * teaches what answers from documents rest on, with few tokens between the question and what has to be copied.
 */
import type { Random } from "../../random/mod.ts";
import { firstName, inventedName, similarName } from "../multi_hop/mod.ts";
import { type Corpus, type CorpusOptions, drawInSplit, type Drawn, type GeneratedExample } from "./corpus.ts";
import { type Exchange, exchangesChat } from "./exchanges.ts";

/** What is answered about a name that the list does not have. */
export const NOT_IN_LIST = "It is not in the list.";

/** Reading and copying: `copied`, 1 where the reply is exactly what was asked for. */
export const readingCorpus: Corpus = {
  name: "reading",
  exampleAt: (index: number, options: CorpusOptions = {}): GeneratedExample =>
    drawInSplit("reading", index, options, draw),
};

/** A sort of list: a name and two values a line. */
interface ListSort {
  name: string;
  drawName(random: Random): string;
  /** One value may stand in two lines; questions that look for its name leave such values out. */
  columns: readonly [Column, Column];
}

interface Column {
  draw(random: Random): string;
  /** How it stands in the line, `{v}` the value. */
  written: string;
  /** `{n}` is the name. */
  questions: readonly string[];
  /** From the value to the name. */
  reverse: readonly string[];
}

const personName = (random: Random) => `${firstName(random).first} ${inventedName(random, "surname")}`;
const invented = (sort: "town" | "river" | "company" | "surname" | "drug") => (random: Random) =>
  inventedName(random, sort);
const number = (low: number, high: number) => (random: Random) => String(random.integer(low, high));

const SORTS: readonly ListSort[] = [
  {
    name: "roads",
    drawName: invented("town"),
    columns: [
      {
        draw: number(2, 990),
        written: "{v} km",
        questions: ["How many km are there to {n}?", "How far is {n}, in km?"],
        reverse: ["Which name belongs to {v} km?", "What is {v} km away?"],
      },
      {
        draw: invented("surname"),
        written: "founded by {v}",
        questions: ["Who founded {n}?", "By whom was {n} founded?"],
        reverse: ["What did {v} found?", "Which name belongs to {v}?"],
      },
    ],
  },
  {
    name: "people",
    drawName: personName,
    columns: [
      {
        draw: invented("town"),
        written: "from {v}",
        questions: ["Where is {n} from?", "From which town is {n}?"],
        reverse: ["Who is from {v}?", "Which person comes from {v}?"],
      },
      {
        draw: number(18, 95),
        written: "{v} years old",
        questions: ["How old is {n}, in years?", "What is the age of {n}?"],
        reverse: ["Who is {v} years old?", "Whose age is {v}?"],
      },
    ],
  },
  {
    name: "rooms",
    drawName: personName,
    columns: [
      {
        draw: number(1, 399),
        written: "room {v}",
        questions: ["Which room does {n} have?", "What is the room of {n}?"],
        reverse: ["Who has room {v}?", "Whose room is {v}?"],
      },
      {
        draw: number(1000, 99999),
        written: "code {v}",
        questions: ["What is the code of {n}?", "Which code does {n} have?"],
        reverse: ["Who has code {v}?", "Whose code is {v}?"],
      },
    ],
  },
  {
    name: "drugs",
    drawName: (random) => `${inventedName(random, "surname")} fever`,
    columns: [
      {
        draw: (random) => inventedName(random, "drug").toLowerCase(),
        written: "treated with {v}",
        questions: ["How is {n} treated?", "With what is {n} treated?"],
        reverse: ["What is treated with {v}?", "Which illness is {v} for?"],
      },
      {
        draw: number(2, 60),
        written: "lasts {v} days",
        questions: ["How many days does {n} last?", "For how many days does one have {n}?"],
        reverse: ["What lasts {v} days?", "Which illness lasts {v} days?"],
      },
    ],
  },
  {
    name: "shops",
    drawName: invented("company"),
    columns: [
      {
        draw: (random) => random.pick(GOODS),
        written: "sells {v}",
        questions: ["What does {n} sell?", "What can one buy from {n}?"],
        reverse: ["Who sells {v}?", "Which company has {v}?"],
      },
      {
        draw: number(2, 500),
        written: "{v} dollars",
        questions: ["How many dollars does {n} ask?", "What is the price at {n}, in dollars?"],
        reverse: ["Who asks {v} dollars?", "Which name belongs to {v} dollars?"],
      },
    ],
  },
];

const GOODS = "lamps boats shoes clocks chairs hats pens paper glass bread cheese tea soap toys tools paint".split(" ");
const PLACES = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"];

interface Line {
  name: string;
  values: [string, string];
  text: string;
}

function draw(random: Random): Drawn<GeneratedExample> {
  if (random.chance(0.15)) return drawRepeating(random);
  const sort = random.pick(SORTS);
  const lines = drawLines(random, sort, random.integer(3, 8));
  const list = lines.map(({ text }) => text).join("\n");
  const exchanges: Exchange[] = [];
  const count = random.integer(4, 2 + lines.length);
  for (let attempt = 0; attempt < 60 && exchanges.length < count; attempt++) {
    const exchange = drawExchange(random, sort, lines);
    if (exchange !== null && exchanges.every(({ answer }) => answer !== exchange.answer || answer === NOT_IN_LIST)) {
      exchanges.push(exchange);
    }
  }
  const value = exchangesChat(random, exchanges, { kind: sort.name, before: `${list}\n`, metric: "copied" });
  return { instance: `${list}|${exchanges[0].question}`, value };
}

/** Names to say again, with no list. */
function drawRepeating(random: Random): Drawn<GeneratedExample> {
  const exchanges = Array.from({ length: random.integer(3, 6) }, (): Exchange => {
    const words = Array.from({ length: random.integer(1, 6) }, () => drawWord(random));
    const text = words.join(random.pick([" ", " ", ", "]));
    return random.pick([
      { question: `Repeat: ${text}`, answer: text },
      { question: `Say exactly this: ${text}`, answer: text },
      { question: `Write the last word: ${words.join(" ")}`, answer: words.at(-1)!.split(" ").at(-1)! },
      { question: `Write it twice: ${text}`, answer: `${text}\n${text}` },
    ]);
  });
  return {
    instance: exchanges[0].question,
    value: exchangesChat(random, exchanges, { kind: "repeat", before: "", metric: "copied" }),
  };
}

function drawWord(random: Random): string {
  return random.pick([personName, invented("town"), invented("river"), invented("company"), number(0, 99999)])(random);
}

/** Lines whose names differ, some of them only in their ends. */
function drawLines(random: Random, sort: ListSort, count: number): Line[] {
  const lines: Line[] = [];
  while (lines.length < count) {
    const like = lines.length > 0 && random.chance(0.25) ? random.pick(lines).name : null;
    const isOneWord = like !== null && !like.includes(" ");
    const name = isOneWord ? similarName(random, like, "town") : sort.drawName(random);
    if (lines.some((line) => line.name === name)) continue;
    const values: [string, string] = [sort.columns[0].draw(random), sort.columns[1].draw(random)];
    const parts = values.map((value, column) => sort.columns[column].written.replace("{v}", value));
    lines.push({ name, values, text: `${name}: ${parts.join(", ")}` });
  }
  return lines;
}

/** One question with its answer, or null where this draw has no clear one. */
function drawExchange(random: Random, sort: ListSort, lines: readonly Line[]): Exchange | null {
  const index = random.integer(0, lines.length - 1);
  const line = lines[index];
  const side = random.integer(0, 1);
  const column = sort.columns[side];
  const value = line.values[side];
  const ask = (question: string) => question.replace("{n}", line.name).replace("{v}", value);
  switch (random.weightedIndex([6, 4, 3, 1, 1, 1, 1, 1])) {
    case 0:
      return { question: ask(random.pick(column.questions)), answer: value };
    case 1:
      return lines.some((other) => other !== line && other.values.includes(value))
        ? null
        : { question: ask(random.pick(column.reverse)), answer: line.name };
    case 2: {
      const place = index === lines.length - 1 && random.chance(0.5) ? "last" : PLACES[index];
      return { question: `${random.pick(["Repeat", "Write"])} the ${place} line.`, answer: line.text };
    }
    case 3:
      return { question: `Repeat the line of ${line.name}.`, answer: line.text };
    case 4:
      return { question: "Which names are in the list?", answer: lines.map(({ name }) => name).join(", ") };
    case 5: {
      const next = lines.at(index + 1);
      return next === undefined ? null : { question: `Which name comes after ${line.name}?`, answer: next.name };
    }
    case 6: {
      const absent = sort.drawName(random);
      if (lines.some(({ name }) => name === absent)) return null;
      return { question: random.pick(column.questions).replace("{n}", absent), answer: NOT_IN_LIST };
    }
    default: {
      const other = lines[(index + 1) % lines.length];
      const both = lines.indexOf(other) < index ? [other, line] : [line, other];
      return {
        question: `Repeat the lines of ${both[0].name} and ${both[1].name}.`,
        answer: both.map(({ text }) => text).join("\n"),
      };
    }
  }
}

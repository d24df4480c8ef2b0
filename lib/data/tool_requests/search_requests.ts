import type { Random } from "../../random/mod.ts";
import { KNOWN_FACTS } from "./known_facts.ts";
import { inventedName, medicineName } from "./names.ts";
import { pickNumbered, type ToolRequest } from "./request.ts";
import { HOUSE_TOOLS } from "./tools.ts";

/** Something that a document says: who asks for it, and what answers it. */
interface Subject {
  /** Which kind of thing. */
  form: string;
  /** Names in it that were drawn. */
  parts: string;
  question: string;
  query: string;
  title: string;
  /** The sentence that answers. */
  text: string;
  needed: readonly string[];
}

/** Asks for something in the documents: half of it is about medicines and theorems that do not exist. */
export function searchRequest(random: Random): ToolRequest {
  const subject = random.pick([knownSubject, medicineSubject, medicineSubject, theoremSubject])(random);
  // Four of ten questions are asked as they are.
  const [style, question] = random.chance(0.4) ? ["plain", subject.question] : pickNumbered(random, [
    `Search for ${subject.query}.`,
    `Please look it up: ${subject.question}`,
    `${subject.question} Look in the documents.`,
    `What do the documents say about this: ${subject.question}`,
  ]);
  return searchOf(random, subject, `search:${subject.form}:${style}`, question);
}

function searchOf(random: Random, subject: Subject, template: string, question: string): ToolRequest {
  const { parts, query, title, text, needed } = subject;
  // One in eight searches finds nothing.
  const found = !random.chance(0.125);
  const results = [{ title, text }];
  if (found && random.chance(0.4)) {
    const other = random.pick([knownSubject, medicineSubject])(random);
    if (other.title !== title) results.splice(random.integer(0, 1), 0, { title: other.title, text: other.text });
  }
  return {
    tool: HOUSE_TOOLS.search,
    instance: `${template}:${parts}`,
    question,
    call: { name: "search", arguments: { query } },
    result: JSON.stringify({ results: found ? results : [] }),
    answer: found ? text : `I found nothing for "${query}".`,
    key: found ? { needed, forbidden: ["found nothing"] } : { needed: ["found nothing"] },
    purpose: "search documents",
  };
}

/** A fact from the list. */
function knownSubject(random: Random): Subject {
  const [form, { topic, question, text, needed }] = pickNumbered(random, KNOWN_FACTS);
  const title = topic.charAt(0).toUpperCase() + topic.slice(1);
  return { form: "known", parts: String(form), question, query: topic, title, text, needed };
}

/** What a search says about a medicine that does not exist. */
export function medicineSubject(random: Random): Subject {
  const medicine = medicineName(random);
  const dose = random.integer(1, 40) * random.pick([1, 5, 10]);
  const often = random.pick(["once", "twice", "three times"]);
  const effect = random.pick(["headache", "dry mouth", "nausea", "dizziness", "a rash", "tiredness", "stomach pain"]);
  const use = random.pick([
    "high blood pressure",
    "migraine",
    "asthma",
    "gout",
    "hay fever",
    "back pain",
    "joint pain",
  ]);
  const avoid = random.pick(["alcohol", "milk", "grapefruit juice", "aspirin", "coffee"]);
  const place = random.pick(["in a fridge", "in a dark place", "below 25 degrees", "in its box"]);
  const [form, [question, query, text, needed]] = pickNumbered<readonly [string, string, string, string[]]>(random, [
    [
      `What is the usual dose of ${medicine}?`,
      `usual dose of ${medicine}`,
      `The usual dose of ${medicine} is ${dose} mg ${often} a day.`,
      [String(dose), often],
    ],
    [
      `What are the side effects of ${medicine}?`,
      `side effects of ${medicine}`,
      `A common side effect of ${medicine} is ${effect}.`,
      [effect],
    ],
    [`What is ${medicine} used for?`, `use of ${medicine}`, `${medicine} is used against ${use}.`, [use]],
    [
      `What must not be taken with ${medicine}?`,
      `interactions of ${medicine}`,
      `${medicine} must not be taken with ${avoid}.`,
      [avoid],
    ],
    [`How should I store ${medicine}?`, `storage of ${medicine}`, `${medicine} is stored ${place}.`, [place]],
  ]);
  return {
    form: `medicine ${form}`,
    parts: medicine,
    question,
    query,
    title: medicine,
    text,
    needed: [medicine, ...needed],
  };
}

/** A theorem that nobody has proved yet. */
function theoremSubject(random: Random): Subject {
  const theorem = inventedName(random);
  const person = `${inventedName(random)} ${inventedName(random, ["", "son", "ski", "ini"])}`;
  const year = random.integer(1640, 2020);
  const field = random.pick(["number theory", "geometry", "algebra", "graph theory", "statistics"]);
  const [form, [question, query, text, needed]] = pickNumbered<readonly [string, string, string, string[]]>(random, [
    [
      `Who proved the ${theorem} theorem?`,
      `proof of the ${theorem} theorem`,
      `The ${theorem} theorem was proved by ${person} in ${year}.`,
      [person],
    ],
    [
      `When was the ${theorem} theorem proved?`,
      `year of the ${theorem} theorem`,
      `The ${theorem} theorem was proved by ${person} in ${year}.`,
      [String(year)],
    ],
    [
      `To which field does the ${theorem} theorem belong?`,
      `field of the ${theorem} theorem`,
      `The ${theorem} theorem belongs to ${field}.`,
      [field],
    ],
  ]);
  return {
    form: `theorem ${form}`,
    parts: theorem,
    question,
    query,
    title: `${theorem} theorem`,
    text,
    needed: [theorem, ...needed],
  };
}

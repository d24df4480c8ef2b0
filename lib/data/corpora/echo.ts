/**
 * Lists to be repeated: words in no order, names, numbers. To copy what stands in front of it is a skill that all other
 * corpora need and that a small model learns late, since in ordinary texts few tokens ask for nothing else; here all do.
 */
import type { Random } from "../../random/mod.ts";
import { CONDITIONS } from "../medical/mod.ts";
import { firstName, inventedName } from "../multi_hop/names.ts";
import { type Corpus, drawInSplit, type Drawn, type GeneratedExample } from "./corpus.ts";

/** Metric: `repeated`. */
export const echoCorpus: Corpus = {
  name: "echo",
  exampleAt: (index, options = {}) => drawInSplit("echo", index, options, draw),
};

/** Short words that a tokenizer mostly has whole. Their order tells nothing, so that each can only be looked up. */
const COMMON =
  ("apple arm bag ball bank bed bell bird blue boat book box boy bread bridge brown bus cake car card cat chair child city " +
    "clock cloud coat coin cold cow cup day desk dog door dress drum dry ear east egg eye farm field fire fish floor flower " +
    "fly food foot fox frog fruit game garden gate girl glass gold grass gray green hair hall hand hat head heart hill home " +
    "honey horse house ice ink iron island jar juice key king kite knee lake lamp leaf left leg lemon letter light lion long " +
    "map market meat milk mirror moon morning mouse mouth music nail name neck nest night noon nose note nut ocean old orange " +
    "page paint paper park pear pen pencil picture pig pink plant plate pond pot queen rain red rice ring river road rock roof " +
    "room rope rose round salt sand school sea seed sheep shell ship shirt shoe silver sister sky small snow soap sock song " +
    "soup spoon spring star stone storm street sugar summer sun table tail tall tea tooth tower town toy train tree truck wall " +
    "warm water week west wheel white wind window winter wolf wood yard year yellow young").split(" ");
/** Words of medicine, mostly of several tokens. */
const TERMS = [...new Set(CONDITIONS.flatMap((condition) => JSON.stringify(condition).match(/[a-z]{3,}/g) ?? []))];
const SORTS = ["surname", "town", "drug", "company"] as const;

function draw(random: Random): Drawn<GeneratedExample> {
  const kind = (["words", "terms", "names"] as const)[random.weightedIndex([6, 2, 4])];
  const lines = kind === "names" ? nameLines(random) : wordLines(random, kind === "words" ? COMMON : TERMS);
  const text = lines.join("\n");
  const { request, reply } = requestOf(random, lines);
  const prompt = [{ role: "user", content: random.chance(0.5) ? `${request}\n${text}` : `${text}\n${request}` }];
  const value: GeneratedExample = {
    kind,
    messages: [...prompt, { role: "assistant", content: reply }],
    cases: [{ messages: prompt, reference: reply, grade: (given) => ({ repeated: given === reply ? 1 : 0 }) }],
  };
  return { instance: text, value };
}

/** From 2 to `most`, each doubling as likely as the next: copying is learned on short lists first. */
function length(random: Random, most: number): number {
  return Math.round(2 ** random.uniform(1, Math.log2(most)));
}

function wordLines(random: Random, from: readonly string[]): string[] {
  const words = random.sample(from, length(random, 40));
  const perLine = random.chance(0.5) ? words.length : random.integer(2, 12);
  return Array.from(
    { length: Math.ceil(words.length / perLine) },
    (_, line) => words.slice(line * perLine, (line + 1) * perLine).join(" "),
  );
}

function nameLines(random: Random): string[] {
  return Array.from({ length: length(random, 9) }, () => {
    const things = Array.from({ length: random.integer(1, 4) }, () => thing(random));
    return things.join(random.pick([", ", " and ", " "]));
  });
}

function thing(random: Random): string {
  switch (random.integer(0, 5)) {
    case 0:
      return String(random.integer(0, 10 ** random.integer(1, 5)));
    case 1:
      return `${firstName(random).first} ${inventedName(random, "surname")}`;
    case 2:
      return `${inventedName(random, "drug").toLowerCase()} ${random.integer(2, 90)} ${
        random.pick(["mg", "km", "kg"])
      }`;
    default:
      return inventedName(random, random.pick(SORTS));
  }
}

function requestOf(random: Random, lines: readonly string[]): { request: string; reply: string } {
  switch (random.integer(0, 9)) {
    case 0:
      return {
        request: "Repeat with numbers.",
        reply: lines.map((line, index) => `${index + 1}. ${line}`).join("\n"),
      };
    case 1:
      return { request: "Repeat the last line.", reply: lines[lines.length - 1] };
    default:
      return { request: "Repeat.", reply: lines.join("\n") };
  }
}

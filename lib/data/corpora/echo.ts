/**
 * Lists to be repeated: words in no order, names, numbers. To copy what stands in front of it is a skill that all other
 * corpora need and that a small model learns late, since in ordinary texts few tokens ask for nothing else; here all do.
 */
import type { Random } from "../../random/mod.ts";
import { CONDITIONS } from "../medical/mod.ts";
import { firstName, inventedName } from "../multi_hop/names.ts";
import { THINGS } from "../word_problems/vocabulary.ts";
import { type Corpus, drawInSplit, type Drawn, type GeneratedExample } from "./corpus.ts";

/** Metric: `repeated`. */
export const echoCorpus: Corpus = {
  name: "echo",
  exampleAt: (index, options = {}) => drawInSplit("echo", index, options, draw),
};

/** Words of medicine and of everyday life. Their order tells nothing, so that each can only be looked up. */
const WORDS = [
  ...new Set(
    [...THINGS, ...CONDITIONS.flatMap((condition) => JSON.stringify(condition).match(/[a-z]{3,}/g) ?? [])],
  ),
];
const SORTS = ["surname", "town", "drug", "company"] as const;

function draw(random: Random): Drawn<GeneratedExample> {
  const [kind, lines] = random.chance(0.5)
    ? ["words", wordLines(random)] as const
    : ["names", nameLines(random)] as const;
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

function wordLines(random: Random): string[] {
  const words = random.sample(WORDS, random.integer(4, 48));
  const perLine = random.integer(4, 16);
  return Array.from(
    { length: Math.ceil(words.length / perLine) },
    (_, line) => words.slice(line * perLine, (line + 1) * perLine).join(" "),
  );
}

function nameLines(random: Random): string[] {
  return Array.from({ length: random.integer(2, 9) }, () => {
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
  switch (random.integer(0, 5)) {
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

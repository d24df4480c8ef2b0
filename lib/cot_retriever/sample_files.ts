/** Rows on disk, with a card that says what they are. */
import { readJsonl, writeFilesTogether } from "../files/mod.ts";
import type { Tokenizer } from "../tokenizer/mod.ts";
import { retrieverExample } from "./examples.ts";
import { foundIn, type RetrieverSample, retrieverSample } from "./samples.ts";

/** What rows are like. */
export interface SampleStatistics {
  rows: number;
  /** Rows by who wrote them. */
  writers: Record<string, number>;
  searchesPerRow: number;
  pagesPerSearch: number;
  /** Of all pages that were found, the share that is noise; null where nobody knows. */
  noiseShare: number | null;
  /** Rows in which something is noise, as a share; null where nobody knows. */
  rowsWithNoise: number | null;
  /** Tokens of a row: of the whole, of what is learned and of what was found. */
  tokens: { mean: number; longest: number; learned: number; found: number };
}

/**
 * Counts what is in rows.
 *
 * @throws {RangeError} When there are none.
 */
export function sampleStatistics(samples: readonly RetrieverSample[], tokenizer: Tokenizer): SampleStatistics {
  if (samples.length === 0) throw new RangeError("there are no rows: expected at least one");
  const searches = samples.flatMap(({ parts }) => parts.filter((part) => "found" in part));
  const judged = samples.filter(({ noise }) => noise !== null);
  const noise = judged.reduce((sum, sample) => sum + sample.noise!.length, 0);
  const pages = (rows: readonly RetrieverSample[]) => rows.reduce((sum, { parts }) => sum + foundIn(parts).length, 0);
  const examples = samples.map((sample) => retrieverExample(sample, tokenizer));
  const lengths = examples.map(({ ids }) => ids.length);
  const learned = examples.map(({ lossMask }) => lossMask.filter(Boolean).length);
  const found = examples.map(({ lossMask }) =>
    lossMask.length - lossMask.indexOf(true) - lossMask.filter(Boolean).length
  );
  const writers = Map.groupBy(samples, ({ writer }) => writer);
  return {
    rows: samples.length,
    writers: Object.fromEntries([...writers].map(([writer, rows]) => [writer, rows.length])),
    searchesPerRow: searches.length / samples.length,
    pagesPerSearch: pages(samples) / Math.max(1, searches.length),
    noiseShare: judged.length === 0 ? null : noise / Math.max(1, pages(judged)),
    rowsWithNoise: judged.length === 0 ? null : judged.filter(({ noise }) => noise!.length > 0).length / judged.length,
    tokens: { mean: mean(lengths), longest: Math.max(...lengths), learned: mean(learned), found: mean(found) },
  };
}

/** What a card says besides the numbers. */
export interface SampleCard {
  /** How the rows were made, a sentence or two. */
  origin: string;
  /** What of it was dropped, by why. */
  dropped?: Readonly<Record<string, number>>;
}

/**
 * Writes `samples.jsonl`, a row a line, and `README.md`, which says what they are, what is in them, how they were checked and under
 * which terms they may be used. All of it or nothing.
 */
export async function writeSamples(
  folder: string,
  samples: readonly RetrieverSample[],
  { origin, dropped = {} }: SampleCard,
  tokenizer: Tokenizer,
): Promise<SampleStatistics> {
  const statistics = sampleStatistics(samples, tokenizer);
  const rows = samples.map((sample) => `${JSON.stringify(sample)}\n`).join("");
  await writeFilesTogether(folder, async (path) => {
    await Deno.writeTextFile(`${path}/samples.jsonl`, rows);
    await Deno.writeTextFile(`${path}/README.md`, cardText(statistics, origin, dropped));
  });
  return statistics;
}

/**
 * Reads rows that `writeSamples` or `endpointSamples` wrote.
 *
 * @throws {JsonlError} naming the line that is no row
 */
export async function readSamples(path: string): Promise<RetrieverSample[]> {
  return (await readJsonl(path, retrieverSample)).rows;
}

function cardText(
  { rows, writers, searchesPerRow, pagesPerSearch, noiseShare, rowsWithNoise, tokens }: SampleStatistics,
  origin: string,
  dropped: Readonly<Record<string, number>>,
): string {
  const percent = (share: number | null) => share === null ? "unknown" : `${(100 * share).toFixed(1)}%`;
  const lost = Object.entries(dropped).filter(([, count]) => count > 0).map(([why, count]) => `${count} ${why}`);
  const numbers: [string, string | number][] = [
    ["rows", rows],
    ["written by", Object.entries(writers).map(([writer, count]) => `${writer} (${count})`).join(", ")],
    ["dropped", lost.join(", ") || "none"],
    ["searches per row", searchesPerRow.toFixed(2)],
    ["pages per search", pagesPerSearch.toFixed(2)],
    ["noise among the pages", percent(noiseShare)],
    ["rows with noise", percent(rowsWithNoise)],
    ["tokens per row, mean / longest", `${tokens.mean.toFixed(0)} / ${tokens.longest}`],
    ["of them learned / found", `${tokens.learned.toFixed(0)} / ${tokens.found.toFixed(0)}`],
  ];
  return `# Searching while thinking

${origin}

| | |
| --- | --- |
${numbers.map(([name, value]) => `| ${name} | ${value} |`).join("\n")}

A row of \`samples.jsonl\` is a question, its right answer, who wrote the row, and its \`parts\`: by turns what was \`written\` and what a
search \`found\`. Only what was written is to be learned; what was found is read. \`noise\` lists the addresses of pages that do not help.

Every row was checked: its tags; the answer is the right one; it rests on pages that were found and that say it; no noise is used, and
every page that is left out is named with the reason.

Things, people and pages are invented. Rows that a provider's model has written are under that provider's terms, which may forbid
training other models with them; those of the generator are under the license of this project.
`;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

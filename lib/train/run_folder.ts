/** The folder of one run, `outputs/<name>-001`: what went in, what was measured, and what came out. */
import { type JsonlWriter, jsonlWriter, writeFileAtomic } from "../files/mod.ts";
import type { Rollout } from "./rollout.ts";
import type { Metrics } from "./step.ts";

/** What a model card says about a run. */
export interface RunCard {
  title: string;
  /** The model that was trained: a hub id or a folder. */
  baseModel: string;
  /** One paragraph: what was done. */
  summary: string;
  /** Rows of the table of results. */
  results: readonly { measure: string; before: string; after: string }[];
  /** Further sections, in their order. */
  sections?: readonly { heading: string; text: string }[];
}

/** An open run. Every file is whole at any moment: rows are appended and flushed, other files are renamed into place. */
export interface RunFolder {
  /** The folder's path. */
  readonly path: string;
  /** Appends a line to metrics.jsonl. */
  logMetrics(step: number, metrics: Metrics): Promise<void>;
  /** Appends completions to completions.jsonl. */
  logCompletions(step: number, rollouts: readonly Rollout[]): Promise<void>;
  /** Writes a text or binary file into the folder. */
  write(name: string, data: string | Uint8Array): Promise<void>;
  /** Writes README.md, the model card. */
  writeCard(card: RunCard): Promise<void>;
  /** Flushes and closes the logs. */
  close(): Promise<void>;
}

/**
 * Makes the folder of a new run with the next free number and writes its parameters.json.
 *
 * @param options.outputs Where runs live; default `outputs`.
 */
export async function createRun(
  name: string,
  parameters: Record<string, unknown>,
  options: { outputs?: string } = {},
): Promise<RunFolder> {
  if (!/^[a-z0-9][a-z0-9_-]*$/.test(name)) {
    throw new Error(`run name "${name}": expected lower-case letters, digits, "-" and "_"`);
  }
  const { outputs = "outputs" } = options;
  const path = await nextFolder(outputs, name);
  await writeFileAtomic(`${path}/parameters.json`, JSON.stringify(parameters, null, 2) + "\n");
  const logs = new Map<string, JsonlWriter>();
  const log = async (file: string, rows: readonly unknown[]) => {
    let writer = logs.get(file);
    if (!writer) logs.set(file, writer = await jsonlWriter(`${path}/${file}`));
    for (const row of rows) await writer.write(row);
  };
  return {
    path,
    logMetrics: (step, metrics) => log("metrics.jsonl", [{ step, ...metrics }]),
    logCompletions: (step, rollouts) =>
      log(
        "completions.jsonl",
        rollouts.map(({ prompt, completion, rewards, reward, advantage, terminated }) => ({
          step,
          prompt,
          completion,
          rewards,
          reward,
          advantage,
          terminated,
        })),
      ),
    write: (file, data) => writeFileAtomic(`${path}/${file}`, data),
    writeCard: (card) => writeFileAtomic(`${path}/README.md`, renderCard(card)),
    async close() {
      for (const writer of logs.values()) await writer.close();
      logs.clear();
    },
  };
}

/** Takes the next number by making its folder: two runs started together get different ones. */
async function nextFolder(outputs: string, name: string): Promise<string> {
  await Deno.mkdir(outputs, { recursive: true });
  let highest = 0;
  for await (const { name: existing } of Deno.readDir(outputs)) {
    const number = existing.startsWith(`${name}-`) ? existing.slice(name.length + 1) : "";
    if (/^\d+$/.test(number)) highest = Math.max(highest, Number(number));
  }
  for (let number = highest + 1;; number++) {
    const path = `${outputs}/${name}-${String(number).padStart(3, "0")}`;
    try {
      await Deno.mkdir(path);
      return path;
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  }
}

/** A model card in the hub's form: a YAML head for its search, then Markdown. */
function renderCard({ title, baseModel, summary, results, sections = [] }: RunCard): string {
  const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("\n", " ");
  const lines = [
    "---",
    `base_model: ${JSON.stringify(baseModel)}`,
    "library_name: peft",
    "pipeline_tag: text-generation",
    "tags: [kiln, lora]",
    "---",
    "",
    `# ${title}`,
    "",
    summary,
    "",
    "| measure | before | after |",
    "| --- | --- | --- |",
    ...results.map(({ measure, before, after }) => `| ${cell(measure)} | ${cell(before)} | ${cell(after)} |`),
    "",
    ...sections.flatMap(({ heading, text }) => [`## ${heading}`, "", text, ""]),
  ];
  return lines.join("\n");
}

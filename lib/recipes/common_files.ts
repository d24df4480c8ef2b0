/** Files that all recipes have. */
import { type Facts } from "./facts.ts";
import { fieldsOf, type Json, type Mapping } from "./mapping.ts";
import { mappingPage } from "./mapping_page.ts";
import type { RecordedRun } from "./read_run.ts";

/** A recipe's files by their paths in its folder. */
export type RecipeFiles = Map<string, string | Uint8Array>;

/** Adds `MAPPING.md` and `mapping.json`. */
export function addMapping(files: RecipeFiles, mapping: Mapping): void {
  files.set("MAPPING.md", mappingPage(mapping));
  files.set("mapping.json", toJson(mapping));
}

/** What a README says of a recipe. */
export interface Readme {
  title: string;
  run: RecordedRun;
  facts: Facts;
  mapping: Mapping;
  install: string;
  launch: string;
  /** More commands or remarks, in their order. */
  notes: readonly string[];
  data: string;
  /** Where the adapter or the weights are afterwards. */
  result: string;
}

/** Renders README.md. */
export function recipeReadme(readme: Readme): string {
  const { title, run, facts, mapping, install, launch, notes, data, result } = readme;
  const { batch, record } = facts;
  const matters = mapping.options.filter((row) => row.matters);
  const isAdapter = record.adapter !== null;
  const local = /^[/.~]|^[A-Za-z]:/.test(facts.model);
  return [
    `# ${title}`,
    "",
    `The run \`${folderName(run.path)}\` of Kiln (${run.method.toUpperCase()}, ${
      counted(record.totalSteps, "optimizer step")
    } of ${batch.global} rows) as ` +
    `a recipe for ${mapping.tool} ${mapping.version} on ${counted(batch.gpus, "GPU")}.`,
    "",
    "```sh",
    install,
    launch,
    "```",
    "",
    ...notes.map((note) => `- ${note}`),
    ...local
      ? [
        `- The model is the folder ${facts.model} of the machine that wrote this: bring it along, and write its new place, ` +
        `or a hub id, into ${fieldsWith(mapping, facts.model)} (\`--model\` of \`deno task recipe\` does so).`,
      ]
      : [],
    `- Data${sourceOf(run)}: ${data}`,
    `- ${result} ` +
    (isAdapter
      ? "Kiln loads it: `await loadAdapter(model, folder)`, or `deno task serve --adapter name=folder`."
      : "Kiln loads it: `await loadModel(folder, { engine })`."),
    "- Each option of the run is in [MAPPING.md](MAPPING.md): said by a field, implied, or not said there.",
    "",
    ...matters.length === 0 ? ["Nothing that decides the curve is lost, but random draws and rounding differ."] : [
      "What will be different, besides random draws and rounding:",
      "",
      ...matters.map(({ option, note }) => `- ${option}: ${note}`),
    ],
    "",
  ].join("\n");
}

/** The fields that have a value, as Markdown. */
function fieldsWith(mapping: Mapping, wanted: Json): string {
  return Object.entries(fieldsOf(mapping)).filter(([, value]) => value === wanted).map(([name]) => `\`${name}\``)
    .join(" and ");
}

/** Where rows are from that are not the library's own. */
function sourceOf({ parameters: { dataset } }: RecordedRun): string {
  return typeof dataset === "string" && dataset !== "generated" ? ` (from ${dataset})` : "";
}

/** A number with what it counts. */
function counted(count: number, what: string): string {
  return `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;
}

/** The last part of a path. */
export function folderName(path: string): string {
  return path.replace(/[/\\]+$/, "").split(/[/\\]/).at(-1)!;
}

/** JSON with two spaces and a line end. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, null, 2) + "\n";
}

/** JSON Lines. */
export function toJsonl(rows: readonly Readonly<Record<string, Json>>[]): string {
  return rows.map((row) => JSON.stringify(row) + "\n").join("");
}

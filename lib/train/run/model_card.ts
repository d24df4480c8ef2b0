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

/**
 * A model card in the hub's form: a YAML head for its search, then Markdown.
 *
 * @param baseId The base model's name on the hub. Where it has none it stands in the text alone: the hub refuses cards whose head
 *   names a folder.
 */
export function renderCard({ title, baseModel, summary, results, sections = [] }: RunCard, baseId?: string): string {
  const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("\n", " ");
  const lines = [
    "---",
    ...(baseId === undefined ? [] : [`base_model: ${baseId}`]),
    "library_name: peft",
    "pipeline_tag: text-generation",
    "tags: [kiln, lora]",
    "---",
    "",
    `# ${title}`,
    "",
    summary,
    "",
    ...(baseId === undefined ? [`Base model: \`${baseModel}\`, a folder.`, ""] : []),
    "| measure | before | after |",
    "| --- | --- | --- |",
    ...results.map(({ measure, before, after }) => `| ${cell(measure)} | ${cell(before)} | ${cell(after)} |`),
    "",
    ...sections.flatMap(({ heading, text }) => [`## ${heading}`, "", text, ""]),
  ];
  return lines.join("\n");
}

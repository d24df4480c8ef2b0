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

/** A model card in the hub's form: a YAML head for its search, then Markdown. */
export function renderCard({ title, baseModel, summary, results, sections = [] }: RunCard): string {
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

/** MAPPING.md: what became of each option. */
import type { Json, MappedOption, Mapping } from "./mapping.ts";

/** Renders the three lists, what matters first. */
export function mappingPage({ tool, version, method, options, added }: Mapping): string {
  const of = (status: MappedOption["status"]) => options.filter((row) => row.status === status);
  const unmapped = of("unmapped").sort((a, b) => Number(b.matters) - Number(a.matters));
  return [
    `# ${method.toUpperCase()} in ${tool} ${version}: each option of the run`,
    "",
    ...section(
      "Not said there",
      ["option", "here", "nearest", "why"],
      unmapped.map((row) => [
        row.matters ? `**${row.option}**` : row.option,
        code(row.value),
        fieldList(row),
        row.note,
      ]),
    ),
    options.some(({ matters }) => matters) ? "Those in bold, here and below, change what is learned.\n" : "",
    ...section(
      "Said by fields",
      ["option", "here", "there", "note"],
      of("mapped").map((row) => [
        row.matters ? `**${row.option}**` : row.option,
        code(row.value),
        fieldList(row),
        row.note,
      ]),
    ),
    ...section(
      "Implied",
      ["option", "here", "why no field says it"],
      of("implied").map((row) => [
        row.option,
        code(row.value),
        row.note,
      ]),
    ),
    ...section(
      "Set besides",
      ["field", "value", "why"],
      added.map(({ field, value, why }) => [
        field,
        code(value),
        why,
      ]),
    ),
  ].join("\n");
}

function section(title: string, head: string[], rows: string[][]): string[] {
  if (rows.length === 0) return [`## ${title}`, "", "None.", ""];
  const line = (cells: string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
  return [`## ${title}`, "", line(head), line(head.map(() => "---")), ...rows.map(line), ""];
}

function fieldList({ fields }: MappedOption): string {
  return Object.entries(fields).map(([name, value]) => `${name} ${code(value) || "`null`"}`).join("<br>");
}

function code(value: Json): string {
  const text = JSON.stringify(value);
  return text === "null" ? "" : `\`${text.length > 80 ? text.slice(0, 77) + "..." : text}\``;
}

/** A table in Markdown; the first row's keys are its heads. */
export function markdownTable(rows: readonly Readonly<Record<string, string>>[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const heads = Object.keys(rows[0]);
  return [line(heads), line(heads.map(() => "---")), ...rows.map((row) => line(heads.map((head) => row[head])))]
    .join("\n");
}

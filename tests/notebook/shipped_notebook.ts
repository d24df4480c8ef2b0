/** A notebook that ships, run at smoke size as CI does, with parameters of one's own. */
import { dirname, relative } from "node:path";
import { findNotebook } from "../../lib/notebook/find_notebook.ts";
import type { Output } from "../../lib/notebook/nbformat.ts";
import { runNotebook } from "../../lib/notebook/run.ts";

type Parameters = Record<string, string | number | boolean>;

export interface ShippedNotebook {
  /** A path as a parameter has it: from the notebook's folder. */
  fromNotebook(path: string): string;
  /** Runs it; gives what its cells show, as text. Rejects as `runNotebook` does. */
  smoke(parameters: Parameters): Promise<string>;
}

/** @param number Such as "09". */
export async function shippedNotebook(number: string): Promise<ShippedNotebook> {
  const path = await findNotebook(number);
  return {
    fromNotebook: (file) => relative(dirname(path), file),
    async smoke(parameters) {
      const { cells } = await runNotebook({ path, size: "smoke", parameters });
      return cells.flatMap((cell) => cell.cell_type === "code" ? cell.outputs.map(textOf) : []).join("\n");
    },
  };
}

function textOf(output: Output): string {
  if (output.output_type === "stream") return output.text;
  return "data" in output ? String(output.data["text/plain"] ?? "") : "";
}

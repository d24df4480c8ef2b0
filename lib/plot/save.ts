import { writeFileAtomic } from "../files/mod.ts";
import { type PngOptions, toPng } from "./png.ts";
import type { SvgString } from "./svg.ts";

/** Paths of a chart on disk. */
export interface SavedChart {
  svgPath: string;
  pngPath: string;
}

/**
 * Writes a chart as `PATH.svg` and `PATH.png`, each in one move, so that a viewer never reads half a file. The folder
 * is created when absent.
 *
 * ```ts
 * await saveChart(lossCurve(rows), "outputs/sft-001/charts/loss");
 * ```
 *
 * @param path such as "outputs/run-1/charts/reward"; an ending ".svg" or ".png" is left out
 * @throws {TypeError} when the first argument is no SVG
 * @throws {DiskFullError} when the disk is full; what stood there before stays
 */
export async function saveChart(
  svg: SvgString,
  path: string,
  options: PngOptions = {},
): Promise<SavedChart> {
  // Both arguments are texts, so that the compiler lets them be swapped.
  if (!svg.trimStart().startsWith("<")) {
    throw new TypeError(`saveChart: expected an SVG and then a path, got ${JSON.stringify(svg.slice(0, 60))} first`);
  }
  const name = path.replace(/\.(svg|png)$/i, "");
  const saved = { svgPath: `${name}.svg`, pngPath: `${name}.png` };
  const png = toPng(svg, options);
  await writeFileAtomic(saved.svgPath, svg);
  await writeFileAtomic(saved.pngPath, png);
  return saved;
}

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
 * @param pathWithoutExtension such as "outputs/run-1/charts/reward"
 * @throws {DiskFullError} when the disk is full; what stood there before stays
 */
export async function saveChart(
  svg: SvgString,
  pathWithoutExtension: string,
  options: PngOptions = {},
): Promise<SavedChart> {
  const saved = { svgPath: `${pathWithoutExtension}.svg`, pngPath: `${pathWithoutExtension}.png` };
  const png = toPng(svg, options);
  await writeFileAtomic(saved.svgPath, svg);
  await writeFileAtomic(saved.pngPath, png);
  return saved;
}

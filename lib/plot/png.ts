import { Resvg } from "@resvg/resvg-js";
import { fontPaths } from "./font.ts";
import type { SvgString } from "./svg.ts";

/** Size of the picture: its width in pixels, or a factor on the drawing's own size. */
export interface PngOptions {
  width?: number;
  /** Default 2, sharp on screens of high density. */
  scale?: number;
}

/** Letters that DejaVu does not hold; only for these the machine's own fonts are looked through. */
const NEEDS_SYSTEM_FONTS =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}]/u;

/**
 * Renders an SVG as PNG with the shipped font, so that the picture is the same on every machine. Ideographs and emoji,
 * which that font lacks, come from the machine's fonts if it has any.
 *
 * ```ts
 * await Deno.writeFile("loss.png", toPng(lossCurve(rows), { scale: 2 }));
 * ```
 *
 * @throws {RangeError} when width or scale is not positive
 * @throws {Error} when the SVG is not well-formed
 */
export function toPng(svg: SvgString, options: PngOptions = {}): Uint8Array {
  const { width, scale = 2 } = options;
  if (!((width ?? scale) > 0)) {
    throw new RangeError(`toPng needs a positive width or scale, got ${JSON.stringify(options)}.`);
  }
  const picture = new Resvg(svg, {
    fitTo: width === undefined ? { mode: "zoom", value: scale } : { mode: "width", value: Math.round(width) },
    font: {
      fontFiles: [...fontPaths],
      loadSystemFonts: NEEDS_SYSTEM_FONTS.test(svg),
      defaultFontFamily: "DejaVu Sans",
      sansSerifFamily: "DejaVu Sans",
    },
  });
  return new Uint8Array(picture.render().asPng());
}

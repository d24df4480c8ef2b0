// The import makes Deno fetch the package: without it `import.meta.resolve` names a file that is not there.
import "dejavu-fonts-ttf/package.json" with { type: "json" };
import { fileURLToPath } from "node:url";

/** Weights that are shipped. */
export type FontWeight = "normal" | "bold";

const fontFiles: Record<FontWeight, string> = {
  normal: fileURLToPath(import.meta.resolve("dejavu-fonts-ttf/ttf/DejaVuSans.ttf")),
  bold: fileURLToPath(import.meta.resolve("dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf")),
};

/** Paths of the shipped font files: the PNG renderer drops text silently when it has no font. */
export const fontPaths: readonly string[] = Object.values(fontFiles);

interface FontWidths {
  /** Width of a character in units of the font size; undefined where the font has no glyph. */
  of(codePoint: number): number | undefined;
}

const loaded = new Map<FontWeight, FontWidths>();

/**
 * Width of a character as a multiple of the font size, or undefined when the shipped font cannot draw it.
 */
export function characterWidth(codePoint: number, weight: FontWeight): number | undefined {
  let widths = loaded.get(weight);
  if (!widths) {
    widths = readWidths(Deno.readFileSync(fontFiles[weight]));
    loaded.set(weight, widths);
  }
  return widths.of(codePoint);
}

/**
 * Reads the advance widths of a TrueType font: table `cmap` (format 12) maps characters to glyphs, `hmtx` holds the
 * width of a glyph. Tables as in the OpenType specification, version 1.9.
 */
function readWidths(bytes: Uint8Array): FontWidths {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const table = (tag: string): number => {
    for (let i = 0; i < view.getUint16(4); i++) {
      const record = 12 + 16 * i;
      if (String.fromCharCode(...bytes.subarray(record, record + 4)) === tag) return view.getUint32(record + 8);
    }
    throw new Error(`The font has no table "${tag}"; reinstall dejavu-fonts-ttf.`);
  };
  const unitsPerEm = view.getUint16(table("head") + 18);
  const metricCount = view.getUint16(table("hhea") + 34);
  const hmtx = table("hmtx");
  const groups = format12(view, table("cmap"));
  return {
    of(codePoint) {
      for (let offset = groups.start; offset < groups.end; offset += 12) {
        if (codePoint > view.getUint32(offset + 4)) continue;
        const first = view.getUint32(offset);
        if (codePoint < first) return undefined;
        const glyph = view.getUint32(offset + 8) + codePoint - first;
        return view.getUint16(hmtx + 4 * Math.min(glyph, metricCount - 1)) / unitsPerEm;
      }
      return undefined;
    },
  };
}

/** Byte range of the sorted groups (first character, last character, first glyph) of the format 12 subtable. */
function format12(view: DataView, cmap: number): { start: number; end: number } {
  for (let i = 0; i < view.getUint16(cmap + 2); i++) {
    const subtable = cmap + view.getUint32(cmap + 4 + 8 * i + 4);
    if (view.getUint16(subtable) !== 12) continue;
    const start = subtable + 16;
    return { start, end: start + 12 * view.getUint32(subtable + 12) };
  }
  throw new Error(`The font has no character map of format 12; reinstall dejavu-fonts-ttf.`);
}

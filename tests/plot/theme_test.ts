import assert from "node:assert/strict";
import { seriesColor, seriesDash, theme } from "../../lib/plot/theme.ts";

type Rgb = [number, number, number];

const linear = (hex: string): Rgb =>
  [1, 3, 5].map((at) => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as Rgb;

/**
 * Full dichromacy in linear RGB: Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of
 * Color Vision Deficiency" (2009).
 */
const visions: Record<string, number[][]> = {
  normal: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

/** Oklab (Ottosson 2020), where equal distances look about equally different. */
function oklab([r, g, b]: Rgb): Rgb {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

Deno.test("theme.series stay apart for readers with any colour vision", () => {
  for (const [vision, matrix] of Object.entries(visions)) {
    const seen = theme.series.map((hex) => {
      const rgb = linear(hex);
      return oklab(matrix.map((row) => row.reduce((sum, weight, i) => sum + weight * rgb[i], 0)) as Rgb);
    });
    for (let i = 0; i < seen.length; i++) {
      for (let j = 0; j < i; j++) {
        const distance = Math.hypot(...seen[i].map((value, axis) => value - seen[j][axis]));
        // The first four, which most charts use, must differ clearly; the rest at least visibly.
        const wanted = i < 4 ? 0.1 : 0.075;
        assert.ok(
          distance >= wanted,
          `${vision}: ${theme.series[i]} and ${theme.series[j]} are ${distance.toFixed(3)} apart`,
        );
      }
    }
  }
});

Deno.test("theme colours have the contrast that WCAG asks of lines (3) and text (4.5) on white", () => {
  const contrast = (hex: string) => {
    const [r, g, b] = linear(hex);
    return 1.05 / (0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05);
  };
  for (const hex of theme.series) assert.ok(contrast(hex) >= 3, `${hex} has ${contrast(hex).toFixed(2)}`);
  for (const hex of [theme.colors.ink, theme.colors.muted]) assert.ok(contrast(hex) >= 4.5, hex);
});

Deno.test("seriesColor() and seriesDash() tell the ninth series from the first", () => {
  assert.equal(seriesColor(8), seriesColor(0));
  assert.notEqual(seriesDash(8), seriesDash(0));
});

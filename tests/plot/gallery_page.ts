import { escapeXml } from "../../lib/plot/svg.ts";
import { gallery, type GalleryChart } from "./gallery.ts";

/**
 * The page of all drawings: each with a caption and the code that makes it, links relative to the page.
 *
 * @param source text of gallery.ts, from which the code is quoted so that it is always the code that ran
 */
export function galleryPage(source: string): string {
  const sections = gallery.map(({ heading, charts }) => `
<h2>${escapeXml(heading)}</h2>
${charts.map((chart) => figure(chart, codeOf(source, chart.name))).join("\n")}`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Charts of Kiln</title>
<style>
body { font: 15px/1.5 "DejaVu Sans", Verdana, sans-serif; color: #1d2433; margin: 2rem auto; max-width: 1240px; padding: 0 1rem; }
figure { margin: 0 0 2.5rem; }
img { max-width: 100%; height: auto; border: 1px solid #dfe3e9; border-radius: 4px; }
figcaption { margin: 0.4rem 0; }
pre { background: #f3f5f8; padding: 0.6rem 0.8rem; overflow-x: auto; font-size: 13px; margin: 0; border-radius: 4px; }
</style>
</head>
<body>
<h1>Charts of Kiln</h1>
<p>Every kind of chart that <code>lib/plot</code> draws, made by <code>tests/plot/gallery_test.ts</code> and compared by it with what
is committed here. The numbers are made up by <code>tests/plot/gallery_data.ts</code>, where each name in the code below is defined.</p>
${sections.join("\n")}
</body>
</html>
`;
}

/** The expression that draws a chart, as it stands in the source, without its indentation. */
export function codeOf(source: string, name: string): string {
  const entry = source.indexOf(`name: "${name}",`);
  const start = source.indexOf("draw: () =>", entry) + "draw: () =>".length;
  if (entry < 0 || start < entry) throw new Error(`gallery.ts has no chart "${name}" with a draw function.`);
  let depth = 0;
  let quote = "";
  let end = start;
  for (; end < source.length; end++) {
    const character = source[end];
    if (quote) {
      if (character === quote) quote = "";
    } else if (`"'\``.includes(character)) quote = character;
    else if ("([{".includes(character)) depth++;
    else if (")]}".includes(character) && --depth < 0) break;
    else if (character === "," && depth === 0) break;
  }
  const lines = source.slice(start, end).replace(/^\n/, "").trimEnd().split("\n");
  const rest = lines[0].startsWith(" ") && lines.length > 1 && !/^\s{2}/.test(lines[0]) ? lines.slice(1) : lines;
  const indentation = Math.min(...rest.filter((line) => line.trim()).map((line) => line.search(/\S/)));
  return lines.map((line, i) => rest === lines || i > 0 ? line.slice(indentation) : line.trim()).join("\n");
}

function figure({ name, caption, png }: GalleryChart, code: string): string {
  const picture = png ? ` (<a href="${name}.png">PNG</a>)` : "";
  return `<figure id="${name}">
<a href="${name}.svg"><img src="${name}.svg" alt="${escapeXml(caption)}" loading="lazy"></a>
<figcaption>${escapeXml(caption)}${picture}</figcaption>
<pre><code>${escapeXml(code)}</code></pre>
</figure>`;
}

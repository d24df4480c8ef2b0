/**
 * Showing things in a notebook cell, and in a plain terminal where there is no cell.
 *
 * Every output carries text/html for the notebook and text/plain for whoever reads along without one.
 */

import { type Html, html, trustedMarkup } from "./html.ts";
import { tableHtml, type TableOptions, type TableRow, tableText } from "./table.ts";

/** The two forms of one output. */
type Shown = { html: Html; text: string };

/** True in a Deno kernel. Elsewhere `Deno.jupyter` exists too, but looking at it throws. */
export function insideNotebook(): boolean {
  try {
    return typeof Deno.jupyter.broadcast === "function";
  } catch {
    return false;
  }
}

/** Shows rows as a table. */
export async function showTable(rows: readonly TableRow[], options: TableOptions = {}): Promise<void> {
  await show({ html: tableHtml(rows, options), text: tableText(rows, options) });
}

/**
 * Shows markup made with the `html` template tag, which escapes what is put into it.
 *
 * @param text says the same in plain text
 */
export async function showHtml(markup: Html, text: string): Promise<void> {
  await show({ html: markup, text });
}

/**
 * Shows a chart.
 *
 * @param svg a whole SVG document made by our own code (lib/plot)
 * @param text says in a few words what it shows
 */
export async function showSvg(svg: string, text: string): Promise<void> {
  await show(svgShown(svg, text));
}

/** One output that changes in place. */
export interface LiveDisplay {
  /** Replaces what is shown by a line of text. */
  showText(line: string): Promise<void>;
  /** Replaces what is shown by markup. */
  showHtml(markup: Html, text: string): Promise<void>;
  /** Replaces what is shown by a chart. */
  showSvg(svg: string, text: string): Promise<void>;
  /** Replaces what is shown by a table. */
  showTable(rows: readonly TableRow[], options?: TableOptions): Promise<void>;
}

/**
 * An output that is shown once and then updated in place: a progress line, a chart that grows.
 *
 * Outside a notebook the text is printed instead, each time it changes.
 *
 * @param id names the output in the notebook; default a random one
 *
 * @example
 * ```ts
 * const line = liveDisplay();
 * for await (const step of grpo(options)) await line.showText(`step ${step.step}: reward ${step.reward}`);
 * ```
 */
export function liveDisplay(id: string = crypto.randomUUID()): LiveDisplay {
  let shownBefore = false;
  let lastText: string | undefined;
  const update = async (shown: Shown) => {
    if (!insideNotebook()) {
      if (shown.text !== lastText) console.log(shown.text);
      lastText = shown.text;
      return;
    }
    const messageType = shownBefore ? "update_display_data" : "display_data";
    shownBefore = true;
    await Deno.jupyter.broadcast(messageType, { data: bundle(shown), metadata: {}, transient: { display_id: id } });
  };
  return {
    showText: (line) => update({ html: html`<pre>${line}</pre>`, text: line }),
    showHtml: (markup, text) => update({ html: markup, text }),
    showSvg: (svg, text) => update(svgShown(svg, text)),
    showTable: (rows, options) => update({ html: tableHtml(rows, options), text: tableText(rows, options) }),
  };
}

/**
 * A chart that changes in place, in the form that `liveChart` of lib/plot takes.
 *
 * @param text says in a few words what the chart shows
 */
export function chartDisplay(text: string): { show(svg: string): Promise<void> } {
  const live = liveDisplay();
  return { show: (svg) => live.showSvg(svg, text) };
}

async function show(shown: Shown): Promise<void> {
  if (!insideNotebook()) console.log(shown.text);
  else await Deno.jupyter.broadcast("display_data", { data: bundle(shown), metadata: {}, transient: {} });
}

function bundle({ html, text }: Shown): Record<string, string> {
  return { "text/html": html.toString(), "text/plain": text.toWellFormed() };
}

function svgShown(svg: string, text: string): Shown {
  // A file's XML declaration has no place inside an HTML document.
  const element = svg.replace(/^\s*(<\?xml[^>]*\?>\s*)?(<!DOCTYPE[^>]*>\s*)?/i, "");
  if (!element.startsWith("<svg")) {
    throw new TypeError(`expected an SVG document, got ${JSON.stringify(svg.slice(0, 60))}`);
  }
  return { html: trustedMarkup(element), text };
}

/** HTML that is safe by construction: text put into it is escaped, always. */

/** Markup made by `html` or `trustedMarkup`; only this kind of value is ever put into an output as it is. */
export class Html {
  readonly #markup: string;

  /** Use `html` or `trustedMarkup`. */
  constructor(markup: string) {
    this.#markup = markup;
  }

  /** The markup as text. */
  toString(): string {
    return this.#markup;
  }
}

/** What may stand inside `html`: markup stays, everything else is shown as text. */
export type HtmlValue = Html | string | number | boolean | bigint | null | undefined | readonly HtmlValue[];

/**
 * A template tag for markup with values in it.
 *
 * @example
 * ```ts
 * html`<b>${completion}</b> ${rows.map((row) => html`<i>${row.name}</i>`)}`
 * ```
 */
export function html(strings: TemplateStringsArray, ...values: HtmlValue[]): Html {
  return new Html(strings.reduce((markup, string, i) => markup + render(values[i - 1]) + string));
}

/** Markup that our own code has made, such as a chart; never for text from a model, a data set or a web page. */
export function trustedMarkup(markup: string): Html {
  return new Html(markup);
}

/** Text made safe inside an element or a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.toWellFormed()
    .replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;").replaceAll("'", "&#39;");
}

function render(value: HtmlValue): string {
  if (value instanceof Html) return value.toString();
  if (Array.isArray(value)) return value.map(render).join("");
  return value === null || value === undefined ? "" : escapeHtml(String(value));
}

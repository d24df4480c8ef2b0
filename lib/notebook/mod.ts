/** Notebooks: parameters and outputs for cells, and running notebooks without Jupyter. */

export { insideNotebook, type LiveDisplay, liveDisplay, showHtml, showSvg, showTable } from "./display.ts";
export { Html, html, type HtmlValue, trustedMarkup } from "./html.ts";
export { parameters, ParametersError, type ParameterSizes } from "./parameters.ts";
export { formatSeconds, type ProgressBar, progressBar, type ProgressOptions } from "./progress.ts";
export { type TableOptions, type TableRow } from "./table.ts";

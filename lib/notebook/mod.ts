/** Notebooks: parameters and outputs for cells; running and checking notebooks without Jupyter. */

export { checkNotebooks, formatProblem, type Problem } from "./check.ts";
export {
  chartDisplay,
  insideNotebook,
  type LiveDisplay,
  liveDisplay,
  showHtml,
  showSvg,
  showTable,
} from "./display.ts";
export { Html, html, type HtmlValue, trustedMarkup } from "./html.ts";
export { DenoKernel, KernelDiedError, type KernelOptions } from "./kernel.ts";
export { type Notebook, NotebookFormatError, type Output, readNotebook, writeNotebook } from "./nbformat.ts";
export { parameters, ParametersError, type ParameterSizes } from "./parameters.ts";
export { formatBytes, peakMemory } from "./peak_memory.ts";
export { formatSeconds, type ProgressBar, progressBar, type ProgressOptions } from "./progress.ts";
export { CellError, type CellPlace, CellTimeoutError, type RunEvent, runNotebook, type RunOptions } from "./run.ts";
export { type TableOptions, type TableRow, tableText } from "./table.ts";
export { type ProgressStep, type TrainingProgressOptions, withProgress } from "./training_progress.ts";

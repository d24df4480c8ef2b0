/** Promises of pdf.js that fail when nobody waits for them any more. */

let absorbing = false;

/**
 * In damaged files pdf.js reads ahead, and what fails there after the page has been given up would end the whole
 * process as an unhandled rejection. From the first PDF on such rejections are absorbed: those whose errors were made inside
 * pdf.js, and no others.
 */
export function absorbPdfRejections(): void {
  if (absorbing) return;
  absorbing = true;
  globalThis.addEventListener("unhandledrejection", (event) => {
    if (isFromPdf(event.reason)) event.preventDefault();
  });
}

/** Whether an error was made inside pdf.js, as its stack tells. */
export function isFromPdf(reason: unknown): boolean {
  return reason instanceof Error && /[\\/]unpdf[\\/].*pdfjs\.mjs/.test(reason.stack ?? "");
}

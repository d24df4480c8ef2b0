import assert from "node:assert/strict";
import { getResolvedPDFJS } from "unpdf";
import { absorbPdfRejections, isFromPdf } from "../../../lib/retrieval/documents/pdf_rejections.ts";

Deno.test("absorbPdfRejections() absorbs what pdf.js leaves behind, and nothing else", async () => {
  const { InvalidPDFException } = await getResolvedPDFJS();
  assert.ok(isFromPdf(new InvalidPDFException("damaged")));
  assert.ok(!isFromPdf(new Error("someone else's")));
  assert.ok(!isFromPdf("pdfjs.mjs"));
  absorbPdfRejections();
  // Nobody waits for this one; without the listener it would end the test run.
  Promise.reject(new InvalidPDFException("damaged"));
  await new Promise((resolve) => setTimeout(resolve, 0));
});

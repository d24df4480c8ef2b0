/** PDF files, by pdf.js without a worker. */
import { getDocumentProxy } from "unpdf";
import { cleanLine } from "./clean_text.ts";
import { pdfBlocks } from "./pdf_blocks.ts";
import { type PdfLine, pdfLines, type PdfTextItem } from "./pdf_lines.ts";
import { absorbPdfRejections } from "./pdf_rejections.ts";
import { assertStreamsFit } from "./pdf_streams.ts";
import { type FoundDocument, nameOf, ReadingError, type ReadingInput, widestHeading } from "./reading.ts";

type Pdf = Awaited<ReturnType<typeof getDocumentProxy>>;

/**
 * The text of a PDF page by page, its paragraphs and headings found from the places and sizes of the lines. Pages that are
 * broken are left out and named in the metadata (`unreadablePages`). Chinese, Japanese and Korean files without their fonts take
 * character maps for granted that are not here: what is set in them is left out, and the maps are named (`missingCharacterMaps`).
 *
 * @throws {ReadingError} when the file is encrypted, broken, without text, or larger than the limits
 */
export async function readPdf(input: ReadingInput): Promise<FoundDocument> {
  assertStreamsFit(input.bytes);
  absorbPdfRejections();
  const missingMaps = new Set<string>();
  const pdf = await open(input.bytes, missingMaps);
  try {
    if (pdf.numPages > input.limits.maxPages) {
      throw new ReadingError(
        "too large",
        `The PDF has ${pdf.numPages} pages, more than the ${input.limits.maxPages} of maxPages. Split it, or raise maxPages.`,
      );
    }
    const { info, unreadablePages, pages } = await readPages(pdf, input);
    const blocks = pdfBlocks(pages);
    if (blocks.length === 0 && missingMaps.size > 0) {
      throw new ReadingError(
        "unsupported",
        `The text of the PDF is set in ${[...missingMaps].join(", ")}, which the file does not hold. ` +
          "Save it with its fonts embedded, for instance by printing it to PDF.",
      );
    }
    if (blocks.length === 0) {
      throw new ReadingError(
        "empty",
        "The PDF has no text: it is probably a scan. Run a text recognition over it first, for instance ocrmypdf.",
      );
    }
    return {
      title: titleOf(info.Title) || widestHeading(blocks) || nameOf(input.source),
      blocks,
      metadata: {
        author: toldOf(info.Author),
        subject: toldOf(info.Subject),
        keywords: toldOf(info.Keywords),
        language: info.Language ?? "",
        created: dateOf(info.CreationDate),
        unreadablePages: unreadablePages.join(", "),
        missingCharacterMaps: [...missingMaps].join(", "),
      },
    };
  } finally {
    await pdf.loadingTask.destroy();
  }
}

async function open(bytes: Uint8Array, missingMaps: Set<string>): Promise<Pdf> {
  // unpdf has none of pdf.js's tables. Without this pdf.js leaves the text out and says nothing.
  class NoTables {
    fetch({ kind, filename }: { kind: string; filename: string }): Promise<Uint8Array> {
      if (kind === "cMapUrl") missingMaps.add(filename.replace(/\.bcmap$/, ""));
      return Promise.reject(new Error(`there is no ${filename}`));
    }
  }
  try {
    // pdf.js keeps what it is given, so it gets a copy.
    return await getDocumentProxy(bytes.slice(), { enableXfa: false, verbosity: 0, BinaryDataFactory: NoTables });
  } catch (error) {
    if (error instanceof Error && error.name === "PasswordException") {
      throw new ReadingError(
        "encrypted",
        "The PDF opens with a password only. Save a copy without one, for instance with qpdf --decrypt.",
      );
    }
    throw new ReadingError(
      "broken",
      `The PDF is damaged (${error instanceof Error ? error.message : error}). Open it in a viewer and save it anew.`,
      { cause: error },
    );
  }
}

interface Pages {
  pages: PdfLine[][];
  unreadablePages: number[];
  info: Record<string, string | undefined>;
}

async function readPages(pdf: Pdf, { limits, signal }: ReadingInput): Promise<Pages> {
  const pages: PdfLine[][] = [];
  const unreadablePages: number[] = [];
  let left = limits.maxCharacters;
  let problem: unknown;
  for (let number = 1; number <= pdf.numPages; number++) {
    signal?.throwIfAborted();
    try {
      const items = await pageItems(pdf, number);
      left -= items.reduce((sum, item) => sum + item.str.length, 0);
      if (left < 0) {
        throw new ReadingError(
          "too large",
          "The PDF has more text than maxCharacters. Split it, or raise maxCharacters.",
        );
      }
      pages.push(pdfLines(items, number));
    } catch (error) {
      if (error instanceof ReadingError) throw error;
      unreadablePages.push(number);
      problem = error;
    }
  }
  if (pages.length === 0) {
    throw new ReadingError(
      "broken",
      `No page of the PDF can be read (${problem instanceof Error ? problem.message : problem}). ` +
        "Open it in a viewer and save it anew.",
      { cause: problem },
    );
  }
  return { pages, unreadablePages, info: await infoOf(pdf) };
}

const LONGEST_PAGE = 500_000;

/** In pieces as they come, so that a page that draws itself again and again can be left. */
async function pageItems(pdf: Pdf, number: number): Promise<PdfTextItem[]> {
  const page = await pdf.getPage(number);
  const items: PdfTextItem[] = [];
  let characters = 0;
  const reader = page.streamTextContent().getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return items;
      for (const item of value.items) {
        if (!("str" in item)) continue;
        items.push(item);
        characters += item.str.length + 1;
      }
      if (characters > LONGEST_PAGE) {
        throw new ReadingError(
          "too large",
          `Page ${number} draws more than ${
            LONGEST_PAGE.toLocaleString("en")
          } characters, more than anyone could read.`,
        );
      }
    }
  } finally {
    await reader.cancel(new Error("enough")).catch(() => {});
    page.cleanup();
  }
}

async function infoOf(pdf: Pdf): Promise<Record<string, string | undefined>> {
  try {
    const { info } = await pdf.getMetadata();
    return Object.fromEntries(Object.entries(info).filter(([, value]) => typeof value === "string"));
  } catch {
    return {};
  }
}

/** Programs write the name of a file, or of themselves, where nobody has set a title. */
function titleOf(title = ""): string {
  const line = toldOf(title);
  return /^(?:untitled|microsoft |powerpoint|slide 1$|title$)|\.(?:docx?|odt|rtf|tex|dvi|pdf|indd|qxd|pptx?|xlsx?|html?)$/i
      .test(line)
    ? ""
    : line;
}

/** A line of text; nothing where a program says that it was told nothing. */
function toldOf(text = ""): string {
  const line = cleanLine(text);
  return /^\(?(?:anonymous|unspecified|unknown)\)?$/i.test(line) ? "" : line;
}

/** `D:20240131120000Z` as `2024-01-31`. */
function dateOf(date = ""): string {
  const parts = /^(?:D:)?(\d{4})(\d{2})?(\d{2})?/.exec(date);
  return parts === null ? "" : parts.slice(1).filter((part) => part !== undefined).join("-");
}

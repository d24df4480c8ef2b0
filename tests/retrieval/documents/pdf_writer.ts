/** PDFs for tests: a page is lines of text in Helvetica at places. */
import { Buffer } from "node:buffer";
import { deflateSync } from "node:zlib";

export interface PdfTextLine {
  text: string;
  x: number;
  y: number;
  size: number;
}

export interface PdfOptions {
  info?: Record<string, string>;
  compress?: boolean;
}

/** Lines of 11 points from the top of a page on, 14 points apart; an empty one is a gap. */
export function paragraph(lines: string[], top = 760, size = 11): PdfTextLine[] {
  return lines.map((text, index) => ({ text, x: 72, y: top - index * 14, size })).filter(({ text }) => text !== "");
}

/** A PDF of these pages, in WinAnsi characters. */
export function writePdf(pages: PdfTextLine[][], options: PdfOptions = {}): Uint8Array {
  const contents = pages.map((lines) =>
    lines.map(({ text, x, y, size }) => `BT /F1 ${size} Tf 1 0 0 1 ${x} ${y} Tm (${escaped(text)}) Tj ET\n`).join("")
  );
  return writePdfStreams(contents.map((text) => Buffer.from(text, "latin1")), options);
}

/** A PDF whose pages draw these contents. */
export function writePdfStreams(contents: Uint8Array[], { info = {}, compress = false }: PdfOptions = {}): Uint8Array {
  const pageIds = contents.map((_, index) => 5 + 2 * index);
  const objects: Buffer[] = [
    object("<< /Type /Catalog /Pages 2 0 R >>"),
    object(`<< /Type /Pages /Count ${contents.length} /Kids [${pageIds.map((id) => `${id} 0 R`).join(" ")}] >>`),
    object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"),
    object(`<< ${Object.entries(info).map(([key, value]) => `/${key} (${escaped(value)})`).join(" ")} >>`),
    ...contents.flatMap((content, index) => [
      object(
        `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents ${pageIds[index] + 1} 0 R ` +
          "/Resources << /Font << /F1 3 0 R >> >> >>",
      ),
      stream(content, compress),
    ]),
  ];
  const parts: Buffer[] = [Buffer.from("%PDF-1.4\n")];
  const offsets: number[] = [];
  let length = parts[0].length;
  objects.forEach((body, index) => {
    offsets.push(length);
    const part = Buffer.concat([Buffer.from(`${index + 1} 0 obj\n`), body, Buffer.from("\nendobj\n")]);
    parts.push(part);
    length += part.length;
  });
  const entries = offsets.map((offset) => `${String(offset).padStart(10, "0")} 00000 n \n`).join("");
  parts.push(Buffer.from(
    `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${entries}` +
      `trailer << /Size ${objects.length + 1} /Root 1 0 R /Info 4 0 R >>\nstartxref\n${length}\n%%EOF\n`,
  ));
  return new Uint8Array(Buffer.concat(parts));
}

function object(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

function stream(content: Uint8Array, compress: boolean): Buffer {
  const bytes = compress ? deflateSync(content) : content;
  const filter = compress ? " /Filter /FlateDecode" : "";
  return Buffer.concat([
    Buffer.from(`<< /Length ${bytes.length}${filter} >>\nstream\n`),
    bytes,
    Buffer.from("\nendstream"),
  ]);
}

function escaped(text: string): string {
  return text.replace(/[\\()]/g, "\\$&");
}

/** A running notebook as lines on a terminal or in a log. */

import { formatSeconds } from "./progress.ts";
import { CellError, type RunEvent } from "./run.ts";

/** Where and how to report. */
export type ReportOptions = {
  write: (text: string) => void;
  /** Characters in a line of the terminal; undefined where lines cannot be drawn over. */
  columns: number | undefined;
  /** Milliseconds of a steady clock. */
  now?: () => number;
};

/** How often an output that changes in place is shown as a new line, where a line cannot be drawn over. */
const PLAIN_UPDATE_MILLISECONDS = 10_000;

/** Writes what happens in a run: which cell, what it prints, how long it took. */
export class TerminalReport {
  readonly #write: (text: string) => void;
  readonly #columns: number | undefined;
  readonly #now: () => number;
  #atLineStart = true;
  #statusShown = false;
  /** The last text of each output that changes in place, by its id. */
  readonly #live = new Map<string, string>();
  /** The change that is not shown yet, where only some are. */
  #pending: string | undefined;
  #updateShownAt = -Infinity;

  constructor({ write, columns, now = () => performance.now() }: ReportOptions) {
    this.#write = write;
    this.#columns = columns;
    this.#now = now;
  }

  /** Takes the next event of the run. */
  onEvent(event: RunEvent): void {
    switch (event.type) {
      case "cellStarted":
        this.#line(`▶ ${event.cell.number}/${event.cell.total}  ${event.cell.firstLine}`);
        break;
      case "stream":
        this.#text(event.text);
        break;
      case "log":
        this.#text(event.text);
        break;
      case "display":
        this.#display(event.text, event.id, event.update);
        break;
      case "cellFinished":
        this.#showPending();
        this.#line(`✓ ${event.cell.number}/${event.cell.total}  ${formatSeconds(event.seconds)}`);
        break;
      case "cellFailed":
        this.#showPending();
        this.#line(`✗ ${event.cell.number}/${event.cell.total}  ${formatSeconds(event.seconds)}`);
        this.#line(describeError(event.error));
        break;
    }
  }

  #display(text: string, id: string | undefined, update: boolean): void {
    // A chart that grows has the same words each time.
    const before = this.#live.get(id ?? "");
    if (update && before === text) return;
    if (id !== undefined) this.#live.set(id, text);
    if (!update) {
      this.#showPending();
      this.#line(text);
      return;
    }
    const grown = newLines(before ?? "", text);
    grown?.settled.forEach((line) => this.#line(line));
    this.#pending = grown ? grown.last : text.split("\n", 1)[0];
    if (this.#columns !== undefined) this.#drawStatus(this.#pending, this.#columns);
    else if (this.#now() - this.#updateShownAt >= PLAIN_UPDATE_MILLISECONDS) this.#showPending();
  }

  #drawStatus(text: string, columns: number): void {
    if (!this.#atLineStart) this.#write("\n");
    this.#atLineStart = true;
    // A line that wraps could not be drawn over.
    this.#write(`\r\x1b[2K${[...text].slice(0, columns - 1).join("")}`);
    this.#statusShown = true;
  }

  #showPending(): void {
    if (this.#pending === undefined) return;
    this.#line(this.#pending);
    this.#pending = undefined;
    this.#updateShownAt = this.#now();
  }

  #line(text: string): void {
    this.#text(`${this.#atLineStart ? "" : "\n"}${text}\n`);
  }

  #text(text: string): void {
    if (text === "") return;
    if (this.#statusShown) this.#write("\r\x1b[2K");
    this.#statusShown = false;
    this.#write(text);
    this.#atLineStart = text.endsWith("\n");
  }
}

/**
 * Of an output that only adds lines above its last one, as a progress bar does with its notes: the lines that are new.
 *
 * @returns null where other lines have changed too.
 */
function newLines(before: string, text: string): { settled: string[]; last: string } | null {
  const [old, lines] = [before, text].map((version) => version.split("\n"));
  const kept = old.length - 1;
  if (lines.length < old.length || old.slice(0, kept).some((line, i) => line !== lines[i])) return null;
  return { settled: lines.slice(kept, -1), last: lines[lines.length - 1] };
}

/** What went wrong; for a cell, what it threw and where. */
function describeError(error: Error): string {
  if (!(error instanceof CellError)) return error.message;
  const traceback = error.traceback.filter((line) => line.trim() !== "");
  // The traceback begins with the name and the message, unless what was thrown is not an error.
  const head = `${error.ename}: ${error.evalue}`;
  return (traceback.length > 0 && traceback.join("\n").startsWith(head) ? traceback : [head, ...traceback]).join("\n");
}

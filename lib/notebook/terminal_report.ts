/** A running notebook as lines on a terminal or in a log. */

import { formatSeconds } from "./progress.ts";
import { CellError, type RunEvent } from "./run.ts";

/** Where and how to report. */
export type ReportOptions = {
  write: (text: string) => void;
  /** True when a line can be drawn over. */
  isTerminal: boolean;
  /** Milliseconds of a steady clock. */
  now?: () => number;
};

/** How often an output that changes in place is shown as a new line, where a line cannot be drawn over. */
const PLAIN_UPDATE_MILLISECONDS = 10_000;

/** Writes what happens in a run: which cell, what it prints, how long it took. */
export class TerminalReport {
  readonly #options: Required<ReportOptions>;
  #atLineStart = true;
  #statusShown = false;
  #lastUpdate = { text: "", shownAt: -Infinity, pending: false };

  constructor(options: ReportOptions) {
    this.#options = { now: () => performance.now(), ...options };
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
        if (event.update) this.#update(event.text);
        else {
          this.#showPendingUpdate();
          this.#line(event.text);
        }
        break;
      case "cellFinished":
        this.#showPendingUpdate();
        this.#line(`✓ ${event.cell.number}/${event.cell.total}  ${formatSeconds(event.seconds)}`);
        break;
      case "cellFailed":
        this.#showPendingUpdate();
        this.#line(`✗ ${event.cell.number}/${event.cell.total}  ${formatSeconds(event.seconds)}`);
        this.#line(describeError(event.error));
        break;
    }
  }

  /** An output that changes in place: drawn over on a terminal, now and then a line in a log. */
  #update(text: string): void {
    const firstLine = text.split("\n", 1)[0];
    if (firstLine === this.#lastUpdate.text) return;
    this.#lastUpdate.text = firstLine;
    this.#lastUpdate.pending = true;
    if (this.#options.isTerminal) {
      if (!this.#atLineStart) this.#options.write("\n");
      this.#atLineStart = true;
      this.#options.write(`\r\x1b[2K${firstLine}`);
      this.#statusShown = true;
    } else if (this.#options.now() - this.#lastUpdate.shownAt >= PLAIN_UPDATE_MILLISECONDS) {
      this.#showPendingUpdate();
    }
  }

  #showPendingUpdate(): void {
    if (!this.#lastUpdate.pending) return;
    this.#line(this.#lastUpdate.text);
    this.#lastUpdate.pending = false;
    this.#lastUpdate.shownAt = this.#options.now();
  }

  #line(text: string): void {
    this.#text(`${this.#atLineStart ? "" : "\n"}${text}\n`);
  }

  #text(text: string): void {
    if (text === "") return;
    if (this.#statusShown) this.#options.write("\r\x1b[2K");
    this.#statusShown = false;
    this.#options.write(text);
    this.#atLineStart = text.endsWith("\n");
  }
}

/** What went wrong; for a cell, what it threw and where. */
function describeError(error: Error): string {
  if (!(error instanceof CellError)) return error.message;
  const traceback = error.traceback.filter((line) => line.trim() !== "");
  // The traceback begins with the name and the message, unless what was thrown is not an error.
  const head = `${error.ename}: ${error.evalue}`;
  return (traceback.length > 0 && traceback.join("\n").startsWith(head) ? traceback : [head, ...traceback]).join("\n");
}

/** A progress bar: one line that changes in a notebook cell or a terminal, a few plain lines elsewhere. */

import { insideNotebook, type LiveDisplay, liveDisplay } from "./display.ts";

/** Where and how a progress bar is drawn. */
export type ProgressOptions = {
  /** What is being done, in front of the bar. */
  label?: string;
  /** What is counted, for the rate: "rows", "tokens". Default "it", as in 3.2 it/s. */
  unit?: string;
  /** How to draw. Default: `cell` in a notebook, `line` on a terminal, `plain` elsewhere. */
  style?: "cell" | "line" | "plain";
  /** Takes terminal text. Default standard error, so that results on standard output stay clean. */
  write?: (text: string) => void;
  /** Milliseconds of a steady clock. */
  now?: () => number;
  /** How many were done before, by a run that is resumed: they count for the bar and not for the rate. Default 0. */
  initial?: number;
  /** When the work began, by `now`. Default: when the bar is made. */
  startedAt?: number;
};

/** A bar that is moved on by hand. */
export interface ProgressBar {
  /** Says how many are done, with a note such as the loss. Cheap: it draws only now and then. */
  update(done: number, note?: string): void;
  /** Shows a line above the bar, at once. */
  print(line: string): void;
  /**
   * Draws the last state and ends the line.
   *
   * @throws What drawing threw first, now or during an update: a bar must not end the work that it shows.
   */
  finish(note?: string): Promise<void>;
}

const REDRAW_MILLISECONDS = { cell: 250, line: 100, plain: 10_000 };
const BAR_CHARACTERS = 24;

/** Lines above the bar that a cell shows; a terminal scrolls. */
const PRINTED_LINES_IN_CELL = 20;

/**
 * Starts a progress bar.
 *
 * @param total how many there are to do
 *
 * @example
 * ```ts
 * const progress = progressBar(rows.length, { label: "scoring", unit: "rows" });
 * for (const [i, row] of rows.entries()) {
 *   await score(row);
 *   progress.update(i + 1);
 * }
 * await progress.finish();
 * ```
 */
export function progressBar(total: number, options: ProgressOptions = {}): ProgressBar {
  const { label = "", unit = "it", now = () => performance.now(), initial = 0 } = options;
  const style = options.style ?? (insideNotebook() ? "cell" : Deno.stderr.isTerminal() ? "line" : "plain");
  const write = options.write ?? ((text) => void Deno.stderr.writeSync(new TextEncoder().encode(text)));
  const live = style === "cell" ? liveDisplay() : undefined;
  const startedAt = options.startedAt ?? now();
  const printed: string[] = [];
  let drawnAt = -Infinity;
  let done = initial;
  let note = "";
  let showing: Promise<void> | undefined;
  let failure: { error: unknown } | undefined;
  let finished = false;

  function line(): string {
    return progressLine({ label, unit, done, initial, total, seconds: (now() - startedAt) / 1000, note });
  }

  function draw(): void {
    drawnAt = now();
    if (failure) return;
    try {
      // While a cell is being redrawn, later states wait: the last one is drawn in the end.
      if (live !== undefined) showing ??= showInCell(live).finally(() => showing = undefined);
      // A line that wraps could not be drawn over.
      else write(style === "line" ? `\r\x1b[2K${line().slice(0, (terminalColumns() ?? 1000) - 1)}` : `${line()}\n`);
    } catch (error) {
      failure = { error };
    }
  }

  async function showInCell(live: LiveDisplay): Promise<void> {
    try {
      await live.showText([...printed, line()].join("\n"));
    } catch (error) {
      failure ??= { error };
    }
  }

  return {
    update(nowDone, newNote) {
      done = nowDone;
      note = newNote ?? note;
      if (now() - drawnAt >= REDRAW_MILLISECONDS[style]) draw();
    },
    print(text) {
      printed.push(text);
      if (printed.length > PRINTED_LINES_IN_CELL) printed.shift();
      if (style === "cell") return draw();
      try {
        if (!failure) write(style === "line" ? `\r\x1b[2K${text}\n` : `${text}\n`);
      } catch (error) {
        failure = { error };
      }
      if (style === "line") draw();
    },
    async finish(newNote) {
      if (finished) return;
      finished = true;
      note = newNote ?? note;
      await showing;
      draw();
      await showing;
      if (failure) throw failure.error;
      if (style === "line") write("\n");
    },
  };
}

/** Characters in a line of the terminal, or undefined when there is none. */
export function terminalColumns(): number | undefined {
  try {
    return Deno.consoleSize().columns;
  } catch {
    return undefined;
  }
}

/** One line: label, bar, percent, count, rate, time taken, time left, note. */
function progressLine(state: {
  label: string;
  unit: string;
  done: number;
  initial: number;
  total: number;
  seconds: number;
  note: string;
}): string {
  const { label, unit, done, initial, total, seconds, note } = state;
  const share = total > 0 ? Math.min(1, Math.max(0, done / total)) : 1;
  const full = Math.round(share * BAR_CHARACTERS);
  const bar = "█".repeat(full) + "░".repeat(BAR_CHARACTERS - full);
  const rate = seconds > 0 ? (done - initial) / seconds : 0;
  const left = rate > 0 && done < total ? `, ${formatSeconds((total - done) / rate)} left` : "";
  const parts = [
    label,
    bar,
    `${Math.floor(share * 100)}%`,
    `${done}/${total}`,
    rate > 0 ? formatRate(rate, unit) : "",
    `${formatSeconds(seconds)}${left}`,
    note,
  ];
  return parts.filter((part) => part !== "").join("  ");
}

function formatRate(rate: number, unit: string): string {
  // Below one a second the time for one says more.
  if (rate < 1) return `${(1 / rate).toPrecision(3)} s/${unit}`;
  return `${rate >= 100 ? rate.toFixed(0) : rate.toPrecision(3)} ${unit}/s`;
}

/** Seconds as a reader likes them: 0.4 s, 12 s, 3:05, 1:02:03. */
export function formatSeconds(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (value: number) => String(value).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/**
 * What the kernel publishes, made into the outputs of cells as Jupyter makes them.
 *
 * Source: "Messaging in Jupyter" and the behaviour of nbclient 0.10, https://nbclient.readthedocs.io
 */

import type { DisplayContent, Published } from "./messages.ts";
import type { CodeCell, Output } from "./nbformat.ts";

/** The display ids of one run: which outputs, in whichever cells, an update changes. */
export class DisplayIds {
  readonly #outputs = new Map<string, DisplayOutput[]>();

  /** Remembers that this output was shown under the id. */
  register(id: string, output: DisplayOutput): void {
    this.#outputs.set(id, [...this.#outputs.get(id) ?? [], output]);
  }

  /** Puts new data into every output shown under the id. */
  update(id: string, content: DisplayContent): void {
    for (const output of this.#outputs.get(id) ?? []) {
      output.data = content.data;
      output.metadata = content.metadata;
    }
  }
}

type DisplayOutput = Extract<Output, { data: unknown }>;

/**
 * Collects the outputs of one cell into the cell itself.
 *
 * - text of the same stream in a row becomes one output, with carriage returns and backspaces applied as a terminal would
 * - an update by display id changes the outputs shown under that id, in any cell
 * - `clear_output` empties the cell, at once or, with `wait`, when the next output comes
 */
export class OutputCollector {
  readonly #cell: CodeCell;
  readonly #displayIds: DisplayIds;
  #clearBeforeNext = false;
  #heldReturn = "";

  /** Empties the cell of the outputs of an earlier run. */
  constructor(cell: CodeCell, displayIds: DisplayIds) {
    this.#cell = cell;
    this.#displayIds = displayIds;
    cell.outputs = [];
    cell.execution_count = null;
  }

  /** Takes one message of this cell. */
  add(message: Published): void {
    const { type, content } = message;
    switch (type) {
      case "execute_input":
        this.#cell.execution_count = content.execution_count;
        break;
      case "clear_output":
        if (content.wait) this.#clearBeforeNext = true;
        else this.#cell.outputs = [];
        break;
      case "stream":
        this.#addStream(content.name, content.text);
        break;
      case "display_data":
      case "execute_result":
        this.#addDisplay(
          type === "display_data" ? { output_type: type, data: content.data, metadata: content.metadata } : {
            output_type: type,
            execution_count: content.execution_count,
            data: content.data,
            metadata: content.metadata,
          },
          content,
        );
        break;
      case "update_display_data":
        if (content.transient?.display_id) this.#displayIds.update(content.transient.display_id, content);
        break;
      case "error":
        this.#push({
          output_type: "error",
          ename: content.ename,
          evalue: content.evalue,
          traceback: content.traceback,
        });
        break;
      case "status":
        break;
    }
  }

  #addDisplay(output: DisplayOutput, content: DisplayContent): void {
    const id = content.transient?.display_id;
    if (id) {
      // Shown again under the same id: the earlier places show the new data too.
      this.#displayIds.update(id, content);
      this.#displayIds.register(id, output);
    }
    this.#push(output);
  }

  #addStream(name: string, text: string): void {
    this.#clearIfAsked();
    let last = this.#cell.outputs.at(-1);
    if (last?.output_type !== "stream" || last.name !== name) {
      last = { output_type: "stream", name, text: "" };
      this.#cell.outputs.push(last);
      this.#heldReturn = "";
    }
    const arrived = this.#heldReturn + text;
    // What comes after a carriage return decides what it does, and that may be in the next text.
    this.#heldReturn = /\r*$/.exec(arrived)![0];
    last.text = appendTerminalText(last.text, arrived.slice(0, arrived.length - this.#heldReturn.length));
  }

  #push(output: Output): void {
    this.#clearIfAsked();
    this.#cell.outputs.push(output);
  }

  #clearIfAsked(): void {
    if (this.#clearBeforeNext) this.#cell.outputs = [];
    this.#clearBeforeNext = false;
  }
}

/**
 * Text with more text after it, as it ends up on a terminal: a carriage return inside a line starts the line again, a backspace
 * takes back one character.
 */
export function appendTerminalText(before: string, text: string): string {
  if (!/[\r\b]/.test(text)) return before + text;
  // Only the last line of what is there can still change.
  const lineStart = before.lastIndexOf("\n") + 1;
  const changing = before.slice(lineStart) + text.replaceAll(/\r+\n/g, "\n");
  const lines = changing.split("\n").map((line) => applyBackspaces(line.slice(line.lastIndexOf("\r") + 1)));
  return before.slice(0, lineStart) + lines.join("\n");
}

function applyBackspaces(line: string): string {
  if (!line.includes("\b")) return line;
  const kept: string[] = [];
  for (const character of line) {
    if (character === "\b") kept.pop();
    else kept.push(character);
  }
  return kept.join("");
}

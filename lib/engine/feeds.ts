/** What a program is given, held against what its graph declares, before a runtime sees it. */
import {
  bindDimensions,
  type DimensionValues,
  namesIn,
  resolveDimension,
  showShape,
  type Tensor,
} from "../graph/mod.ts";
import type { DeviceTensor } from "./engine.ts";

/** A tensor that knows whether it may still be used. */
export interface OwnedTensor extends DeviceTensor {
  readonly isDisposed: boolean;
}

/** How many inputs an error shows. */
const MOST_SHOWN = 12;

/**
 * The tensors for the inputs, in their order, and the named sizes that they show. Runtimes themselves would let many wrong
 * shapes pass, or broadcast them.
 *
 * @param isOwn Whether a tensor is one that the engine can read.
 * @throws When an input is missing, was disposed or made by another kind of engine, or does not have the dtype and shape
 *   that the graph declares. The message names it.
 */
export function checkedFeeds<Own extends OwnedTensor>(
  inputs: readonly Tensor[],
  feeds: Readonly<Record<string, DeviceTensor>>,
  isOwn: (tensor: DeviceTensor) => tensor is Own,
): { given: Own[]; sizes: DimensionValues } {
  const given = inputs.map((input) => {
    const feed = feeds[input.name] as DeviceTensor | undefined;
    const expected = `expected ${input.dtype}${showShape(input.shape)}`;
    if (!feed) {
      const names = firstOf(Object.keys(feeds)) || "nothing";
      throw new Error(`input "${input.name}" is missing: ${expected}, got ${names}`);
    }
    if (feed.dtype !== input.dtype) {
      throw new Error(`input "${input.name}": ${expected}, got ${feed.dtype}${showShape(feed.shape)}`);
    }
    if (!isOwn(feed)) throw new Error(`input "${input.name}": the tensor was made by an engine of another kind`);
    if (feed.isDisposed) throw new Error(`input "${input.name}": the tensor was disposed`);
    return feed;
  });
  return { given, sizes: bindDimensions(inputs.map((tensor, position) => ({ tensor, shape: given[position].shape }))) };
}

/**
 * The tensor to write an output to.
 *
 * @param outputs The program's outputs by name.
 * @param sizes The named sizes that the feeds show.
 * @throws When the program has no such output, or the tensor cannot hold it.
 */
export function checkedTarget<Own extends OwnedTensor>(
  outputs: Readonly<Record<string, Tensor>>,
  into: Readonly<Record<string, DeviceTensor>>,
  name: string,
  sizes: DimensionValues,
  isOwn: (tensor: DeviceTensor) => tensor is Own,
): Own {
  const target = into[name];
  const output = outputs[name];
  if (!output) throw new Error(`no output "${name}" to write: the program has ${Object.keys(outputs).join(", ")}`);
  const shape = output.shape.map((length) =>
    namesIn(length).every((n) => n in sizes) ? resolveDimension(length, sizes) : length
  );
  const fits = target.dtype === output.dtype && target.shape.length === shape.length &&
    shape.every((length, axis) => typeof length === "string" || length === target.shape[axis]);
  if (!fits) {
    const [expected, got] = [`${output.dtype}${showShape(shape)}`, `${target.dtype}${showShape(target.shape)}`];
    throw new Error(`output "${name}": expected a tensor of ${expected} to write to, got ${got}`);
  }
  if (!isOwn(target)) throw new Error(`output "${name}": the tensor to write to was made by an engine of another kind`);
  if (target.isDisposed) throw new Error(`output "${name}": the tensor to write to was disposed`);
  return target;
}

/** What a program was given, for an error: names and shapes. */
export function showFeeds(inputs: readonly Tensor[], given: readonly DeviceTensor[]): string {
  return firstOf(given.map(({ shape }, position) => `${inputs[position].name} ${showShape(shape)}`));
}

/** The first of a list of inputs: of hundreds, most are weights. */
function firstOf(inputs: readonly string[]): string {
  const more = inputs.length - MOST_SHOWN;
  return inputs.slice(0, MOST_SHOWN).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

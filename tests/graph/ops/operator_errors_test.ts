import assert from "node:assert/strict";
import * as g from "../../../lib/graph/mod.ts";

const graph = new g.Graph();
let count = 0;
const float = (...shape: g.Dimension[]) => graph.input(`float ${count++}`, shape);
const int64 = (...shape: g.Dimension[]) => graph.input(`int64 ${count++}`, shape, "int64");

const refused: [call: () => unknown, message: RegExp][] = [
  [() => g.add(float(2), int64(2)), /add\(.*\): expected the same dtype, got float32 and int64/],
  [() => g.less(float(2), int64(2)), /less\(.*\): expected the same dtype, got float32 and int64/],
  [() => g.where(float(2), float(2), float(2)), /where\(.*\): expected a bool condition, got float32/],
  [() => g.where(g.less(float(2), float(2)), float(2), int64(2)), /where\(.*\): expected the same dtype/],
  [() => g.matmul(float(2, 3), float(4, 5)), /matmul\(.*\): the inner sizes differ: 3 and 4/],
  [() => g.matmul(float(2, 3), float(3, 4), { transposeB: true }), /the inner sizes differ: 3 and 4/],
  [() => g.matmul(float(3), float(3, 4)), /matmul\(.*\): expected two axes or more on both sides/],
  [() => g.matmul(float(2, 3), int64(3, 4)), /matmul: float32\[2, 3\] times int64\[3, 4\]: cast one of them/],
  [() => g.matmul(float("batch", 2, 3), float("tokens", 3, 4)), /\[batch\] and \[tokens\] do not broadcast/],
  [() => g.sum(float(2, 3), 2), /sum: axis 2 is not an axis of \[2, 3\]/],
  [() => g.mean(float(2, 3), [0, -2]), /mean: an axis of \[0,0\] is named twice/],
  [() => g.reduceMax(float(), -1), /reduceMax: axis -1 is not an axis of \[\]/],
  [() => g.reshape(float(2, 3), [5]), /reshape\(float32\[2, 3\]\): the elements do not fit \[5\]/],
  [() => g.reshape(float("batch*tokens", 3), ["batch", "tokens", 3]), /pass a tensor like it/],
  [
    () => g.reshape(float("batch*tokens", 3), ["batch", "tokens", 3], float("tokens", "batch", 3)),
    /expected a tensor like \[batch, tokens, 3\], got \[tokens, batch, 3\]/,
  ],
  [() => g.stepsToEnd(float(2, 3), 2), /stepsToEnd: axis 2 is not an axis of \[2, 3\]/],
  [() => g.lastPlaces(float(2, 3), 3, int64(), "kept"), /lastPlaces: axis 3 is not an axis of \[2, 3\]/],
  [() => g.lastPlaces(float(2, 3), 1, int64(1), "kept"), /last_places\(.*\): expected the count as one int64/],
  [() => g.lastPlaces(float(2, 3), 1, float(), "kept"), /last_places\(.*\): expected the count as one int64/],
  [
    () => g.lastPlaces(float(2, 3), 1, int64(), "3"),
    /last_places\(.*\): expected a name for the size of axis 1, got "3"/,
  ],
  [() => g.transpose(float(2, 3), [0, 0]), /expected an order of the axes 0 to 1, got \[0,0\]/],
  [() => g.transpose(float(2, 3), [0]), /expected an order of the axes 0 to 1, got \[0\]/],
  [() => g.expandLike(float(2), float(3)), /expand\(.*\): .* do not broadcast: 2 against 3/],
  [() => g.expandLike(float(2, 3), float(3)), /expand\(.*\): \[2, 3\] does not repeat to \[3\]/],
  [() => g.split(float(2, 5), 1, [2, 2]), /split\(.*\): parts of 2 and 2 do not make 5/],
  [() => g.split(float(2, 5), 2, [2, 2]), /split: axis 2 is not an axis of \[2, 5\]/],
  [() => g.split(float("cached + tokens"), 0, ["cached", "tokens"]), /need a tensor with their lengths/],
  [() => g.concat([float(2, 3), float(3, 3)], 1), /concat\(.*\): expected shapes equal except along axis 1/],
  [() => g.concat([float(2, 3), float(2)], 0), /concat\(.*\): expected shapes equal except along axis 0/],
  [() => g.concat([float(2), int64(2)], 0), /concat\(.*\): expected the same dtype, got float32 and int64/],
  [() => g.concat([], 0), /concat: expected at least one tensor/],
  [() => g.gatherRows(float(5, 3), float(2)), /gather_rows\(.*\): expected int64 indices, got float32/],
  [() => g.gatherRows(float(), int64(2)), /gather_rows\(.*\): expected a table of rows, got a number/],
  [() => g.scatterAddRows(float(5, 3), int64(2), float(2, 4)), /expected rows of \[2, 3\], got \[2, 4\]/],
  [() => g.scatterAddRows(float(5, 3), float(2), float(2, 3)), /expected int64 indices, got float32/],
  [() => g.takeAlongLast(float(4, 5), int64(3, 1)), /expected indices of \[4, 1\], got \[3, 1\]/],
  [() => g.addAlongLast(float(4, 5), int64(4, 2), float(4, 1)), /expected values of \[4, 2\], got \[4, 1\]/],
  [() => g.takeOne(float(4, 5), int64(3)), /take_along_last\(.*\): expected indices of \[4, 1\], got \[3, 1\]/],
  [() => g.takeOne(float(), int64()), /takeOne, addOne: expected at least one axis/],
];

for (const [call, message] of refused) {
  Deno.test(`an operator says ${message.source}`, () => {
    assert.throws(call, message);
  });
}

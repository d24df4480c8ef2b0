/** Floors below which it is better not to answer, found on labelled questions. */
import { type AnswerFloors, type Confidence, isConfident } from "../answer/mod.ts";

/** A question that would be answered, if the floors let it. */
export interface FloorRow {
  confidence: Confidence;
  /** Whether the answer would cite what supports it; false for all questions that nothing answers. */
  isRight: boolean;
}

/**
 * The floors with which the most questions are answered rightly, while of all answers at least the share `precision` is
 * right. Of equals those with fewer wrong answers win, then those with fewer parts and higher floors. A floor of 0 would
 * vouch for anything, and is none.
 *
 * @param precision Default 0.95. What holds on these rows holds a little less on others: ask for more than is needed.
 * @returns Without any floor, so that nothing is answered, where no floors reach the precision.
 * @throws {RangeError} When the precision is not above 0 and at most 1.
 */
export function fitFloors(rows: readonly FloorRow[], { precision = 0.95 }: { precision?: number } = {}): AnswerFloors {
  if (!(precision > 0 && precision <= 1)) {
    throw new RangeError(`precision: expected a number above 0 and at most 1, got ${precision}`);
  }
  const valuesOf = (part: keyof Confidence): (number | undefined)[] => [
    undefined,
    ...[...new Set(rows.map(({ confidence }) => confidence[part]))].filter((value) => value > 0)
      .sort((one, other) => other - one),
  ];
  let best: { floors: AnswerFloors; right: number; wrong: number } = { floors: {}, right: 0, wrong: 0 };
  for (const coverage of valuesOf("coverage")) {
    for (const cosine of valuesOf("cosine")) {
      const floors = { ...(coverage === undefined ? {} : { coverage }), ...(cosine === undefined ? {} : { cosine }) };
      let [right, wrong] = [0, 0];
      for (const { confidence, isRight } of rows) {
        if (isConfident(confidence, floors)) isRight ? right++ : wrong++;
      }
      if (right < precision * (right + wrong)) continue;
      if (right > best.right || (right === best.right && wrong < best.wrong)) best = { floors, right, wrong };
    }
  }
  return best.floors;
}

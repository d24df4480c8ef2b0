import { tickFormat, type ValueAxis } from "./axes.ts";
import type { Point } from "./points.ts";
import { textWidth } from "./text.ts";
import { theme } from "./theme.ts";

/** Values below this are as good as zero. */
const SMALLEST = 1e-30;

/**
 * A logarithmic axis for values above zero: ticks at powers of ten, with 2 and 5 between them where there are few
 * powers, and only every second, third, ... power where there are many.
 *
 * ```ts
 * logAxis([0.8, 70], 240).ticks; // [1, 2, 5, 10, 20, 50]
 * ```
 *
 * @param height pixels between the ends of the axis
 * @param options `exact` keeps the range as it is; otherwise the ends move out to the next 1, 2 or 5 times a power
 * @throws {RangeError} when the range does not lie above zero
 */
export function logAxis(
  [low, high]: readonly [number, number],
  height: number,
  options: { exact?: boolean } = {},
): ValueAxis {
  if (!(low > 0 && high >= low)) {
    throw new RangeError(`A logarithmic axis needs a range above zero, got [${low}, ${high}].`);
  }
  const room = Math.max(2, Math.round(height / 40));
  const from = Math.floor(Math.log10(low) + 1e-9);
  const to = Math.max(from + 1, Math.ceil(Math.log10(high) - 1e-9));
  const few = Math.log10(high / low) <= room / 3;
  const marks: number[] = [];
  for (let exponent = from - 1; exponent <= to + 1; exponent++) {
    for (const factor of few ? [1, 2, 5] : [1]) marks.push(power(factor, exponent));
  }
  const domain: [number, number] = options.exact ? [low, high] : [
    marks.findLast((mark) => mark <= low * (1 + 1e-9)) ?? low,
    marks.find((mark) => mark >= high * (1 - 1e-9)) ?? high,
  ];
  if (domain[0] === domain[1]) domain[1] = domain[0] * 10;
  const inside = marks.filter((mark) => mark >= domain[0] * (1 - 1e-9) && mark <= domain[1] * (1 + 1e-9));
  const every = Math.ceil(inside.length / (few ? Math.max(2, Math.floor(height / 18)) : room));
  const ticks = inside.filter((_, index) => index % every === 0);
  return {
    type: "log",
    domain,
    ticks,
    format: logFormat,
    labelWidth: Math.max(0, ...ticks.map((tick) => textWidth(logFormat(tick), theme.sizes.small))),
  };
}

function logFormat(value: number): string {
  return value >= 1e-3 && value < 1e6
    ? tickFormat(value, value)(value)
    : tickFormat(value, value < 1 ? 0 : 1e12)(value);
}

/** `factor * 10 ** exponent` with the digits it is written with: 10 ** -5 alone has a wrong last digit. */
function power(factor: number, exponent: number): number {
  return Number(`${factor}e${exponent}`);
}

/** The points that have a place on a logarithmic axis; where one is left out the line breaks. */
export function aboveZero(points: readonly Point[]): Point[] {
  let stretch = 0;
  let previous: Point | undefined;
  const kept: Point[] = [];
  for (const point of points) {
    if (previous && (point.stretch !== previous.stretch || point.value <= SMALLEST)) stretch++;
    // The smallest doubles would put hundreds of powers of ten on the axis.
    if (point.value > SMALLEST) kept.push({ ...point, stretch });
    previous = point;
  }
  return kept;
}

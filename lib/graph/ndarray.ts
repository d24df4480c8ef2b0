/** Plain float64 arrays for reference values: slow, simple, and exact enough to judge the fast kernels by. */

/** A dense array, row-major. Integers and booleans (0 or 1) are held as float64 too. */
export interface NdArray {
  shape: readonly number[];
  data: Float64Array;
}

/** The number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** Makes an array; zeros when no data is given. Throws when the data does not fill the shape. */
export function ndarray(shape: readonly number[], data?: ArrayLike<number>): NdArray {
  const size = sizeOf(shape);
  if (data && data.length !== size) throw new Error(`shape [${shape}] holds ${size} values, got ${data.length}`);
  return { shape: [...shape], data: data ? Float64Array.from(data) : new Float64Array(size) };
}

/** Steps between neighbours along each axis, in elements. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1] * shape[axis + 1];
  return strides;
}

/** Calls `visit` with the flat position in the result and in each array, all broadcast to `shape`. */
export function forEachBroadcast(
  shape: readonly number[],
  arrays: readonly NdArray[],
  visit: (position: number, offsets: readonly number[]) => void,
): void {
  const strides = arrays.map((array) => {
    const own = stridesOf(array.shape);
    const shift = shape.length - array.shape.length;
    return shape.map((_, axis) => (axis < shift || array.shape[axis - shift] === 1 ? 0 : own[axis - shift]));
  });
  const index = new Array<number>(shape.length).fill(0);
  const offsets = new Array<number>(arrays.length).fill(0);
  const size = sizeOf(shape);
  for (let position = 0; position < size; position++) {
    visit(position, offsets);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]++;
      for (let k = 0; k < arrays.length; k++) offsets[k] += strides[k][axis];
      if (index[axis] < shape[axis]) break;
      for (let k = 0; k < arrays.length; k++) offsets[k] -= strides[k][axis] * shape[axis];
      index[axis] = 0;
    }
  }
}

/** A shape split around one axis: `outer` blocks of `length` rows of `inner` elements. */
export function splitAt(shape: readonly number[], axis: number): { outer: number; length: number; inner: number } {
  return { outer: sizeOf(shape.slice(0, axis)), length: shape[axis], inner: sizeOf(shape.slice(axis + 1)) };
}

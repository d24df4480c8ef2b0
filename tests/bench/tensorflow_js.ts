/**
 * TensorFlow.js on its WebAssembly backend, for comparison. It runs one thread here: the package leaves its threads to
 * browsers, and forcing them fails, since they need classic workers, which Deno does not have.
 */
import { startBackend } from "../../lib/engine/tensorflow/backends.ts";
import type { Factors, Product } from "./raw_matmul.ts";
import { productFlops } from "./raw_matmul.ts";
import type { ProductShape } from "./shapes.ts";

/** Makes products in TensorFlow.js. Throws when it cannot run here. */
export async function tensorflowJs() {
  const tf = await import("@tensorflow/tfjs-core");
  const { description } = await startBackend("wasm");
  return {
    description,
    product(shape: ProductShape, { a, b }: Factors): Product {
      const left = tf.tensor2d(a, [shape.rows, shape.inner]);
      const right = tf.tensor2d(b, [shape.inner, shape.columns]);
      return {
        // The backend computes before matMul returns.
        run: () => tf.matMul(left, right).dispose(),
        flops: productFlops(shape),
        firstElement: async () => (await tf.matMul(left, right).data())[0],
      };
    },
  };
}

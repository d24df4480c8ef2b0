/**
 * TensorFlow.js on its WebAssembly backend, for comparison. It runs one thread here: the package leaves its threads to
 * browsers, and forcing them fails, since they need classic workers, which Deno does not have.
 */
import type { Factors, Product } from "./raw_matmul.ts";
import { productFlops } from "./raw_matmul.ts";
import type { ProductShape } from "./shapes.ts";

/** Makes products in TensorFlow.js. Throws when it cannot run here. */
export async function tensorflowJs() {
  const tf = await import("@tensorflow/tfjs-core");
  const wasm = await import("@tensorflow/tfjs-backend-wasm");
  // The .wasm files lie beside the module.
  const folder = new URL("./", import.meta.resolve("@tensorflow/tfjs-backend-wasm"));
  wasm.setWasmPaths(decodeURIComponent(folder.pathname));
  if (!await tf.setBackend("wasm")) throw new Error("TensorFlow.js could not start its WebAssembly backend");
  const threads = wasm.getThreadsCount();
  return {
    description: `TensorFlow.js ${tf.version_core}, WebAssembly, ${threads} ${threads === 1 ? "thread" : "threads"}`,
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

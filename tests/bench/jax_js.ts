/** jax-js on its WebAssembly backend, for comparison. Its workers keep the process alive: end it with Deno.exit. */
import type { Factors, Product } from "./raw_matmul.ts";
import { productFlops } from "./raw_matmul.ts";
import type { ProductShape } from "./shapes.ts";

/** Makes products in jax-js. Throws when it cannot run here. */
export async function jaxJs() {
  const jax = await import("@jax-js/jax");
  const { numpy } = jax;
  if (!(await jax.init("wasm")).includes("wasm")) throw new Error("jax-js could not start its WebAssembly backend");
  jax.defaultDevice("wasm");
  return {
    description: `jax-js ${version()}, WebAssembly, ${navigator.hardwareConcurrency} threads`,
    product(shape: ProductShape, { a, b }: Factors): Product {
      const left = numpy.array(a).reshape([shape.rows, shape.inner]);
      const right = numpy.array(b).reshape([shape.inner, shape.columns]);
      const multiply = jax.jit((x: typeof left, y: typeof right) => numpy.matmul(x, y));
      // An operation uses its operands up unless it is given a reference of its own.
      const product = () => multiply(left.ref, right.ref);
      return {
        run: async () => (await product().blockUntilReady()).dispose(),
        flops: productFlops(shape),
        firstElement: async () => (await product().data())[0],
      };
    },
  };
}

/** The package does not say its version; the path it was resolved to does. */
function version(): string {
  return import.meta.resolve("@jax-js/jax").match(/jax@([\d.]+)/)?.[1] ?? "";
}

/** The raw MatMul rate of the machine, and what other engines of JavaScript make of the same products. */
import { createEngine } from "../../lib/engine/mod.ts";
import { jaxJs } from "./jax_js.ts";
import { gigaflops, measure, QUICK, ratioOfRates } from "./measure.ts";
import { type Factors, type Product, randomFactors, rawMatmul } from "./raw_matmul.ts";
import { type BenchSettings, type Row, row, type Section } from "./section.ts";
import { atSpeed, BLOCK_SHAPES, type ProductShape, showProduct, widestProduct } from "./shapes.ts";
import { tensorflowJs } from "./tensorflow_js.ts";

/** An engine to compare with. */
export interface Rival {
  description: string;
  product(shape: ProductShape, factors: Factors): Product;
}

const RIVALS: Record<string, () => Promise<Rival>> = { "TensorFlow.js": tensorflowJs, "jax-js": jaxJs };

export const matmulSection: Section = {
  name: "matmul",
  title: "Raw MatMul",
  cases: [{ name: "matmul", run: (settings) => measureMatmul(settings) }],
};

/** Measures the products of all shapes in ONNX Runtime and in others, by name; one that cannot run gets rows that say why. */
export async function measureMatmul({ quick }: BenchSettings, others = RIVALS): Promise<Row[]> {
  const engine = await createEngine();
  const rivals: Record<string, Rival | Error> = {};
  for (const [name, start] of Object.entries(others)) rivals[name] = await start().catch(asError);

  const rows: Row[] = [];
  for (const shape of BLOCK_SHAPES) {
    const product = widestProduct(atSpeed(shape, quick));
    const factors = randomFactors(product);
    const raw = await rawMatmul(engine, product, factors);
    const products: Record<string, Product> = { [engine.description]: raw };
    const failures: Row[] = [];
    for (const [name, rival] of Object.entries(rivals)) {
      const common = { what: name, shape: showProduct(product), value: null, unit: "GFLOP/s" } as const;
      try {
        if (rival instanceof Error) throw rival;
        const made = rival.product(product, factors);
        checkFirstElement(await made.firstElement(), product, factors);
        products[rival.description] = made;
      } catch (error) {
        failures.push(row({ ...common, note: `does not run here: ${firstLine(error)}` }));
      }
    }

    checkFirstElement(await raw.firstElement(), product, factors);
    const runs = Object.fromEntries(Object.entries(products).map(([name, { run }]) => [name, run]));
    const timings = await measure(runs, quick ? QUICK : { rounds: 11 });
    const rate = (name: string) => ({ timing: timings[name], flops: products[name].flops });
    for (const name of Object.keys(products)) {
      rows.push(row({
        what: name,
        shape: showProduct(product),
        value: gigaflops(rate(name)),
        unit: "GFLOP/s",
        spread: timings[name].spread,
        ofRaw: ratioOfRates(rate(name), rate(engine.description)),
      }));
    }
    rows.push(...failures);
  }
  return rows;
}

/** An engine that is fast and wrong is not compared with. */
function checkFirstElement(computed: number, { inner, columns }: ProductShape, { a, b }: Factors): void {
  let [expected, size] = [0, 0];
  for (let i = 0; i < inner; i++) {
    expected += a[i] * b[i * columns];
    size += Math.abs(a[i] * b[i * columns]);
  }
  if (!(Math.abs(computed - expected) <= 1e-5 * size)) {
    throw new Error(`the product's first element is ${computed}, expected ${expected}`);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function firstLine(error: unknown): string {
  return asError(error).message.split("\n")[0];
}

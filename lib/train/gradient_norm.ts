/** The global norm of many gradients. */
import { type DeviceTensor, type Engine, ProgramCache } from "../engine/mod.ts";
import { placeSumOfSquaresGraph, sumOfSquaresGraph } from "../kernels/mod.ts";

/** Computes norms on an engine. */
export class GradientNorm {
  readonly #programs: ProgramCache;

  constructor(readonly engine: Engine) {
    this.#programs = new ProgramCache(engine);
  }

  /** The square root of the sum of all squares. */
  async of(gradients: readonly DeviceTensor[]): Promise<number> {
    if (gradients.length === 0) return 0;
    const squares = await (this.engine.sharesMemory ? this.#eachRead(gradients) : this.#readTogether(gradients));
    return Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
  }

  async #eachRead(gradients: readonly DeviceTensor[]): Promise<number[]> {
    const squares: number[] = [];
    for (const gradient of gradients) {
      const rank = gradient.shape.length;
      const program = await this.#programs.get(`${rank}`, () => sumOfSquaresGraph(rank));
      const { sumOfSquares } = await program.run({ gradient });
      squares.push(Number((await this.engine.read(sumOfSquares))[0]));
      sumOfSquares.dispose();
    }
    return squares;
  }

  /** A read waits until the device has done all that it was asked for, so there is one for all gradients. */
  async #readTogether(gradients: readonly DeviceTensor[]): Promise<number[]> {
    let sums = this.engine.zeros([gradients.length]);
    for (const [position, gradient] of gradients.entries()) {
      const rank = gradient.shape.length;
      const program = await this.#programs.get(`${rank} placed`, () => placeSumOfSquaresGraph(rank));
      const place = this.engine.upload(new Float32Array(gradients.length).fill(1, position, position + 1), sums.shape);
      const next = await program.run({ gradient, sums, place });
      [sums, place].forEach((tensor) => tensor.dispose());
      sums = next.sums;
    }
    const squares = await this.engine.read(sums);
    sums.dispose();
    return Array.from(squares, Number);
  }

  async dispose(): Promise<void> {
    await this.#programs.dispose();
  }
}

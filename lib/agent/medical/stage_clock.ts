/** Times the steps of a turn and tells of them. */
import type { ChatUsage } from "../chat/mod.ts";
import type { MedicalEvent, MedicalStage, MedicalStageCost } from "./events.ts";

const NOTHING: ChatUsage = { promptTokens: 0, completionTokens: 0 };

/** One turn's clock. */
export class StageClock {
  /** What is done, in order. */
  readonly costs: MedicalStageCost[] = [];

  constructor(private readonly tell: (event: MedicalEvent) => void) {}

  begin(stage: MedicalStage): void {
    this.tell({ type: "stage", state: "begun", stage });
  }

  end(cost: MedicalStageCost): void {
    this.costs.push(cost);
    this.tell({ type: "stage", state: "done", ...cost });
  }

  /** Times a step. @param usageOf What it took of the model. Default: nothing. */
  async time<Result>(
    stage: MedicalStage,
    run: () => Promise<Result> | Result,
    usageOf: (result: Result) => ChatUsage = () => NOTHING,
  ): Promise<Result> {
    this.begin(stage);
    const begun = performance.now();
    const result = await run();
    const { promptTokens, completionTokens } = usageOf(result);
    this.end({ stage, milliseconds: performance.now() - begun, promptTokens, completionTokens });
    return result;
  }
}

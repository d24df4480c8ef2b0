/** Judges sixty answers with a folder that another process uses at the same time; prints how many are right. */
import { scriptedChatModel } from "../../../lib/agent/chat/mod.ts";
import { chatJudge, isJudgeFailure } from "../../../lib/agent/judge/mod.ts";
import { ANSWER, RIGHT } from "./judge_items.ts";

const model = scriptedChatModel(() => ({ text: JSON.stringify(RIGHT) }));
const judge = chatJudge({ model, cacheFolder: Deno.args[0], concurrency: 8 });
const verdicts = await judge.judgeAnswers(Array.from({ length: 60 }, (_, i) => ({ ...ANSWER, answer: `It is ${i}.` })));
const right = verdicts.filter((verdict) => !isJudgeFailure(verdict) && verdict.isRight).length;
console.log(JSON.stringify({ right, calls: judge.cost.calls }));

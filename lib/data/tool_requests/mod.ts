/** Requests for tools: signatures, exact results, chats and their grading. */
export { BMI_CLASSES, type BmiClass, bodyMassIndex } from "./body_mass.ts";
export { calculate, CalculationError, type Fraction, fractionText } from "./calculate.ts";
export { callText, type RequestedCall } from "./call.ts";
export { type AnswerKey, areSameCalls, isRightAnswer } from "./grade.ts";
export { type Bezout, bezout, solveCongruence } from "./number_theory.ts";
export { isValidCall, parseCalls, type ParsedCall } from "./parse_calls.ts";
export { HOUSE_TOOL_NAMES, HOUSE_TOOLS, type HouseToolName } from "./tools.ts";

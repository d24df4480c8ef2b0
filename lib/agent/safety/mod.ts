/**
 * Checks before and after a model that need none: the same message always meets the same answer.
 *
 * @module
 */
export { checkMessage, type MessageCheck, type MessageCheckOptions } from "./check_message.ts";
export { addDisclaimer, DISCLAIMER } from "./disclaimer.ts";
export { doseAdvice, dosesIn, type DosingOptions, type DosingOrder, findDosingOrders } from "./dosing_orders.ts";
export {
  type Emergency,
  emergencyAnswer,
  type EmergencyNumbers,
  type EmergencyOptions,
  findEmergencies,
} from "./emergencies.ts";
export type { EmergencyKind } from "./emergency_rules.ts";
export { makeAnswerSafe, type SafeAnswer, type SafeAnswerOptions } from "./make_answer_safe.ts";
export { isMedicineWord, medicinesIn } from "./medicine_names.ts";
export { findRefusedRequest, refusalAnswer, type RefusedKind, type RefusedRequest } from "./refused_requests.ts";
export { type Sentence, sentencesOf } from "./sentences.ts";

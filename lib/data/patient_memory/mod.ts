/** Facts of a patient, messages in which they are told, and questions that a profile answers. */
export * from "./patient_facts.ts";
export { type PatientMessage, patientMessage } from "./message.ts";
export { randomProfile, recalled, type RecallQuestion, recallQuestion } from "./recall.ts";
export { inventedIllness, inventedMedicine } from "./invented_names.ts";

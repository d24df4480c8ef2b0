// @ts-check
/// <reference lib="dom" />
/** Forms to write a fact in, or a summary. */
import { element } from "./dom.js";

/** @import { FactValue } from "./contract.ts" */

/** @type {Record<string, [value: FactValue, name: string][]>} */
const CHOICES = { sex: [["female", "female"], ["male", "male"]], pregnant: [[true, "yes"], [false, "no"]] };

/**
 * @param {string} field
 * @param {FactValue | undefined} value what stands there now
 * @param {(value: FactValue) => void} save
 */
export function factForm(field, value, save) {
  const choices = CHOICES[field];
  const label = { "aria-label": field, required: true };
  const input = choices
    ? element(
      "select",
      label,
      ...choices.map(([choice, name]) =>
        element("option", { value: String(choice), selected: choice === value }, name)
      ),
    )
    : field === "age"
    ? element("input", { ...label, type: "number", min: 0, max: 130, value: value ?? "" })
    : element("input", { ...label, type: "text", maxlength: 200, dir: "auto", value: value ?? "" });
  const form = element(
    "form",
    {
      class: "fact-form",
      submit: (event) => {
        event.preventDefault();
        const written = input.value.trim();
        const chosen = choices?.find(([choice]) => String(choice) === written)?.[0];
        save(chosen ?? (field === "age" ? Number(written) : written));
      },
    },
    input,
    element("button", { type: "submit", class: "plain" }, "Save"),
  );
  queueMicrotask(() => input.focus());
  return form;
}

/**
 * @param {string} text what stands there now
 * @param {(patch: { summary: string }) => void} edit
 */
export function summaryForm(text, edit) {
  const input = element("textarea", {
    "aria-label": "summary",
    required: true,
    maxlength: 20000,
    rows: 8,
    dir: "auto",
  });
  input.value = text;
  const form = element(
    "form",
    {
      class: "fact-form",
      submit: (event) => {
        event.preventDefault();
        edit({ summary: input.value.trim() });
      },
    },
    input,
    element("button", { type: "submit", class: "plain" }, "Save"),
  );
  queueMicrotask(() => input.focus());
  return form;
}

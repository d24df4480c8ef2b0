// @ts-check
/// <reference lib="dom" />
/** Asks for the server's token after a 401. */
import { keepToken } from "./api.js";
import { byId } from "./dom.js";

/**
 * Opens the dialog and waits for a token; false when the person has none.
 *
 * @param {boolean} wasRefused whether a token was sent already
 * @returns {Promise<boolean>}
 */
export function askToken(wasRefused) {
  const dialog = byId("token-dialog", HTMLDialogElement);
  const input = byId("token", HTMLInputElement);
  byId("token-why", HTMLElement).textContent = wasRefused
    ? "The token was refused. Look for a missing letter, and try again."
    : "Whoever started the server knows it. It is kept in this tab alone, and forgotten when you close it.";
  input.value = "";
  return new Promise((resolve) => {
    let isGiven = false;
    byId("token-form", HTMLFormElement).onsubmit = (event) => {
      event.preventDefault();
      isGiven = input.value.trim() !== "";
      if (isGiven) keepToken(input.value.trim());
      dialog.close();
    };
    byId("token-cancel", HTMLButtonElement).onclick = () => dialog.close();
    dialog.onclose = () => {
      input.value = "";
      resolve(isGiven);
    };
    dialog.showModal();
    input.focus();
  });
}

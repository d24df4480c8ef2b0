// @ts-check
/// <reference lib="dom" />
/** Making and finding elements. Text is always put in as text: nothing here, and nothing on the page, parses markup. */

/** @typedef {Node | string | null | undefined | false} Child */

/**
 * A new element.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number | boolean | null | undefined | ((event: Event) => void)>} attributes functions
 *   listen to the event of that name; true stands for an empty attribute; false, null and undefined for none
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, String(value));
  }
  made.append(...shown(children));
  return made;
}

/**
 * A button that submits nothing.
 *
 * @param {string} name
 * @param {(event: Event) => void} click
 * @param {Record<string, string | number | boolean | null | undefined>} attributes
 */
export function button(name, click, attributes = {}) {
  return element("button", { type: "button", class: "quiet", ...attributes, click }, name);
}

/**
 * A button that does what it says at the second click; until then it asks, and after four seconds it forgets.
 *
 * @param {string} name
 * @param {string} question such as "Really delete?"
 * @param {() => void} act
 * @param {Record<string, string>} attributes
 */
export function carefulButton(name, question, act, attributes = {}) {
  const made = button(name, () => {
    if (made.dataset.asked) return act();
    const label = made.getAttribute("aria-label");
    made.dataset.asked = "yes";
    made.textContent = question;
    made.removeAttribute("aria-label");
    setTimeout(() => {
      delete made.dataset.asked;
      made.textContent = name;
      if (label !== null) made.setAttribute("aria-label", label);
    }, 4000);
  }, attributes);
  return made;
}

/**
 * The element of the page with an id.
 *
 * @template {HTMLElement} Kind
 * @param {string} id
 * @param {new () => Kind} kind
 * @returns {Kind}
 */
export function byId(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`index.html has no ${kind.name} with the id ${id}`);
  return found;
}

/**
 * Puts these, and only these, into an element.
 *
 * @param {Element} parent
 * @param {...Child} children
 */
export function fill(parent, ...children) {
  parent.replaceChildren(...shown(children));
}

/**
 * @param {readonly Child[]} children
 * @returns {(Node | string)[]}
 */
function shown(children) {
  return children.flatMap((child) =>
    child === null || child === undefined || child === false || child === "" ? [] : [child]
  );
}

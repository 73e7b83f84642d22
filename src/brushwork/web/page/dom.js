// Small helpers for elements: find them, make them, and fill in texts.

import { strings } from "./strings.js";

export const find = (selector, root = document) => root.querySelector(selector);
export const findAll = (selector, root = document) => [...root.querySelectorAll(selector)];

/** Make an element: make("button", {class: "style", onclick: f}, "text", child). */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (typeof value === "boolean") element.toggleAttribute(name, value);
    else if (value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

/** Give an element these children. Those that it already has are not moved, so they keep their focus and continue to play. */
export function setChildren(parent, children) {
  for (const child of [...parent.children]) if (!children.includes(child)) child.remove();
  for (const [place, child] of children.entries())
    if (parent.children[place] !== child) parent.insertBefore(child, parent.children[place] ?? null);
}

/** Fill in the texts that elements below a root name: data-text, data-label, data-placeholder, data-alt. */
export function translate(root = document) {
  for (const [key, set] of [
    ["text", (element, words) => (element.textContent = words)],
    ["label", (element, words) => { element.setAttribute("aria-label", words); element.title = words; }],
    ["placeholder", (element, words) => (element.placeholder = words)],
    ["alt", (element, words) => (element.alt = words)],
  ])
    for (const element of findAll(`[data-${key}]`, root)) set(element, strings[element.dataset[key]]);
}

/** Show a message, also to screen readers. */
export function say(words, isError = false) {
  const note = find("#note");
  note.textContent = words;
  note.classList.toggle("error", isError);
}

const told = new Set(); // notices that were shown

/** Show the server's notices, each of them once. */
export function tell(notices) {
  const fresh = notices.filter((line) => !told.has(line));
  for (const line of fresh) told.add(line);
  if (fresh.length) say(fresh.join(". "));
}

const LATE = 500; // milliseconds after which a wait is shown
const awaited = new Set(); // the AbortControllers of tasks that take longer

/** Wait for a function that takes an abort signal; if it takes longer than half a second, the user can cancel it. */
export async function patiently(begin, controller = new AbortController()) {
  const show = () => {
    document.body.classList.toggle("busy", awaited.size > 0);
    find("#stage").setAttribute("aria-busy", awaited.size > 0);
    find("#stop-waiting").hidden = awaited.size === 0;
    find("#stop-waiting").onclick = () => [...awaited].pop().abort();
  };
  const late = setTimeout(() => { awaited.add(controller); show(); }, LATE);
  try {
    return await begin(controller.signal);
  } finally {
    clearTimeout(late);
    if (awaited.delete(controller)) show();
  }
}

/** Show an error, or that something was cancelled. */
export function complain(error) {
  if (error.name === "AbortError") say(strings.cancelled);
  else say(error.message, true);
}

/** Let the user save a file. */
export function download(blob, name) {
  const url = URL.createObjectURL(blob);
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Ask the user for a file of a kind, and pass it on if one is chosen. */
export function chooseFile(accept, took) {
  const input = find("#chooser");
  input.accept = accept;
  input.value = "";
  input.onchange = () => input.files[0] && took(input.files[0]);
  input.click();
}

/** Show the picture of a blob in an image, and release the previous one. */
export function showBlob(image, blob) {
  if (image.src.startsWith("blob:")) URL.revokeObjectURL(image.src);
  image.src = URL.createObjectURL(blob);
}

/** A size in bytes, formatted for people. */
export function bytes(count) {
  return count < 1e6 ? `${Math.max(1, Math.round(count / 1e3))} KB` : `${(count / 1e6).toFixed(1)} MB`;
}

// Small helpers for elements: find them, make them, and fill in words.

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

/** Let an element have these children; those that it has already stay in place, with their focus and their playing. */
export function setChildren(parent, children) {
  for (const child of [...parent.children]) if (!children.includes(child)) child.remove();
  for (const [place, child] of children.entries())
    if (parent.children[place] !== child) parent.insertBefore(child, parent.children[place] ?? null);
}

/** Fill in the words of all elements below a root that name one: data-text, data-label, data-placeholder, data-alt. */
export function translate(root = document) {
  for (const [key, set] of [
    ["text", (element, words) => (element.textContent = words)],
    ["label", (element, words) => { element.setAttribute("aria-label", words); element.title = words; }],
    ["placeholder", (element, words) => (element.placeholder = words)],
    ["alt", (element, words) => (element.alt = words)],
  ])
    for (const element of findAll(`[data-${key}]`, root)) set(element, strings[element.dataset[key]]);
}

/** Say something to everybody, screen readers included. */
export function say(words, isError = false) {
  const note = find("#note");
  note.textContent = words;
  note.classList.toggle("error", isError);
}

const LATE = 500; // milliseconds after which something is said to take its time
const awaited = new Set(); // the AbortControllers of what takes longer

/** Wait for what a function begins, given a signal; where it takes longer than half a second it can be cancelled. */
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

/** Say what went wrong, or that it was cancelled. */
export function complain(error) {
  if (error.name === "AbortError") say(strings.cancelled);
  else say(error.message, true);
}

/** Give a file to the person. */
export function download(blob, name) {
  const url = URL.createObjectURL(blob);
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Ask for a file of a kind, and pass it on if the person chooses one. */
export function chooseFile(accept, took) {
  const input = find("#chooser");
  input.accept = accept;
  input.value = "";
  input.onchange = () => input.files[0] && took(input.files[0]);
  input.click();
}

/** Show the picture of a blob in an image, and let go of the one it showed before. */
export function showBlob(image, blob) {
  if (image.src.startsWith("blob:")) URL.revokeObjectURL(image.src);
  image.src = URL.createObjectURL(blob);
}

/** A size in bytes as people read it. */
export function bytes(count) {
  return count < 1e6 ? `${Math.max(1, Math.round(count / 1e3))} KB` : `${(count / 1e6).toFixed(1)} MB`;
}

// The styles to choose from: the searchable gallery, shown on the user's own photo, and the user's own pictures.

import * as api from "./api.js";
import { chooseFile, complain, find, findAll, make, patiently, say, showBlob, tell } from "./dom.js";
import { keep } from "./files.js";
import { onPhoto, photo, reduced } from "./photo.js";
import { busy } from "./preview.js";
import { rendering } from "./save.js";
import { DEFAULTS, MOST_STYLES, onChange, settings, toggleStyle } from "./state.js";
import { strings } from "./strings.js";

const THUMBNAIL = 112;
const PAUSE = 60; // milliseconds between two checks whether the preview is done

/** The gallery's styles as the API lists them. */
export let known = [];

const visible = new Set(); // buttons in view
let made = new WeakSet(); // buttons that show the photo in use
let painting = false;
let watcher = null; // observes which buttons come into view

export async function start() {
  find("#search").oninput = search;
  find("#own-style").onclick = () => chooseFile("image/*,.tif,.tiff,.heic,.heif,.avif", addOwn);
  find("#words-form").onsubmit = addWords;
  find("#shuffle").onclick = () => choose(known[Math.floor(Math.random() * known.length)].name, true);
  onChange(mark);
  onPhoto(() => {
    made = new WeakSet();
    paintThumbnails();
  });
  known = await api.styles();
  api.models().then((models) => { find("#words-form").hidden = !models.some((model) => model.words); });
  watcher = new IntersectionObserver(onSeen, { root: find("#gallery"), rootMargin: "100px" });
  for (const style of known) {
    const button = item(style.name, style.about, style.thumbnail);
    find("#gallery").append(button);
    watcher.observe(button);
  }
}

function item(name, about, address, label = name) {
  const image = make("img", { src: address, alt: "", width: THUMBNAIL, height: THUMBNAIL, loading: "lazy" });
  const button = make("button", { class: "style", type: "button", "aria-pressed": "false", title: about || null },
    image, make("span", {}, label));
  button.dataset.style = name;
  button.onclick = () => choose(name);
  return button;
}

/** All styles that can be chosen: words and pictures of the user, then the gallery's. */
export const choices = () =>
  findAll("#gallery .style").map(({ dataset }) => ({ name: dataset.style, file: dataset.file ?? null }));

/** Choose a style or deselect it; alone: instead of all others. Returns false if the blend is full. */
export function choose(name, alone = false) {
  if (alone) for (const style of settings().styles) toggleStyle(style.name);
  const file = find(`[data-style="${CSS.escape(name)}"]`)?.dataset.file;
  const fits = toggleStyle(name, file);
  if (!fits) say(strings.atMost(MOST_STYLES), true);
  return fits;
}

async function addOwn(file) {
  const key = keep("style", file, file.name);
  const button = item(file.name, "", null);
  button.dataset.file = key;
  find("#gallery").prepend(button);
  choose(file.name);
  try {
    showBlob(find("img", button), await patiently((signal) => api.decode(file, THUMBNAIL, signal)));
  } catch (error) {
    choose(file.name);
    button.remove();
    complain(error);
  }
}

async function addWords(event) {
  event.preventDefault();
  const text = find("#words").value.trim();
  const name = `words: ${text}`;
  if (find(`#gallery [data-style="${CSS.escape(name)}"]`)) {
    if (!settings().styles.some((style) => style.name === name)) choose(name);
    return;
  }
  try {
    const notices = await patiently((signal) => api.understand(name, signal));
    const button = item(name, text, null, `“${text}”`);
    find("#gallery").prepend(button);
    watcher.observe(button);
    find("#gallery").scrollTop = 0;
    if (choose(name)) tell(notices);
  } catch (error) {
    complain(error);
  }
}

function mark() {
  const chosen = new Set(settings().styles.map((style) => style.name));
  for (const button of findAll("#gallery .style"))
    button.setAttribute("aria-pressed", chosen.has(button.dataset.style));
}

function search() {
  const words = find("#search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const about = new Map(known.map((style) => [style.name, `${style.kind} ${style.about}`.toLowerCase()]));
  let found = 0;
  for (const button of findAll("#gallery .style")) {
    const text = `${button.dataset.style.toLowerCase()} ${about.get(button.dataset.style) ?? ""}`;
    button.hidden = !words.every((word) => text.includes(word));
    found += !button.hidden;
  }
  find("#no-styles").hidden = found > 0;
}

function onSeen(entries) {
  for (const { target, isIntersecting } of entries)
    if (isIntersecting) visible.add(target);
    else visible.delete(target);
  paintThumbnails();
}

const wanting = (button) => visible.has(button) && !made.has(button) && !button.dataset.file;

/** Show the styles in view on the photo, one after the other, whenever the preview is idle. */
async function paintThumbnails() {
  if (painting || !photo) return;
  painting = true;
  try {
    for (let button; (button = findAll("#gallery .style").find(wanting)); ) {
      while (busy() || rendering()) await new Promise((resolve) => setTimeout(resolve, PAUSE));
      const of = photo;
      const look = { ...DEFAULTS, styles: [{ name: button.dataset.style, weight: 1 }] };
      const content = await reduced(THUMBNAIL * 1.5);
      const pastiche = await api.stylize(content, look, { output: { format: "webp" } }).catch((error) => {
        if (error.status !== 400) throw error; // 400: a style that was removed since
      });
      if (of !== photo) continue;
      made.add(button);
      if (pastiche) showBlob(find("img", button), pastiche);
    }
  } catch {
    // Thumbnails are optional: if the server is too busy, those of the gallery remain.
  } finally {
    painting = false;
  }
}

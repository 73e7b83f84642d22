// The pastiche at full size: painted by the API from the file itself, with progress, and saved by the user.

import { paints, stylize, watchProgress } from "./api.js";
import { show } from "./compare.js";
import { bytes, download, find, say } from "./dom.js";
import { onPhoto, photo } from "./photo.js";
import * as preview from "./preview.js";
import { change, onChange, settings } from "./state.js";
import { strings } from "./strings.js";

const ENDINGS = { jpeg: "jpg", tiff: "tif" };
const LATE = 500; // milliseconds after which progress is shown
const LONGEST = 60; // letters of a style in the name of a file

let running = null; // the AbortController of the pastiche that is being painted

/** Whether the pastiche at full size is being painted. */
export const rendering = () => running !== null;

export function start() {
  find("#render").onclick = render;
  find("#cancel").onclick = () => running?.abort();
  find("#size").onchange = ({ target }) => change({ size: Number(target.value) || null });
  find("#format").onchange = ({ target }) => change({ format: target.value });
  find("#quality").onchange = ({ target }) => change({ quality: Number(target.value) || null });
  find("#strip").onchange = ({ target }) => change({ strip: target.checked });
  // The pastiche is outdated as soon as anything changes.
  onChange(() => running?.abort());
  onChange(showSettings);
  onPhoto(() => running?.abort());
  onPhoto(showSettings);
  showSettings();
}

function showSettings() {
  const now = settings();
  find("#size").value = now.size ?? "";
  find("#format").value = now.format;
  find("#quality").value = now.quality ?? "";
  find("#strip").checked = now.strip;
  find("#render").disabled = !photo || !paints(now);
}

/** The fields of the API that set how a pastiche is written. */
export function output({ size, format, quality, strip }) {
  return { size, format, quality, strip: strip ? "all" : null };
}

async function render() {
  const controller = (running = new AbortController());
  const stale = preview.stop(); // otherwise the preview would arrive later and replace the pastiche
  const key = randomKey();
  const bar = find("#progress");
  let forget = () => {};
  const late = setTimeout(() => {
    find("#rendering").hidden = false;
    bar.removeAttribute("value");
    forget = watchProgress(key, (fraction) => { bar.value = fraction; });
  }, LATE);
  find("#render").disabled = true;
  say("");
  try {
    const pastiche = await stylize(photo.file, settings(), {
      output: output(settings()), signal: controller.signal, progress: key,
    });
    await showPainted(pastiche);
    download(pastiche, nameOf(pastiche));
  } catch (error) {
    if (stale) preview.refresh();
    say(error.name === "AbortError" ? strings.cancelled : error.message, error.name !== "AbortError");
  } finally {
    clearTimeout(late);
    forget();
    if (running === controller) running = null;
    find("#rendering").hidden = true;
    showSettings();
  }
}

/** Show the pastiche itself, so that zooming in shows its own pixels; for TIFF show only its size. */
async function showPainted(pastiche) {
  try {
    const { width, height } = await createImageBitmap(pastiche);
    show(pastiche);
    say(strings.painted(width, height, bytes(pastiche.size)));
  } catch {
    say(bytes(pastiche.size));
  }
}

/** A key that cannot be guessed. (randomUUID needs https or this machine, but a phone may use http.) */
function randomKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function nameOf(pastiche) {
  const stem = photo.file.name.replace(/\.[^.]*$/, "");
  const names = settings().styles.map(({ name, file }) =>
    name.replace(file ? /\.[^.]*$/ : /^words: /, "").replace(/[^\p{L}\p{N}_-]+/gu, "-").slice(0, LONGEST));
  const kind = pastiche.type.replace("image/", "");
  return `${[stem, names.join("+") || "regions"].join("-")}.${ENDINGS[kind] ?? kind}`;
}

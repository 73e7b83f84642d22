// Video: shows one frame of a chosen clip at once. The list of clips comes from the server, so it survives a reload.

import * as api from "./api.js";
import { bytes, chooseFile, complain, find, make, patiently, say, setChildren } from "./dom.js";
import { take } from "./photo.js";
import { change, onChange, settings } from "./state.js";
import { strings } from "./strings.js";

const PAUSE = 500; // milliseconds between two requests for the progress of clips
const KINDS = "video/*,.mkv,.avi,.mov,.webm,.mp4";

let clip = null; // the file that was chosen
let timer = null; // until the list is requested again

export async function start() {
  find("#choose-clip").onclick = () => chooseFile(KINDS, takeClip);
  find("#paint-clip").onclick = paint;
  document.addEventListener("drop", ({ dataTransfer: { files } }) => {
    if (files[0] && document.body.matches("[data-tab=video]")) takeClip(files[0]);
  });
  const steady = find("#steady");
  steady.onchange = () => change({ steady: Number(steady.value) });
  onChange(() => {
    steady.value = settings().steady;
    showReady();
  });
  await refresh();
}

/** Use the first frame of a chosen clip as the photo, so that the effect of every setting is shown at once. */
function takeClip(file) {
  clip = file;
  find("#clip-name").textContent = `${file.name}, ${bytes(file.size)}`;
  showReady();
  const video = make("video", { muted: true, playsinline: true, preload: "auto" });
  video.src = URL.createObjectURL(file);
  video.onloadeddata = () => { video.currentTime = Math.min(1, video.duration / 2 || 0); };
  video.onseeked = async () => {
    const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
    canvas.getContext("2d").drawImage(video, 0, 0);
    URL.revokeObjectURL(video.src);
    const frame = await canvas.convertToBlob({ type: "image/png" });
    take(new File([frame], `${file.name}.png`, { type: "image/png" }));
  };
  video.onerror = () => say(strings.browserCannotShow);
}

function showReady() {
  find("#paint-clip").disabled = !clip || settings().styles.length === 0;
}

async function paint() {
  find("#paint-clip").disabled = true;
  try {
    await patiently((signal) => api.startClip(clip, settings(), signal));
    say("");
  } catch (error) {
    complain(error);
  }
  showReady();
  refresh();
}

/** Show the list of clips, and request it again until all of them have ended. */
async function refresh() {
  let list;
  try {
    list = await api.clips();
  } catch (error) {
    return say(error.message, true);
  }
  find("#no-clips").hidden = list.length > 0;
  const rows = new Map([...find("#clips").children].map((row) => [row.id, row]));
  setChildren(find("#clips"), list.map((state) => {
    const row = rows.get(`clip-${state.id}`) ?? makeRow(state);
    showState(row, state);
    return row;
  }));
  clearTimeout(timer);
  if (!list.every(over)) timer = setTimeout(refresh, PAUSE);
}

const over = ({ state }) => state !== "waiting" && state !== "painting";

const makeRow = ({ id }) => make("li", { id: `clip-${id}`, class: "clip" },
  make("span", { class: "name" }), make("progress"), make("button", { type: "button", onclick: () => remove(id) }));

/** Update a row without replacing its button or a running player. */
function showState(row, state) {
  if (row.dataset.state === state.state && over(state)) return;
  row.dataset.state = state.state;
  const left = state.left === null ? "" : strings.seconds(state.left);
  const words = state.error ??
    (state.state === "painting" ? strings.clipProgress(state.frames, state.count, left) : strings.clipStates[state.state]);
  find(".name", row).textContent = words;
  const progress = find("progress", row);
  progress.hidden = over(state);
  progress.setAttribute("aria-label", words);
  if (state.count) [progress.max, progress.value] = [state.count, state.frames];
  const button = find("button", row);
  button.textContent = over(state) ? strings.remove : strings.stop;
  if (!over(state)) return;
  if (state.state === "done")
    button.before(
      make("video", { controls: true, src: api.clipAddress(state.id), "aria-label": strings.player }),
      make("a", { class: "button", href: api.clipAddress(state.id), download: "" }, strings.download));
  for (const note of state.notes) button.before(make("small", {}, note));
}

async function remove(id) {
  try {
    await api.removeClip(id);
  } catch (error) {
    say(error.message, true);
  }
  refresh();
}

// Video: a clip goes in, one frame is shown at once, and the list of clips comes from the server, so it survives a reload.

import * as api from "./api.js";
import { bytes, chooseFile, find, make, say } from "./dom.js";
import { take } from "./photo.js";
import { change, onChange, settings } from "./state.js";
import { strings } from "./strings.js";

const KINDS = "video/*,.mkv,.avi,.mov,.webm,.mp4";

let clip = null; // the file that was chosen
const watched = new Map(); // id -> EventSource

export async function start() {
  find("#choose-clip").onclick = () => chooseFile(KINDS, takeClip);
  find("#paint-clip").onclick = paint;
  const steady = find("#steady");
  steady.onchange = () => change({ steady: Number(steady.value) });
  onChange(() => {
    steady.value = settings().steady;
    showReady();
  });
  await refresh();
}

/** A clip was chosen: its first frame becomes the photo, so that every setting can be seen at once. */
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
    await api.startClip(clip, settings());
    say("");
  } catch (error) {
    say(error.message, true);
  }
  showReady();
  refresh();
}

async function refresh() {
  let list;
  try {
    list = await api.clips();
  } catch (error) {
    return say(error.message, true);
  }
  find("#no-clips").hidden = list.length > 0;
  const rows = new Map([...find("#clips").children].map((row) => [row.id, row]));
  find("#clips").replaceChildren(...list.map((state) => {
    const row = rows.get(`clip-${state.id}`) ?? make("li", { id: `clip-${state.id}`, class: "clip" });
    showState(row, state);
    watch(row, state);
    return row;
  }));
}

const over = ({ state }) => state !== "waiting" && state !== "painting";

/** Follow a clip until it is over. */
function watch(row, { id, state }) {
  if (over({ state }) || watched.has(id)) return;
  const events = api.clipEvents(id);
  watched.set(id, events);
  const told = (event) => showState(row, JSON.parse(event.data));
  const ended = (event) => {
    told(event);
    events.close();
    watched.delete(id);
  };
  events.addEventListener("progress", told);
  for (const name of ["done", "failed", "stopped"]) events.addEventListener(name, ended);
}

function showState(row, state) {
  if (row.dataset.state === "done") return; // a player that plays is left alone
  row.dataset.state = state.state;
  const left = state.left === null ? "" : strings.seconds(state.left);
  const words = state.error ??
    (state.state === "painting" ? strings.clipProgress(state.frames, state.count, left) : strings.clipStates[state.state]);
  const parts = [make("span", { class: "name" }, words)];
  if (!over(state)) parts.push(make("progress", { max: state.count ?? 1, value: state.frames, "aria-label": words }));
  if (state.state === "done") {
    parts.push(make("video", { controls: true, src: api.clipAddress(state.id), "aria-label": strings.player }));
    parts.push(make("a", { class: "button", href: api.clipAddress(state.id), download: "" }, strings.download));
  }
  for (const note of state.notes) parts.push(make("small", {}, note));
  parts.push(make("button", { type: "button", onclick: () => remove(state.id) }, over(state) ? strings.remove : strings.stop));
  row.replaceChildren(...parts);
}

async function remove(id) {
  watched.get(id)?.close();
  watched.delete(id);
  try {
    await api.removeClip(id);
  } catch (error) {
    say(error.message, true);
  }
  refresh();
}

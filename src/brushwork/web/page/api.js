// The only module that talks to the server, and only to the documented API.

import { blobOf } from "./files.js";
import { strings } from "./strings.js";

/** A request that the server refused, with its one line of explanation. */
export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch (error) {
    throw error.name === "AbortError" ? error : new Error(strings.offline);
  }
  if (answer.ok) return answer;
  if (answer.status === 401) location.reload();
  const problem = await answer.json().catch(() => ({ detail: answer.statusText }));
  throw new Refused(answer.status, problem.detail);
}

export const styles = async () => (await ask("/v1/styles")).json();
/** Lines that tell the user how a style in words was understood. */
export async function understand(name, signal) {
  const form = new FormData();
  form.append("style_name", name);
  return (await (await ask("/v1/embed", { method: "POST", body: form, signal })).json()).notices;
}

export const models = async () => (await ask("/v1/models")).json();
export const clips = async () => (await ask("/v1/clips")).json();
export const removeClip = (id) => ask(`/v1/clips/${id}`, { method: "DELETE" });
export const clipAddress = (id) => `/v1/clips/${id}/pastiche`;

/** The styles of a request; pictures come first, as in the API, and weights in the same order. */
function addStyles(form, chosen) {
  const pictures = chosen.filter((style) => style.file);
  const named = chosen.filter((style) => !style.file);
  for (const style of pictures) form.append("style", blobOf(style.file), style.name);
  for (const style of named) form.append("style_name", style.name);
  const weights = [...pictures, ...named].map((style) => style.weight);
  if (weights.length > 1 && weights.some((weight) => weight > 0)) form.append("weights", weights.join(","));
}

function addRegions(form, { regions, protect }) {
  for (const { mask, style, file, strength } of regions) {
    if (!mask || !style) continue;
    form.append("mask", blobOf(mask), `${mask}.png`);
    if (file) form.append("region_style", blobOf(file), file);
    form.append("region", `${mask}.png=${file ?? style}:${strength}`);
  }
  if (protect) form.append("protect", blobOf(protect), "protect.png");
}

function addLook(form, { strength, stroke, detail, styleSize, keepColors }) {
  form.append("strength", strength);
  if (stroke) form.append("stroke", stroke);
  if (detail !== null) form.append("detail", detail);
  if (styleSize) form.append("style_size", styleSize);
  if (keepColors) form.append("keep_colors", keepColors);
}

/** Whether the settings name a style or a region. */
export const paints = ({ styles: chosen, regions }) =>
  chosen.length > 0 || regions.some((region) => region.mask && region.style);

/**
 * The pastiche of a picture as a blob. Output settings (size, format ...) are used only if `output` is given. `notices`
 * is called with lines for the user, such as words that are unknown.
 */
export async function stylize(content, chosen, { output = {}, signal, progress, notices } = {}) {
  const form = new FormData();
  form.append("content", content, content.name ?? "photo");
  addStyles(form, chosen.styles);
  addLook(form, chosen);
  addRegions(form, chosen);
  for (const [name, value] of Object.entries(output)) if (value) form.append(name, value);
  if (progress) form.append("progress", progress);
  const answer = await ask("/v1/stylize", { method: "POST", body: form, signal });
  notices?.(JSON.parse(answer.headers.get("Brushwork-Notices") ?? "[]"));
  return answer.blob();
}

/** A picture in any format that the server reads, as the server sees it: upright, sRGB, with a long side of at most `size`. */
export function decode(file, size, signal) {
  const photo = { styles: [], regions: [], strength: 0, detail: null };
  return stylize(file, photo, { output: { size, format: "webp", quality: 92 }, signal });
}

/** Report the progress of a request, from 0 to 1, until the returned function is called. */
export function watchProgress(key, tell) {
  const events = new EventSource(`/v1/progress/${key}`);
  events.addEventListener("progress", (event) => tell(JSON.parse(event.data).fraction));
  events.addEventListener("done", () => events.close());
  return () => events.close();
}

const embeddings = new Map(); // file and style size -> numbers

/** A picture's style as numbers; requested only once. */
async function embed(key, name, styleSize) {
  const known = `${key} ${styleSize}`;
  if (!embeddings.has(known)) {
    const form = new FormData();
    form.append("style", blobOf(key), name);
    if (styleSize) form.append("style_size", styleSize);
    embeddings.set(known, (await (await ask("/v1/embed", { method: "POST", body: form })).json()).embedding);
  }
  return embeddings.get(known);
}

/** Settings in the form that the camera connection takes. */
async function cameraSettings({ styles: chosen, strength, stroke, detail, styleSize, keepColors }) {
  const rows = await Promise.all(chosen.map(({ name, file }) => (file ? embed(file, name, styleSize) : name)));
  const weights = chosen.map((style) => style.weight);
  return {
    styles: rows, strength, detail, style_size: styleSize, ...(stroke && { stroke: String(stroke) }),
    weights: weights.some((weight) => weight > 0) ? weights : null, keep_colors: keepColors === "luma" ? "luma" : null,
  };
}

/**
 * Connect a camera. `painted` is called with the number of a frame and its pastiche, `refused` with a problem that may
 * name a frame, `closed` at the end. A frame that the server drops is answered by a later one.
 */
export async function connectCamera({ painted, refused, closed }) {
  const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/v1/camera`);
  socket.binaryType = "arraybuffer";
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error(strings.noCameraLine));
  });
  socket.onclose = closed;
  socket.onmessage = ({ data }) => {
    if (typeof data === "string") return refused(JSON.parse(data));
    painted(new DataView(data).getUint32(0), new Blob([data.slice(4)], { type: "image/jpeg" }));
  };
  let newest = 0;
  const tell = (message) => socket.readyState === WebSocket.OPEN && socket.send(message);
  return {
    async use(chosen) {
      const mine = ++newest;
      const wanted = await cameraSettings(chosen);
      if (mine === newest) tell(JSON.stringify(wanted));
    },
    send(number, frame) {
      const head = new DataView(new ArrayBuffer(4));
      head.setUint32(0, number);
      tell(new Blob([head, frame]));
    },
    close() {
      socket.onclose = null;
      socket.close();
    },
  };
}

/** Start painting a clip; returns its state. */
export async function startClip(clip, chosen, signal) {
  const form = new FormData();
  form.append("clip", clip, clip.name);
  addStyles(form, chosen.styles);
  form.append("strength", chosen.strength);
  form.append("steady", chosen.steady);
  if (chosen.detail !== null) form.append("detail", chosen.detail);
  if (chosen.styleSize) form.append("style_size", chosen.styleSize);
  if (chosen.keepColors === "luma") form.append("keep_colors", "luma");
  if (chosen.size) form.append("size", chosen.size);
  return (await ask("/v1/clips", { method: "POST", body: form, signal })).json();
}

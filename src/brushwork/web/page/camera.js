// The camera: a frame goes to the server when an earlier one has come back, so nothing piles up.

import { paints, stylize } from "./api.js";
import { showFrame } from "./compare.js";
import { find, say } from "./dom.js";
import { take } from "./photo.js";
import { DEFAULTS, settings } from "./state.js";
import { strings } from "./strings.js";

const SIDE = 384; // long side of a frame
const MOST_ON_WAY = 2; // frames: one is painted while the next is sent
const IDLE = 40; // milliseconds between two frames while no style is chosen
const BUSY = 1000; // milliseconds to wait for a server that has too much to do
const FADE = 0.15; // of the way from one blend to another, a frame

let stream = null;
let weights = new Map(); // name -> weight, on the way to the chosen blend

export function start() {
  find("#start-camera").onclick = open;
  find("#stop-camera").onclick = close;
  find("#keep-photo").onclick = keepPhoto;
}

/** Let go of the camera. */
export function close() {
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
  find("#camera-controls").classList.remove("running");
}

async function open() {
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { width: 640 } });
  } catch {
    return say(strings.noCamera, true);
  }
  const video = find("#camera-video");
  video.srcObject = stream;
  await video.play();
  find("#camera-controls").classList.add("running");
  say("");
  weights = new Map();
  play(video);
}

function frame(video, side) {
  const scale = Math.min(1, side / Math.max(video.videoWidth, video.videoHeight));
  const canvas = new OffscreenCanvas(Math.round(video.videoWidth * scale), Math.round(video.videoHeight * scale));
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 });
}

/** Move the weights a little towards the chosen styles, so that one style becomes another smoothly. */
function fade(chosen) {
  const wanted = new Map(chosen.map((style) => [style.name, style]));
  const first = weights.size === 0;
  for (const name of new Set([...weights.keys(), ...wanted.keys()])) {
    const { weight: target = 0, file } = wanted.get(name) ?? { file: weights.get(name).file };
    const now = weights.get(name)?.weight ?? 0;
    const next = first ? target : now + FADE * Math.sign(target - now) * Math.min(1, Math.abs(target - now) / FADE);
    if (next < 0.01 && target === 0) weights.delete(name);
    else weights.set(name, { weight: next, file });
  }
  return [...weights].slice(0, 8).map(([name, { weight, file }]) => ({ name, weight, file }));
}

/** Send a frame; its pastiche comes later, and is null while no style is chosen. */
async function send(content) {
  const chosen = { ...DEFAULTS, ...settings(), regions: [], protect: null };
  if (!paints(chosen)) return null;
  return stylize(content, { ...chosen, styles: fade(chosen.styles) }, { output: { format: "jpeg", quality: 85 } });
}

/** Show frames as they come back. Few are on their way at a time, so the camera waits for a server that is slower. */
async function play(video) {
  const mine = stream;
  const onWay = [];
  let last = performance.now();
  while (stream === mine && stream !== null) {
    const content = await frame(video, SIDE);
    const pastiche = send(content);
    pastiche.catch(() => {}); // told where it is waited for
    onWay.push({ content, pastiche });
    if (onWay.length < MOST_ON_WAY) continue;
    const next = onWay.shift();
    try {
      const painted = await next.pastiche;
      if (stream !== mine) return;
      showFrame(next.content, painted);
      if (painted === null) {
        say(strings.chooseStyle);
        await pause(IDLE);
      }
    } catch (error) {
      if (error.status !== 429) return close(), say(error.message, true);
      await pause(BUSY);
    }
    const now = performance.now();
    find("#camera-rate").textContent = strings.cameraRate((1000 / (now - last)).toFixed(1));
    last = now;
  }
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** The frame as the camera sees it becomes the photo. */
async function keepPhoto() {
  const photo = await frame(find("#camera-video"), 4096);
  close();
  find("#tab-photo").click();
  take(new File([photo], "camera.jpg", { type: "image/jpeg" }));
}

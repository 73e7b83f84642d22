// The camera: sends frames to the server over a WebSocket, with only a few unanswered at a time, so that no queue builds up.

import { connectCamera, paints } from "./api.js";
import { showFrame } from "./compare.js";
import { find, say } from "./dom.js";
import { take } from "./photo.js";
import { onChange, settings } from "./state.js";
import { strings } from "./strings.js";

const SIDE = 384; // long side of a frame
const MOST_ON_WAY = 2; // frames: one is painted while the next is sent
const IDLE = 40; // milliseconds between two frames while no style is chosen
const BUSY = 1000; // milliseconds to wait for a busy server

let stream = null;
let line = null; // the connection to the server
let answered = () => {}; // called when a frame has come back, or the connection has ended
let rest = 0; // milliseconds to wait before the next frame

export function start() {
  find("#start-camera").onclick = open;
  find("#stop-camera").onclick = close;
  find("#keep-photo").onclick = keepPhoto;
  onChange(useStyles);
}

/** Release the camera. */
export function close() {
  for (const track of stream?.getTracks() ?? []) track.stop();
  line?.close();
  stream = line = null;
  answered();
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
  try {
    await play(video);
  } catch (error) {
    close();
    say(error.message, true);
  }
}

function frame(video, side) {
  const scale = Math.min(1, side / Math.max(video.videoWidth, video.videoHeight));
  const canvas = new OffscreenCanvas(Math.round(video.videoWidth * scale), Math.round(video.videoHeight * scale));
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 });
}

/** Make the server paint in the currently chosen styles; it cross-fades between styles. */
function useStyles() {
  if (line && paints(look())) line.use(look()).catch((error) => say(error.message, true));
}

const look = () => ({ ...settings(), regions: [], protect: null });

/** Show frames as they come back, until the camera is closed. */
async function play(video) {
  const mine = stream;
  const onWay = new Map(); // number -> frame
  let last = performance.now();
  const done = (number) => {
    for (const each of onWay.keys()) if (each <= number) onWay.delete(each);
    answered();
  };
  const connected = await connectCamera({
    painted(number, pastiche) {
      if (stream === mine && onWay.has(number)) showFrame(onWay.get(number), pastiche);
      done(number);
      const now = performance.now();
      find("#camera-rate").textContent = strings.cameraRate((1000 / (now - last)).toFixed(1));
      last = now;
    },
    refused({ number, status, detail }) {
      if (status === 429) rest = BUSY;
      else say(detail, true);
      done(number ?? -1);
    },
    closed() {
      close();
      say(strings.cameraLineLost, true);
    },
  });
  if (stream !== mine) return connected.close();
  line = connected;
  useStyles();
  for (let number = 1; stream === mine; number++) {
    const content = await frame(video, SIDE);
    if (stream !== mine) return;
    if (!paints(look())) {
      showFrame(content, null);
      say(strings.chooseStyle);
      await pause(IDLE);
      continue;
    }
    onWay.set(number, content);
    line.send(number, content);
    while (onWay.size >= MOST_ON_WAY && stream === mine) await new Promise((resolve) => { answered = resolve; });
    if (rest) await pause(rest);
    rest = 0;
  }
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Use the current frame of the camera as the photo. */
async function keepPhoto() {
  const photo = await frame(find("#camera-video"), 4096);
  close();
  find("#tab-photo").click();
  take(new File([photo], "camera.jpg", { type: "image/jpeg" }));
}

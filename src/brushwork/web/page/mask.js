// The canvas over the photo on which a mask is painted: brush and eraser, by pointer or by keyboard.

import { find } from "./dom.js";
import { photo } from "./photo.js";

const INK = "rgb(255, 64, 129)";
const STEP = 0.02; // fraction of the picture's width that an arrow key moves

let done = null; // called with the mask as a PNG blob when the user is done
let erasing = false;
let cursor = null; // {x, y} in pixels of the canvas

const canvas = () => find("#mask");
const context = () => canvas().getContext("2d", { willReadFrequently: true });
const radius = () => (Number(find("#brush-size").value) / 200) * Math.max(canvas().width, canvas().height);

/** Open the canvas with a mask to continue, or an empty one; `finish` gets the painted mask. */
export async function edit(mask, finish) {
  done = finish;
  canvas().width = photo.width;
  canvas().height = photo.height;
  cursor = { x: photo.width / 2, y: photo.height / 2 };
  if (mask) await drawMask(mask);
  useBrush(false);
  find("#stage").classList.add("editing");
  find("#mask-tools").hidden = false;
  canvas().focus();
}

export function start() {
  find("#brush").onclick = () => useBrush(false);
  find("#eraser").onclick = () => useBrush(true);
  find("#mask-done").onclick = finish;
  canvas().addEventListener("pointerdown", onPointer);
  canvas().addEventListener("keydown", onKey);
}

async function finish() {
  find("#stage").classList.remove("editing");
  find("#mask-tools").hidden = true;
  done?.(await toMask());
  done = null;
}

function useBrush(eraser) {
  erasing = eraser;
  find("#brush").setAttribute("aria-pressed", !eraser);
  find("#eraser").setAttribute("aria-pressed", eraser);
}

function stroke(from, to) {
  const drawing = context();
  drawing.globalCompositeOperation = erasing ? "destination-out" : "source-over";
  drawing.strokeStyle = INK;
  drawing.lineCap = "round";
  drawing.lineWidth = 2 * radius();
  drawing.beginPath();
  drawing.moveTo(from.x, from.y);
  drawing.lineTo(to.x, to.y);
  drawing.stroke();
}

function onPointer(event) {
  if (event.button !== 0) return;
  event.preventDefault();
  canvas().setPointerCapture(event.pointerId);
  const place = ({ clientX, clientY }) => {
    const box = canvas().getBoundingClientRect();
    return {
      x: ((clientX - box.left) / box.width) * canvas().width,
      y: ((clientY - box.top) / box.height) * canvas().height,
    };
  };
  cursor = place(event);
  stroke(cursor, cursor);
  const move = (moved) => {
    const next = place(moved);
    stroke(cursor, next);
    cursor = next;
  };
  canvas().addEventListener("pointermove", move);
  canvas().addEventListener("pointerup", () => canvas().removeEventListener("pointermove", move), { once: true });
}

function onKey(event) {
  const step = STEP * canvas().width;
  const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
  if (event.key === " ") stroke(cursor, cursor);
  else if (event.key === "Escape" || event.key === "Enter") finish();
  else if (moves[event.key]) {
    const next = { x: cursor.x + moves[event.key][0], y: cursor.y + moves[event.key][1] };
    if (event.shiftKey) stroke(cursor, next);
    cursor = next;
  } else return;
  event.preventDefault();
}

/** The canvas as a mask: white where it is painted, black elsewhere; null if nothing is painted. */
async function toMask() {
  const painted = context().getImageData(0, 0, canvas().width, canvas().height);
  let any = false;
  for (let at = 0; at < painted.data.length; at += 4) {
    const level = painted.data[at + 3];
    any ||= level > 0;
    painted.data.fill(level, at, at + 3);
    painted.data[at + 3] = 255;
  }
  if (!any) return null;
  const mask = new OffscreenCanvas(canvas().width, canvas().height);
  mask.getContext("2d").putImageData(painted, 0, 0);
  return mask.convertToBlob({ type: "image/png" });
}

/** Draw a mask onto the canvas: its lightness becomes the opacity of the paint. */
async function drawMask(mask) {
  const bitmap = await createImageBitmap(mask);
  const scaled = new OffscreenCanvas(canvas().width, canvas().height);
  const reading = scaled.getContext("2d");
  reading.drawImage(bitmap, 0, 0, scaled.width, scaled.height);
  const pixels = reading.getImageData(0, 0, scaled.width, scaled.height);
  const [red, green, blue] = INK.match(/\d+/g).map(Number);
  for (let at = 0; at < pixels.data.length; at += 4) {
    const level = (pixels.data[at] * pixels.data[at + 3]) / 255;
    pixels.data.set([red, green, blue, level], at);
  }
  context().putImageData(pixels, 0, 0);
}

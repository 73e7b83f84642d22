// The photo: dropped, pasted or chosen. Holds the file itself and the reduced copy for previews.

import { decode } from "./api.js";
import { chooseFile, complain, find, patiently, say } from "./dom.js";

export const LARGE = 1024; // long side of a preview: strokes look as they will at full size
const KINDS = "image/*,.tif,.tiff,.heic,.heif,.avif,.webp";

/**
 * The photo in use, null before the first: the file, the reduced copy with its bitmap and size, and still smaller copies
 * by their long side.
 */
export let photo = null;
const listeners = new Set();
let asked = 0;

export function onPhoto(listener) {
  listeners.add(listener);
}

/** Use a file as the photo. If several are loading, the newest is used. */
export async function take(file) {
  const number = ++asked;
  say("");
  try {
    const copy = await patiently((signal) => decode(file, LARGE, signal));
    const bitmap = await createImageBitmap(copy);
    if (number !== asked) return;
    photo = { file, copy, bitmap, width: bitmap.width, height: bitmap.height, copies: new Map() };
    for (const listener of listeners) listener(photo);
  } catch (error) {
    if (number === asked) complain(error);
  }
}

/** A copy of the photo with a long side of at most this many pixels, as a blob; made once. */
export function reduced(side) {
  if (!photo.copies.has(side)) photo.copies.set(side, reduce(side));
  return photo.copies.get(side);
}

async function reduce(side) {
  const scale = Math.min(1, side / Math.max(photo.width, photo.height));
  if (scale === 1) return photo.copy;
  const canvas = new OffscreenCanvas(Math.round(photo.width * scale), Math.round(photo.height * scale));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(photo.bitmap, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob({ type: "image/webp", quality: 0.92 });
}

/** Connect the buttons, drag and drop on the whole page, and the clipboard. */
export function start() {
  find("#choose-photo").onclick = find("#another-photo").onclick = () => chooseFile(KINDS, take);
  find("#example").onclick = async () => {
    const answer = await fetch("/page/example.jpg");
    take(new File([await answer.blob()], "example.jpg", { type: "image/jpeg" }));
  };
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    const file = event.dataTransfer.files[0];
    if (file && !document.body.matches("[data-tab=video]")) take(file);
  });
  document.addEventListener("paste", (event) => {
    const file = [...event.clipboardData.files].find((each) => each.type.startsWith("image/"));
    if (file) take(file);
  });
}

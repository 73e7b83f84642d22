// Before and after: a divider over two pictures, or both side by side; zoom, pan and full screen.

import { find, showBlob } from "./dom.js";

const MOST_ZOOM = 16;

let zoom = 1;
let left = 0; // of the picture, as a fraction of the stage
let top_ = 0;

let frames = false; // whether frames of a camera are shown instead of the photo

const stage = () => find("#stage");

/** Whether the stage shows a camera rather than the photo. */
export const showsCamera = () => frames;

/** Show the photo that a pastiche is compared with; null if there is none. */
export function showBefore(blob) {
  frames = false;
  if (blob) showBlob(find("#before"), blob);
  stage().classList.toggle("has-photo", blob !== null);
  show(null);
  setZoom(1);
}

/** Show a pastiche; null shows the photo alone. */
export function show(blob) {
  stage().classList.toggle("has-pastiche", blob !== null);
  if (blob) showBlob(find("#after"), blob);
}

/** Show the next frame of a camera and its pastiche; zoom and split stay. */
export function showFrame(before, after) {
  frames = true;
  showBlob(find("#before"), before);
  stage().classList.add("has-photo");
  show(after);
}

export function start() {
  const split = find("#split");
  const moveSplit = () => stage().style.setProperty("--split", `${split.value}%`);
  split.oninput = moveSplit;
  moveSplit();
  find("#side-by-side").onclick = ({ currentTarget }) => {
    const both = stage().classList.toggle("side-by-side");
    currentTarget.setAttribute("aria-pressed", both);
  };
  find("#zoom-in").onclick = () => setZoom(zoom * 2);
  find("#zoom-out").onclick = () => setZoom(zoom / 2);
  find("#zoom-fit").onclick = () => setZoom(1);
  find("#full-screen").onclick = () =>
    document.fullscreenElement ? document.exitFullscreen() : stage().requestFullscreen();
  stage().addEventListener("wheel", onWheel, { passive: false });
  stage().addEventListener("pointerdown", onPointer);
  stage().addEventListener("keydown", onKey);
}

function onWheel(event) {
  if (!event.ctrlKey && zoom === 1) return; // an ordinary wheel scrolls the page
  event.preventDefault();
  setZoom(zoom * Math.exp(-event.deltaY / 300), place(event));
}

/** The position of a pointer, as fractions of the stage. */
function place(event) {
  const box = stage().getBoundingClientRect();
  return { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
}

/** Drag the divider if the whole picture is visible, otherwise the zoomed picture. */
function onPointer(event) {
  if (event.button !== 0 || event.target.closest("button, input")) return;
  if (!stage().classList.contains("has-photo") || stage().classList.contains("editing")) return;
  stage().setPointerCapture(event.pointerId);
  let last = place(event);
  const move = (moved) => {
    const now = place(moved);
    if (zoom === 1) splitAt(now.x);
    else pan(now.x - last.x, now.y - last.y);
    last = now;
  };
  if (zoom === 1) splitAt(last.x);
  stage().addEventListener("pointermove", move);
  stage().addEventListener("pointerup", () => stage().removeEventListener("pointermove", move), { once: true });
}

function splitAt(x) {
  const box = find("#after").getBoundingClientRect();
  const whole = stage().getBoundingClientRect();
  const part = (whole.left + x * whole.width - box.left) / box.width;
  find("#split").value = Math.round(100 * Math.min(1, Math.max(0, part)));
  find("#split").oninput();
}

function onKey(event) {
  const steps = { ArrowLeft: [0.1, 0], ArrowRight: [-0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] };
  if (event.target !== stage()) return;
  if (event.key === "+" || event.key === "=") setZoom(zoom * 2);
  else if (event.key === "-") setZoom(zoom / 2);
  else if (event.key === "0") setZoom(1);
  else if (steps[event.key] && zoom > 1) pan(...steps[event.key]);
  else return;
  event.preventDefault();
}

/** Zoom so that the point under the pointer keeps its place. */
function setZoom(wanted, { x, y } = { x: 0.5, y: 0.5 }) {
  const next = Math.min(MOST_ZOOM, Math.max(1, wanted));
  left = x - ((x - left) * next) / zoom;
  top_ = y - ((y - top_) * next) / zoom;
  zoom = next;
  pan(0, 0);
  stage().classList.toggle("zoomed", zoom > 1);
}

function pan(x, y) {
  left = Math.min(0, Math.max(1 - zoom, left + x));
  top_ = Math.min(0, Math.max(1 - zoom, top_ + y));
  const style = find("#pictures").style;
  style.setProperty("--zoom", zoom);
  style.setProperty("--left", `${100 * left}%`);
  style.setProperty("--top", `${100 * top_}%`);
}

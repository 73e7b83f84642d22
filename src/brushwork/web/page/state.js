// The settings of a pastiche: one plain object, its history, and listeners for changes.

export const MOST_STYLES = 4;

export const DEFAULTS = Object.freeze({
  styles: [], // {name, weight, file?}: a name of the gallery, or the key of a picture in files.js
  strength: 1,
  stroke: null, // null: chosen by brushwork
  detail: null, // null: the server's default
  styleSize: null,
  keepColors: "",
  regions: [], // {mask, style, strength, file?}; mask is a key in files.js
  protect: null,
  size: null,
  format: "",
  quality: null,
  strip: false,
  steady: 0.99,
});

let now = DEFAULTS;
let settled = now; // the newest state in the history
const past = [];
const future = [];
const listeners = new Set();

export const settings = () => now;
export const canUndo = () => past.length > 0;
export const canRedo = () => future.length > 0;

/** Call a function after every change, with {moving}: whether a slider is still moving. */
export function onChange(listener) {
  listeners.add(listener);
}

/** Change some settings. A moving slider adds one step to the history, when it is released. */
export function change(patch, { moving = false } = {}) {
  now = Object.freeze({ ...now, ...patch });
  if (!moving && JSON.stringify(now) !== JSON.stringify(settled)) {
    past.push(settled);
    future.length = 0;
    settled = now;
  }
  tell(moving);
}

export function undo() {
  step(past, future);
}

export function redo() {
  step(future, past);
}

function step(from, to) {
  if (!from.length) return;
  to.push(settled);
  now = settled = from.pop();
  tell(false);
}

function tell(moving) {
  for (const listener of listeners) listener({ moving });
}

/** Choose a style, or remove it if it is chosen. Returns false if the blend is full. */
export function toggleStyle(name, file = null) {
  const chosen = now.styles.filter((style) => style.name !== name);
  if (chosen.length === now.styles.length) {
    if (chosen.length === MOST_STYLES) return false;
    chosen.push({ name, weight: 1, ...(file && { file }) });
  }
  change({ styles: chosen });
  return true;
}

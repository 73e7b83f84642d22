// The preview: small while a slider moves, large when it rests. One request at a time, always with the newest settings.

import { paints, stylize } from "./api.js";
import { show, showBefore, showsCamera } from "./compare.js";
import { patiently, say, tell } from "./dom.js";
import { LARGE, onPhoto, photo, reduced } from "./photo.js";
import { onChange, settings } from "./state.js";
import { strings } from "./strings.js";

const SMALL = 320;

let running = null; // {controller, small, stopped}
let wanted = null; // "small" or "large" if the shown preview is outdated

export const busy = () => running !== null;

export function start() {
  onChange(({ moving }) => {
    if (!moving) say("");
    want(moving ? "small" : "large");
  });
  onPhoto((taken) => {
    showBefore(taken.copy);
    want("large");
  });
}

/** Cancel the running request because the pastiche at full size is painted. Returns whether there was one. */
export function stop() {
  const stale = running !== null || wanted !== null;
  wanted = null;
  if (running) running.stopped = true;
  running?.controller.abort();
  return stale;
}

/** Show the photo again, and its pastiche as soon as there is one. */
export function showPhoto() {
  showBefore(photo?.copy ?? null);
  want("large");
}

/** Request a preview of the current settings. */
export const refresh = () => want("large");

function want(kind) {
  if (!photo || showsCamera()) return;
  wanted = kind;
  // A large preview of outdated settings is cancelled; a small one is shown, because it shows that the slider has an effect.
  if (running && !running.small) running.controller.abort();
  if (!running) run();
}

async function run() {
  while (wanted) {
    const small = wanted === "small";
    wanted = null;
    if (!paints(settings())) {
      show(null);
      say(strings.chooseStyle);
      continue;
    }
    const controller = new AbortController();
    running = { controller, small, stopped: false };
    const of = photo;
    try {
      const content = await reduced(small ? SMALL : LARGE);
      const output = { format: "webp", quality: small ? 80 : 92 };
      const pastiche = await patiently(
        (signal) => stylize(content, settings(), { output, signal, notices: tell }), controller);
      if (of === photo && !showsCamera() && !controller.signal.aborted && (small || !wanted)) show(pastiche);
    } catch (error) {
      if (error.name !== "AbortError") say(error.message, true);
      else if (!wanted && !running.stopped) say(strings.cancelled);
    }
    running = null;
  }
}

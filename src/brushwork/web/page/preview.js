// The preview: small while a slider moves, large when it rests. One request at a time, and the newest settings win.

import { paints, stylize } from "./api.js";
import { show, showBefore, showsCamera } from "./compare.js";
import { patiently, say } from "./dom.js";
import { LARGE, onPhoto, photo, reduced } from "./photo.js";
import { onChange, settings } from "./state.js";
import { strings } from "./strings.js";

const SMALL = 320;

let running = null; // {controller, small, stopped}
let wanted = null; // "small" or "large", where the shown preview is stale

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

/** Give up what is on its way: the pastiche itself is painted. Returns whether anything was. */
export function stop() {
  const stale = running !== null || wanted !== null;
  wanted = null;
  if (running) running.stopped = true;
  running?.controller.abort();
  return stale;
}

/** Show the photo again after something else, and its pastiche as soon as there is one. */
export function showPhoto() {
  showBefore(photo?.copy ?? null);
  want("large");
}

/** Ask for a preview of the settings as they are. */
export const refresh = () => want("large");

function want(kind) {
  if (!photo || showsCamera()) return;
  wanted = kind;
  // A large preview of stale settings is not worth waiting for; a small one is: it shows that the slider does something.
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
      const pastiche = await patiently((signal) => stylize(content, settings(), { output, signal }), controller);
      if (of === photo && !showsCamera() && !controller.signal.aborted && (small || !wanted)) show(pastiche);
    } catch (error) {
      if (error.name !== "AbortError") say(error.message, true);
      else if (!wanted && !running.stopped) say(strings.cancelled);
    }
    running = null;
  }
}

// A map of the gallery with similar styles close together. A point can be chosen, or dragged to another for a blend.

import { find, findAll, make } from "./dom.js";
import { choose, known } from "./gallery.js";
import { change, onChange, settings } from "./state.js";

const SVG = "http://www.w3.org/2000/svg";
const RADIUS = 3;

const place = ([x, y]) => [5 + 90 * x, 5 + 90 * y];

export function start() {
  find("#show-map").onclick = () => showMap(true);
  find("#show-gallery").onclick = () => showMap(false);
  onChange(mark);
}

function showMap(on) {
  find("#map-view").hidden = !on;
  find("#gallery-view").hidden = on;
  find("#show-map").setAttribute("aria-pressed", on);
  find("#show-gallery").setAttribute("aria-pressed", !on);
  if (on && !find("#map").childElementCount) draw();
}

function shape(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function draw() {
  const map = find("#map");
  for (const style of known) {
    if (!style.position) continue;
    const [x, y] = place(style.position);
    const point = shape("circle", { cx: x, cy: y, r: RADIUS, tabindex: 0, role: "button", "aria-label": style.name });
    point.dataset.name = style.name;
    point.addEventListener("pointerenter", () => hover(style));
    point.addEventListener("focus", () => hover(style));
    point.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        choose(style.name, !event.shiftKey);
      }
    });
    point.addEventListener("pointerdown", (event) => drag(event, style));
    if (style.thumbnail) {
      const square = { x: x - RADIUS, y: y - RADIUS, width: 2 * RADIUS, height: 2 * RADIUS };
      map.append(shape("image", { href: style.thumbnail, ...square }));
      point.classList.add("pictured");
    }
    map.append(point);
  }
  mark();
}

function hover({ name, about }) {
  const thumbnail = find(`#gallery [data-style="${CSS.escape(name)}"] img`);
  find("#map-hint").replaceChildren(
    make("img", { src: thumbnail?.src, alt: "", width: 72, height: 72 }), make("span", {}, `${name}. ${about}`));
}

/** Press a point to choose it; drag towards another for a blend weighted by the distance covered. */
function drag(event, style) {
  event.preventDefault();
  const map = find("#map");
  const from = place(style.position);
  const at = ({ clientX, clientY }) => {
    const box = map.getBoundingClientRect();
    return [(100 * (clientX - box.left)) / box.width, (100 * (clientY - box.top)) / box.height];
  };
  const blend = (moved, moving) => {
    const to = at(moved);
    const gone = Math.hypot(to[0] - from[0], to[1] - from[1]);
    if (gone < RADIUS) return false;
    const other = nearest(to, from, style);
    if (!other) return false;
    const whole = Math.hypot(...place(other.position).map((value, axis) => value - from[axis]));
    const part = Math.min(1, Math.round((20 * gone) / whole) / 20);
    change({ styles: [{ name: style.name, weight: 1 - part }, { name: other.name, weight: part }] }, { moving });
    return true;
  };
  const move = (moved) => blend(moved, true);
  map.setPointerCapture(event.pointerId);
  map.addEventListener("pointermove", move);
  map.addEventListener("pointerup", (ended) => {
    map.removeEventListener("pointermove", move);
    if (!blend(ended, false)) choose(style.name, !ended.shiftKey);
  }, { once: true });
}

/** The style that a drag points to: close to the line from the first one, and not behind the pointer. */
function nearest(to, from, but) {
  const way = [to[0] - from[0], to[1] - from[1]];
  const length = Math.hypot(...way);
  let best = null;
  let least = Infinity;
  for (const style of known) {
    if (!style.position || style === but) continue;
    const [x, y] = place(style.position).map((value, axis) => value - from[axis]);
    const along = (x * way[0] + y * way[1]) / length;
    const aside = Math.abs(x * way[1] - y * way[0]) / length;
    const cost = 3 * aside + Math.abs(along - length);
    if (along > 0 && cost < least) [best, least] = [style, cost];
  }
  return best;
}

function mark() {
  const chosen = new Map(settings().styles.map((style) => [style.name, style.weight]));
  for (const point of findAll("#map circle")) point.classList.toggle("chosen", chosen.has(point.dataset.name));
}

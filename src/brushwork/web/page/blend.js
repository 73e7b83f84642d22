// The sliders: weights of the blended styles, and settings of the pastiche.

import { models } from "./api.js";
import { find, make, setChildren } from "./dom.js";
import { change, DEFAULTS, onChange, settings, toggleStyle } from "./state.js";
import { strings } from "./strings.js";

// Sliders for sizes are logarithmic: from half to twice is as far as from once to four times.
const STROKE = { from: 0.25, to: 8 };
const STYLE_SIZE = { from: 96, to: 1024 };

let usualDetail = null; // the default of the model; null if there is no choice

export async function start() {
  slider("strength", (value) => ({ strength: value }));
  octaves("stroke", STROKE, (value) => ({ stroke: value && Number(value.toPrecision(2)) }));
  octaves("style-size", STYLE_SIZE, (value) => ({ styleSize: value && Math.round(value) }));
  find("#colors").onchange = ({ target }) => change({ keepColors: target.value });
  find("#reset").onclick = () => {
    const { strength, stroke, detail, styleSize, keepColors } = DEFAULTS;
    change({ strength, stroke, detail, styleSize, keepColors });
  };
  onChange(show);
  show();
  await startDetail();
}

/** Each value of detail needs its own set of weights, which takes too long to load while the slider moves. */
async function startDetail() {
  usualDetail = (await models()).find((model) => model.paints)?.detail ?? null;
  find("#detail-row").hidden = usualDetail === null;
  find("#detail").oninput = ({ target }) => { find("#detail-value").textContent = percent(target.value); };
  find("#detail").onchange = ({ target }) => change({ detail: Number(target.value) });
  show();
}

const percent = (value) => `${Math.round(100 * value)} %`;

function slider(id, patch) {
  const input = find(`#${id}`);
  input.oninput = () => change(patch(Number(input.value)), { moving: true });
  input.onchange = () => change(patch(Number(input.value)));
}

/** A slider whose leftmost position leaves the choice to brushwork. */
function octaves(id, { from, to }, patch) {
  const steps = Number(find(`#${id}`).max);
  slider(id, (place) => patch(place === 0 ? null : from * (to / from) ** ((place - 1) / (steps - 1))));
}

function placeOf(value, { from, to }, steps) {
  return value === null ? 0 : 1 + Math.round(((steps - 1) * Math.log(value / from)) / Math.log(to / from));
}

function show() {
  const now = settings();
  find("#strength").value = now.strength;
  find("#strength-value").textContent = percent(now.strength);
  find("#detail").value = now.detail ?? usualDetail ?? 1;
  find("#detail-value").textContent = percent(find("#detail").value);
  find("#stroke").value = placeOf(now.stroke, STROKE, Number(find("#stroke").max));
  find("#stroke-value").textContent = now.stroke === null ? strings.strokeAuto : `× ${now.stroke}`;
  find("#style-size").value = placeOf(now.styleSize, STYLE_SIZE, Number(find("#style-size").max));
  find("#style-size-value").textContent = now.styleSize === null ? strings.styleSizeAuto : `${now.styleSize} px`;
  find("#colors").value = now.keepColors;
  showBlend(now.styles);
}

/** One row for each chosen style; rows keep their places while a slider moves. */
function showBlend(chosen) {
  const list = find("#blend");
  const rows = new Map([...list.children].map((row) => [row.dataset.style, row]));
  setChildren(list, chosen.map((style) => rows.get(style.name) ?? blendRow(style.name)));
  for (const [number, row] of [...list.children].entries()) {
    find("input", row).value = chosen[number].weight;
    find("input", row).hidden = chosen.length === 1;
  }
  find("#blend-section").hidden = chosen.length === 0;
}

function blendRow(name) {
  const weigh = (value, moving) =>
    change({ styles: settings().styles.map((style) => (style.name === name ? { ...style, weight: value } : style)) },
      { moving });
  const input = make("input", {
    type: "range", min: 0, max: 1, step: 0.05, "aria-label": strings.blendWeight(name),
    oninput: () => weigh(Number(input.value), true),
    onchange: () => weigh(Number(input.value), false),
  });
  const remove = make("button", {
    type: "button", class: "icon", "aria-label": strings.removeStyle(name), title: strings.removeStyle(name),
    onclick: () => toggleStyle(name),
  }, "×");
  const row = make("li", {}, make("span", { class: "name", title: name }, name), input, remove);
  row.dataset.style = name;
  return row;
}

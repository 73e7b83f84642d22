// Regions: parts of the photo with their own style and strength, and a part that stays unchanged.

import { chooseFile, download, find, make, say } from "./dom.js";
import { blobOf, keep } from "./files.js";
import { choices, known } from "./gallery.js";
import { edit } from "./mask.js";
import { onPhoto, photo } from "./photo.js";
import { change, onChange, settings } from "./state.js";
import { strings } from "./strings.js";

let shown = "";

export function start() {
  find("#add-region").onclick = () => {
    const style = known[0]?.name ?? "";
    change({ regions: [...settings().regions, { mask: null, style, strength: 1 }] });
    paintMask(settings().regions.length - 1);
  };
  find("#add-protect").onclick = () => edit(blobOf(settings().protect), (mask) => change({ protect: kept(mask) }));
  onPhoto(() => {
    // Masks belong to the photo they were painted on.
    if (settings().regions.length || settings().protect) change({ regions: [], protect: null });
    show();
  });
  onChange(({ moving }) => moving || show());
  show();
}

const kept = (mask) => mask && keep("mask", mask);

function update(number, patch, moving = false) {
  const regions = settings().regions.map((region, place) => (place === number ? { ...region, ...patch } : region));
  change({ regions }, { moving });
}

function paintMask(number) {
  edit(blobOf(settings().regions[number].mask), (mask) => update(number, { mask: kept(mask) }));
}

function show() {
  find("#add-region").disabled = find("#add-protect").disabled = !photo;
  const { regions, protect } = settings();
  const now = JSON.stringify([regions.map(({ strength, ...rest }) => rest), protect, choices()]);
  if (now !== shown) find("#regions").replaceChildren(...regions.map(regionRow), ...(protect ? [protectRow(protect)] : []));
  shown = now;
  for (const [number, { strength }] of regions.entries())
    find("input", find("#regions").children[number]).value = strength;
}

const button = (words, onclick) => make("button", { type: "button", onclick }, words);

function maskButtons(mask, edited, took) {
  return [
    button(strings.editMask, edited),
    button(strings.uploadMask, () =>
      chooseFile("image/png,image/webp,image/jpeg", (file) => took(keep("mask", file)))),
    mask && button(strings.downloadMask, () => download(blobOf(mask), `${mask}.png`)),
  ];
}

function regionRow(region, number) {
  const select = make("select", {
    "aria-label": strings.regionStyle(number + 1),
    onchange: () => {
      const file = select.selectedOptions[0].dataset.file ?? null;
      update(number, { style: select.value, file });
    },
  }, ...choices().map(({ name, file }) => {
    const option = make("option", { value: name, selected: name === region.style }, name);
    if (file) option.dataset.file = file;
    return option;
  }));
  const strength = make("input", {
    type: "range", min: 0, max: 1, step: 0.01, value: region.strength,
    "aria-label": strings.regionStrength(number + 1),
    oninput: () => update(number, { strength: Number(strength.value) }, true),
    onchange: () => update(number, { strength: Number(strength.value) }),
  });
  return make("li", { class: "region" },
    make("span", { class: "name" }, strings.regionName(number + 1)), select, strength,
    ...maskButtons(region.mask, () => paintMask(number), (mask) => update(number, { mask })),
    button(strings.removeRegion, () => {
      change({ regions: settings().regions.filter((_, place) => place !== number) });
      say("");
    }));
}

function protectRow(mask) {
  return make("li", { class: "region" },
    make("span", { class: "name" }, strings.protectName),
    ...maskButtons(mask, () => find("#add-protect").click(), (other) => change({ protect: other })),
    button(strings.removeRegion, () => change({ protect: null })));
}

// Starts every part of the page, and switches between photo, video and camera.

import * as blend from "./blend.js";
import * as camera from "./camera.js";
import * as clips from "./clips.js";
import * as compare from "./compare.js";
import { find, findAll, say, translate } from "./dom.js";
import * as gallery from "./gallery.js";
import * as map from "./map.js";
import * as mask from "./mask.js";
import * as photo from "./photo.js";
import * as preview from "./preview.js";
import * as recipe from "./recipe.js";
import * as regions from "./regions.js";
import * as save from "./save.js";
import { canRedo, canUndo, onChange, redo, undo } from "./state.js";

function showTab(name) {
  document.body.dataset.tab = name;
  for (const tab of findAll("[role=tab]")) {
    const mine = tab.id === `tab-${name}`;
    tab.setAttribute("aria-selected", mine);
    tab.tabIndex = mine ? 0 : -1;
    find(`#${tab.getAttribute("aria-controls")}`).hidden = !mine;
  }
  if (name !== "camera") {
    camera.close();
    if (compare.showsCamera()) preview.showPhoto();
  }
  say("");
}

function startTabs() {
  const tabs = findAll("[role=tab]");
  for (const [number, tab] of tabs.entries()) {
    tab.onclick = () => showTab(tab.id.replace("tab-", ""));
    tab.onkeydown = ({ key }) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
      if (!step) return;
      const next = tabs[(number + step + tabs.length) % tabs.length];
      next.focus();
      next.click();
    };
  }
  showTab("photo");
  photo.onPhoto(() => document.body.dataset.tab === "camera" && showTab("photo"));
}

function startHistory() {
  find("#undo").onclick = undo;
  find("#redo").onclick = redo;
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.target.matches("textarea, input[type=search]")) return;
    if (event.key.toLowerCase() !== "z") return;
    event.preventDefault();
    if (event.shiftKey) redo();
    else undo();
  });
  const show = () => {
    find("#undo").disabled = !canUndo();
    find("#redo").disabled = !canRedo();
  };
  onChange(show);
  show();
}

translate();
startTabs();
startHistory();
for (const part of [photo, compare, preview, mask, regions, save, recipe, map, camera]) part.start();
for (const part of [blend, gallery, clips]) part.start().catch((error) => say(error.message, true));

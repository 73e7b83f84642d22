// The settings as text: JSON to save and load, and the equivalent brushwork command and curl call.

import { find, say } from "./dom.js";
import { nameOf } from "./files.js";
import { photo } from "./photo.js";
import { change, DEFAULTS, onChange, settings } from "./state.js";
import { strings } from "./strings.js";

export function start() {
  find("#recipe").addEventListener("toggle", show);
  find("#use-recipe").onclick = use;
  for (const button of document.querySelectorAll("[data-copy]"))
    button.onclick = () => copy(find(button.dataset.copy));
  onChange(show);
}

/** Copy the text of a field; if the browser does not allow writing to the clipboard, select it for the user. */
async function copy(field) {
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    say(strings.copied);
  } catch {
    say(strings.selected);
  }
}

const quote = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** The command that paints the same pastiche. The user's own pictures and masks appear by their names. */
export function command(now, photoName) {
  const words = ["brushwork", "stylize", photoName];
  for (const style of now.styles) words.push("-s", style.name);
  if (now.styles.length > 1) words.push("--weights", now.styles.map((style) => style.weight).join(","));
  for (const [name, value] of look(now)) words.push(`--${name.replace("_", "-")}`, value);
  for (const region of now.regions) if (region.mask)
    words.push("--region", `${nameOf(region.mask)}.png=${region.style}:${region.strength}`);
  if (now.protect) words.push("--protect", `${nameOf(now.protect)}.png`);
  return words.map((word) => quote(String(word))).join(" ");
}

/** A field of curl: a file, or text, in which curl would else look for options after a semicolon. */
const field = ([name, value]) => value.startsWith("@")
  ? `-F ${quote(`${name}=@${/[;,"]/.test(value) ? JSON.stringify(value.slice(1)) : value.slice(1)}`)}`
  : `--form-string ${quote(`${name}=${value}`)}`;

/** The HTTP call that paints the same pastiche. */
export function curl(now, photoName, address) {
  const fields = [["content", `@${photoName}`]];
  for (const style of now.styles) fields.push(style.file ? ["style", `@${style.name}`] : ["style_name", style.name]);
  const ordered = [...now.styles].sort((a, b) => Boolean(b.file) - Boolean(a.file)); // pictures come first
  if (now.styles.length > 1) fields.push(["weights", ordered.map((style) => style.weight).join(",")]);
  fields.push(...look(now));
  for (const region of now.regions) if (region.mask) {
    const mask = `${nameOf(region.mask)}.png`;
    fields.push(["mask", `@${mask}`], ["region", `${mask}=${region.style}:${region.strength}`]);
    if (region.file) fields.push(["region_style", `@${region.style}`]);
  }
  if (now.protect) fields.push(["protect", `@${nameOf(now.protect)}.png`]);
  const form = fields.map(([name, value]) => field([name, String(value)])).join(" ");
  return `curl ${form} -o pastiche ${address}/v1/stylize`;
}

/** The settings that differ from the defaults, under the names that the API and (with hyphens) the command line share. */
function look(now) {
  const pairs = [
    ["strength", now.strength, DEFAULTS.strength], ["stroke", now.stroke, null], ["detail", now.detail, null],
    ["style_size", now.styleSize, null],
    ["keep_colors", now.keepColors, ""], ["size", now.size, null], ["format", now.format, ""],
    ["quality", now.quality, null], ["strip", now.strip ? "all" : null, null],
  ];
  return pairs.filter(([, value, usual]) => value !== usual).map(([name, value]) => [name, value]);
}

function show() {
  if (!find("#recipe").open) return;
  const name = photo?.file.name ?? "photo.jpg";
  find("#recipe-json").value = JSON.stringify(settings(), null, 1);
  find("#recipe-command").value = command(settings(), name);
  find("#recipe-curl").value = curl(settings(), name, location.origin);
}

/** Load settings from text: only those that this page knows, and none that refer to a file it does not have. */
function use() {
  try {
    const given = JSON.parse(find("#recipe-json").value);
    const patch = {};
    for (const [name, usual] of Object.entries(DEFAULTS)) {
      if (!(name in given) || ["regions", "protect"].includes(name)) continue;
      const fits = usual === null ? given[name] === null || typeof given[name] === "number"
        : typeof given[name] === typeof usual;
      if (!fits) throw new TypeError(name);
      patch[name] = given[name];
    }
    patch.styles = (patch.styles ?? []).filter(({ file, name, weight }) =>
      !file && typeof name === "string" && weight >= 0 && weight <= 1);
    change(patch);
    say("");
  } catch {
    say(strings.badRecipe, true);
  }
}

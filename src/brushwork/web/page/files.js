// Pictures that the settings refer to by a key: the user's own styles, and masks. They never change, which undo relies on.

const kept = new Map();
let count = 0;

/** Store a blob under a new key that begins with its kind: "style-1". */
export function keep(kind, blob, name = "") {
  count += 1;
  const key = `${kind}-${count}`;
  kept.set(key, { blob, name: name || key });
  return key;
}

export const blobOf = (key) => kept.get(key)?.blob ?? null;
export const nameOf = (key) => kept.get(key)?.name ?? key;

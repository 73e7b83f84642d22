// Pictures that the settings name by a key: the person's own styles, and masks. They never change, so undo may go back.

const kept = new Map();
let count = 0;

/** Keep a blob under a new key that begins with a kind: "style-1". */
export function keep(kind, blob, name = "") {
  count += 1;
  const key = `${kind}-${count}`;
  kept.set(key, { blob, name: name || key });
  return key;
}

export const blobOf = (key) => kept.get(key)?.blob ?? null;
export const nameOf = (key) => kept.get(key)?.name ?? key;

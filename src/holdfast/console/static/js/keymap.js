// Which key does what. The server keeps a person's own choice; the page carries it in `data-keys`.

export const defaults = Object.freeze({
  next: "n",
  reveal: "h",
  full: "f",
  "label-a1": "1",
  "label-a2": "2",
  "label-b1": "3",
  "label-b2": "4",
  "label-none": "0",
  annotate: "a",
  comment: "c",
  undo: "u",
  pause: "p",
  forward: "j",
  back: "k",
  confirm: "y",
  help: "?",
});

const ALWAYS_ON = ["pause", "help"]; // hiding everything must not depend on a choice

const chosen = read();

/** The keys in force, action -> key. With single keys switched off only those that hide and help are left. */
export const keymap = Object.freeze(
  chosen.off === "yes"
    ? Object.fromEntries(ALWAYS_ON.map((action) => [action, defaults[action]]))
    : { ...defaults, ...chosen },
);

export function actionOf(key) {
  return Object.keys(defaults).find((action) => keymap[action] === key.toLowerCase());
}

/** Writes the keys in force into every `<kbd data-key-of>` below `root`; hides those of actions without one. */
export function showKeys(root = document) {
  for (const place of root.querySelectorAll("[data-key-of]")) {
    const key = keymap[place.dataset.keyOf];
    place.textContent = key ?? "";
    place.hidden = key === undefined;
  }
}

function read() {
  try {
    return JSON.parse(document.body.dataset.keys ?? "{}");
  } catch {
    return {};
  }
}

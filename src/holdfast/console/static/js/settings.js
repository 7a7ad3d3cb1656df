// The table of keys in the settings: each key once, checked before it is sent.

import { defaults, keymap } from "./keymap.js";
import { tell } from "./tell.js";

const form = document.querySelector("[data-keys-form]");

function twice() {
  const seen = new Set();
  for (const action of Object.keys(defaults)) {
    const key = form.elements[action].value.toLowerCase();
    if (seen.has(key)) return key;
    seen.add(key);
  }
  return undefined;
}

if (form) {
  for (const action of Object.keys(defaults)) form.elements[action].value = keymap[action] ?? defaults[action];
  form.addEventListener("submit", (event) => {
    const key = twice();
    if (key === undefined) return;
    event.preventDefault();
    tell(form.dataset.twice.replace("{key}", key));
  });
  form.querySelector("[data-usual]").addEventListener("click", () => {
    for (const action of Object.keys(defaults)) form.elements[action].value = defaults[action];
  });
}

// Keys: one letter asks, and nothing final happens by one key. Elements say what they do by `data-action`.

import { actionOf } from "./keymap.js";

const held = new Map(); // key -> action that ends when the key is let go
const starts = new Map();
const ends = new Map();
const always = new Map();

/** What happens when the action's key goes down; where nothing is given its element is clicked. */
export const onStart = (action, work) => starts.set(action, work);
/** What happens when the key that started the action is let go. */
export const onEnd = (action, work) => ends.set(action, work);
/** Escape and its like: also while a text is being written. */
export const onAlways = (key, work) => always.set(key, work);

const writes = (target) =>
  target instanceof HTMLElement &&
  target.matches('textarea, select, [contenteditable], input:not([type="checkbox"], [type="radio"])');

/** The element that an action is about: inside the item that is being worked on, else anywhere. */
export function target(action) {
  const item = document.querySelector("[data-current]");
  const selector = `[data-action~="${action}"]:not(:disabled)`;
  return item?.querySelector(selector) ?? document.querySelector(selector);
}

function down(event) {
  const { key } = event;
  always.get(key)?.(event);
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (writes(event.target)) return;
  if (key === "Enter") {
    if (event.repeat || event.target.closest?.("a, button, summary, input, label")) return;
    const next = document.querySelector("[data-enter]");
    if (next) {
      event.preventDefault();
      next.click();
    }
    return;
  }
  const action = key.length === 1 ? actionOf(key) : undefined;
  if (!action || event.repeat) return;
  const element = target(action);
  if (!element && !starts.has(action)) return;
  event.preventDefault();
  if (ends.has(action)) held.set(key.toLowerCase(), action);
  if (starts.has(action)) starts.get(action)(element);
  else if (element.matches("input, textarea, select") && element.type !== "radio" && element.type !== "checkbox")
    element.focus();
  else element.click();
}

function up(event) {
  const action = held.get(event.key.toLowerCase());
  if (!action) return;
  held.delete(event.key.toLowerCase());
  ends.get(action)();
}

document.addEventListener("keydown", down);
document.addEventListener("keyup", up);
window.addEventListener("blur", () => {
  for (const action of new Set(held.values())) ends.get(action)();
  held.clear();
});

// What keeps the page quiet: everything can be hidden at once, at any moment, by one key.

import { onAlways, onStart } from "./keys.js";
import { post } from "./send.js";
import { blurAll } from "./reveal.js";

const screen = document.querySelector(".rest-screen");
const top = document.querySelector(".top");
const main = document.querySelector("main");

function stopSound() {
  for (const medium of document.querySelectorAll("video, audio")) {
    medium.pause();
    medium.muted = true;
  }
}

/** Blurs all and stops all sound. */
export function hush() {
  blurAll("escape");
  stopSound();
}

async function pause() {
  hush();
  if (!screen) return;
  document.documentElement.classList.add("paused");
  main.inert = true;
  top.inert = true;
  screen.hidden = false;
  screen.focus();
  const held = document.querySelector("[data-hand-back]");
  if (!held) return;
  try {
    await post(held.dataset.handBack, { fence: held.dataset.fence }, { keepalive: true });
    screen.querySelector("[data-pause-told]").textContent = held.dataset.handedBack;
  } catch {
    // The lease runs out by itself: nobody is asked to do anything about it now.
  }
}

function resume() {
  const held = document.querySelector("[data-hand-back]");
  if (held) location.assign("/console");
  else location.reload();
}

onAlways("Escape", hush);
onStart("pause", pause);
document.querySelector("[data-pause]")?.addEventListener("click", pause);
document.querySelector("[data-resume]")?.addEventListener("click", resume);

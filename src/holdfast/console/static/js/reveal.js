// Press and hold to see a file; let go, look away or press Escape, and it is blurred again.
//
// Nothing unblurred is in the page before the hold, and nothing stays in it afterwards. What happened on the
// screen is told to the server in numbered events, so that a lost one is noticed (see review/proof.py).

import { onEnd, onStart } from "./keys.js";
import { View } from "./view.js";
import { tell } from "./tell.js";

const views = new WeakMap(); // button -> its view, as long as one is open: a look and a full view are two
let held = null; // the view that is being held

/** Blurs everything that is shown. `gap` is "focus_lost" and its like where the person did not let go. */
export function blurAll(gap) {
  held?.release(gap);
  held = null;
}

async function hold(button) {
  if (!button || held) return;
  const piece = button.closest("[data-piece]");
  let view = views.get(button);
  if (!view || view.isOver) {
    view = new View(piece, button.dataset.hold);
    views.set(button, view);
  }
  held = view;
  button.setAttribute("aria-pressed", "true");
  view.onRelease = () => button.setAttribute("aria-pressed", "false");
  try {
    await view.show();
  } catch (error) {
    blurAll();
    tell(piece.dataset.failed.replace("{why}", error.message));
  }
}

function letGo() {
  held?.release();
  held = null;
}

for (const button of document.querySelectorAll("[data-hold]")) {
  button.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    button.setPointerCapture(event.pointerId);
    hold(button);
  });
  for (const kind of ["pointerup", "pointercancel", "lostpointercapture"]) button.addEventListener(kind, letGo);
  button.addEventListener("contextmenu", (event) => event.preventDefault());
  button.addEventListener("keydown", (event) => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    if (!event.repeat) hold(button);
  });
  button.addEventListener("keyup", (event) => {
    if (event.key === " " || event.key === "Enter") letGo();
  });
  button.addEventListener("blur", letGo);
}

onStart("reveal", (button) => {
  const piece = button?.closest("[data-piece]");
  hold(piece?.querySelector("[data-full]").open ? piece.querySelector('[data-hold="full"]') : button);
});
onEnd("reveal", letGo);

window.addEventListener("blur", () => blurAll("focus_lost"));
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") blurAll("tab_hidden");
});
window.addEventListener("pagehide", () => {
  blurAll();
  for (const button of document.querySelectorAll("[data-hold]")) views.get(button)?.close();
});

for (const piece of document.querySelectorAll("[data-files]")) {
  piece.querySelector("[data-attest]")?.addEventListener("click", (event) => {
    views.get(piece.querySelector('[data-hold="full"]'))?.attest(event.target).catch((error) => tell(piece.dataset.failed.replace("{why}", error.message)));
  });
  piece.querySelector("[data-full]")?.addEventListener("toggle", (event) => {
    piece.classList.toggle("open", event.target.open);
  });
}

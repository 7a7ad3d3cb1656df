// The case page: which group of files the keys are about, labels that are kept at once, and the lease.

import { onStart } from "./keys.js";
import { hush } from "./calm.js";
import { post } from "./send.js";
import { tell } from "./tell.js";

const items = () => [...document.querySelectorAll("[data-item]")];

/** Makes one group the one that keys are about. */
function choose(item, { scroll = true } = {}) {
  for (const other of items()) {
    other.classList.toggle("chosen", other === item);
    other.toggleAttribute("data-current", other === item);
  }
  if (item && scroll) item.scrollIntoView({ block: "nearest" });
}

function step(by) {
  const all = items();
  const at = all.findIndex((item) => item.hasAttribute("data-current"));
  const item = all[Math.min(all.length - 1, Math.max(0, at + by))];
  if (!item || item.hasAttribute("data-current")) return;
  hush();
  choose(item);
  item.querySelector(".hold, input")?.focus({ preventScroll: true });
}

/** Forms that are kept as soon as something in them changes. "None" is kept once it is said why. */
async function keep(form) {
  const fields = new FormData(form);
  if (fields.get("label") === "none" && !fields.get("not_a_match")) {
    form.elements.not_a_match.focus();
    return;
  }
  if (form.elements.label && !fields.get("label")) return; // annotations alone wait for their label
  const told = form.querySelector("[data-keep-told]");
  try {
    await post(form.action, fields);
    told.textContent = form.dataset.saved;
    form.dataset.kept = fields.get("label") ?? "";
  } catch {
    tell(form.dataset.failed);
    for (const choice of form.querySelectorAll("[name=label]")) choice.checked = choice.value === form.dataset.kept;
  }
}

const IDLE_MS = 5 * 60 * 1000; // a desk that was left keeps neither its case nor its session
let touched = performance.now();
for (const kind of ["keydown", "pointermove", "pointerdown", "scroll"])
  document.addEventListener(kind, () => (touched = performance.now()), { passive: true });

/** Says that somebody is still here; a case without a word for a while is anybody's again. */
function beat(place) {
  const work = async () => {
    if (performance.now() - touched > IDLE_MS) return;
    try {
      await post(place.dataset.heartbeat, { fence: place.dataset.fence });
    } catch {
      hush();
      tell(place.dataset.lost, { stays: true });
      clearInterval(timer);
    }
  };
  const timer = setInterval(work, Number(place.dataset.everyMs));
}

if (items().length && document.querySelector("[data-heartbeat]")) {
  choose(items().find((item) => !item.querySelector("input[name=label]:checked")) ?? items()[0], { scroll: false });
  document.addEventListener("focusin", (event) => {
    const item = event.target.closest("[data-item]");
    if (item && !item.hasAttribute("data-current")) choose(item, { scroll: false });
  });
  onStart("forward", () => step(1));
  onStart("back", () => step(-1));
}
document.addEventListener("change", (event) => {
  const form = event.target.closest("[data-keep]");
  if (form) keep(form);
});
const place = document.querySelector("[data-heartbeat]");
if (place) beat(place);

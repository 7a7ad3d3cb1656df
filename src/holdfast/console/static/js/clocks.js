// Clocks that are close count on the page; nothing else moves. Words come from the server: only numbers change.

const units = JSON.parse(document.body.dataset.units ?? "{}");
const STEPS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

function span(seconds) {
  let left = Math.max(0, Math.floor(seconds));
  const parts = [];
  for (const [unit, size] of STEPS) {
    if (left >= size || (unit === "second" && !parts.length)) {
      parts.push(units[unit].replace("{number}", Math.floor(left / size)));
      left %= size;
    } else if (parts.length) break;
    if (parts.length === 2) break;
  }
  return parts.join(" ");
}

function tick() {
  for (const place of document.querySelectorAll("[data-until]")) {
    const left = (Date.parse(place.dataset.until) - Date.now()) / 1000;
    place.textContent = place.dataset.words.replace("{span}", span(left));
    if (left > 0) continue;
    delete place.dataset.until;
    if (place.dataset.then) location.assign(place.dataset.then);
  }
}

if (document.querySelector("[data-until]")) {
  tick();
  setInterval(tick, 1000);
}

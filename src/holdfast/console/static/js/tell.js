// One quiet line that says what happened; read out by screen readers.

const place = document.querySelector(".told");
let timer;

export function tell(words, { stays = false } = {}) {
  if (!place || !words) return;
  clearTimeout(timer);
  place.textContent = words;
  place.hidden = false;
  if (!stays) timer = setTimeout(() => (place.hidden = true), 8000);
}

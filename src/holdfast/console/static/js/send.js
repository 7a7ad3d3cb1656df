// Requests of the console's own scripts, with the token against forged requests.

const token = () => document.querySelector('meta[name="csrf"]')?.content ?? "";

const request = (fields, { keepalive = false }) => ({
  method: "POST",
  body: new URLSearchParams(fields),
  headers: { "X-CSRF-Token": token(), "Holdfast-Fragment": "1" },
  credentials: "same-origin",
  cache: "no-store",
  redirect: "manual",
  keepalive,
});

/** Sends a form's fields. `keepalive` lets it arrive although the page is being left. Rejects unless 2xx. */
export async function post(url, fields = {}, options = {}) {
  const answer = await fetch(url, request(fields, options));
  if (!answer.ok && answer.type !== "opaqueredirect") throw new Error(`answer ${answer.status}`);
  return answer;
}

/** As `post`, for what answers with JSON. Rejects with the answer's own words. */
export async function ask(url, fields = {}, options = {}) {
  const answer = await fetch(url, request(fields, options));
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(told.detail ?? `${answer.status}`);
  return told;
}

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRF-Token"] = token();
});

// Requests of the console's own scripts, with the token against forged requests.

const token = () => document.querySelector('meta[name="csrf"]')?.content ?? "";

/** Sends a form's fields. `keepalive` lets it arrive although the page is being left. Rejects unless 2xx. */
export async function post(url, fields = {}, { keepalive = false } = {}) {
  const answer = await fetch(url, {
    method: "POST",
    body: new URLSearchParams(fields),
    headers: { "X-CSRF-Token": token(), "Holdfast-Fragment": "1" },
    credentials: "same-origin",
    cache: "no-store",
    redirect: "manual",
    keepalive,
  });
  if (!answer.ok && answer.type !== "opaqueredirect") throw new Error(`answer ${answer.status}`);
  return answer;
}

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRF-Token"] = token();
});

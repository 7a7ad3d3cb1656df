// A one-time link: what stands behind # is put into the form, and out of the address and the history.

const form = document.querySelector("[data-link]");
const missing = document.querySelector("[data-link-missing]");

function take() {
  const token = location.hash.slice(1);
  if (token) {
    history.replaceState(null, "", location.pathname);
    form.elements.token.value = token;
  }
  form.hidden = !form.elements.token.value;
  missing.hidden = !form.hidden || document.querySelector("#problem") !== null;
}

take();
addEventListener("hashchange", take); // another link, pasted into the same tab

// A one-time link: what stands behind # is put into the form, and out of the address and the history.

const form = document.querySelector("[data-link]");
const token = location.hash.slice(1);
history.replaceState(null, "", location.pathname);
form.elements.token.value = token;
if (!token && !document.querySelector("#problem")) {
  form.hidden = true;
  document.querySelector("[data-link-missing]").hidden = false;
}

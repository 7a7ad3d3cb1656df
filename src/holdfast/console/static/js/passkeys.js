// Passkeys: signing in with one, and making one. The server's challenge goes to the device, its answer back.

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const token = () => document.querySelector('meta[name="csrf"]')?.content ?? "";
const told = document.querySelector("[data-passkey-told]");

function tell(words) {
  told.textContent = words;
  told.hidden = false;
}

async function ask(url, body) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": token() },
    body: JSON.stringify(body ?? {}),
    credentials: "same-origin",
    cache: "no-store",
  });
  if (!answer.ok) throw Object.assign(new Error("refused"), { status: answer.status });
  return answer.json();
}

/** A credential in WebAuthn's JSON form (Level 3, section 5.1): buffers as base64url. */
function plain(credential) {
  const given = credential.response;
  const response = { clientDataJSON: text(given.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (given[name]) response[name] = text(given[name]);
  }
  if (given.getTransports) response.transports = given.getTransports();
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response, clientExtensionResults: {} };
}

async function signIn(button) {
  const options = await ask("/console/sign-in/passkey/begin");
  const publicKey = { ...options, challenge: bytes(options.challenge), allowCredentials: [] };
  const credential = await navigator.credentials.get({ publicKey });
  return ask("/console/sign-in/passkey", { credential: plain(credential), wanted: button.dataset.next });
}

async function make(name) {
  const options = await ask("/console/account/passkeys/begin");
  const publicKey = {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: (options.excludeCredentials ?? []).map((one) => ({ ...one, id: bytes(one.id) })),
  };
  const credential = await navigator.credentials.create({ publicKey });
  return ask("/console/account/passkeys", { credential: plain(credential), name });
}

const button = document.querySelector("[data-passkey]");
button?.addEventListener("click", async () => {
  button.disabled = true;
  told.hidden = true;
  try {
    location.assign((await signIn(button)).to);
  } catch (error) {
    const words = button.dataset;
    tell(error.status === 429 ? words.tooMany : error.status ? words.refused : words.failed);
    button.disabled = false;
  }
});

const form = document.querySelector("[data-new-passkey]");
form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  told.hidden = true;
  try {
    location.assign((await make(form.elements.name.value)).to);
  } catch {
    tell(form.dataset.failed);
  }
});

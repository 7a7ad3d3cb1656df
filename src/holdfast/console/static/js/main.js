// Everything that pages share. Each module looks for its own elements and does nothing where there are none.

import "./send.js";
import "./reveal.js";
import "./calm.js";
import "./case.js";
import "./clocks.js";
import "./settings.js";
import { onStart } from "./keys.js";
import { showKeys } from "./keymap.js";

showKeys();
document.addEventListener("htmx:afterSwap", (event) => showKeys(event.detail.target));

const help = document.querySelector("#help");
const openHelp = () => help && !help.open && help.showModal();
onStart("help", openHelp);
document.querySelector("[data-help]")?.addEventListener("click", openHelp);

const problem = document.querySelector("#problem");
problem?.focus();

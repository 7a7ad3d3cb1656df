// One reveal of one file: its grant, its bytes, its element on the page, and what it tells the server.

import { Teller } from "./teller.js";
import { kindOf } from "./kinds.js";
import { ask } from "./send.js";

const TICK_MS = 1000;

const isMuted = (film) => film.muted || film.volume === 0;

export class View {
  isOver = false;
  onRelease = () => {};
  #piece;
  #isFull; // the file itself; else a small grey picture of it
  #place;
  #teller;
  #grant;
  #url; // of the bytes, while they are in the page
  #bytes;
  #element;
  #isHeld = false;
  #timer;
  #reached_s = 0; // of a film or sound: where it goes on
  #played_s = 0;
  #isAudible = false; // the person asked for the sound
  #wasMuted = false; // for some of what was played since the last event
  #watch;

  constructor(piece, kind) {
    this.#piece = piece;
    this.#isFull = kind === "full";
    this.#place = piece.querySelector("[data-shown]");
  }

  /** Shows the file as long as it is held. Rejects with words for the person. */
  async show() {
    this.#isHeld = true;
    await this.#open();
    if (!this.#isHeld) return;
    this.#bytes ??= await this.#fetch();
    if (!this.#isHeld) return;
    this.#place.classList.toggle("look", !this.#isFull);
    this.#element = /^(video|audio)\//.test(this.#bytes.type) ? this.#film() : this.#picture();
    this.#place.replaceChildren(this.#element);
    this.#place.hidden = false;
    this.#teller.say("shown");
    this.#watch = new IntersectionObserver(([entry]) => {
      if (!entry.isIntersecting) this.release("off_screen");
    });
    this.#watch.observe(this.#element);
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    await this.#ready();
  }

  /** Takes the file off the page. `gap` says why, where the person did not let go: the view then is over. */
  release(gap) {
    this.#isHeld = false;
    this.onRelease();
    if (!this.#element) return;
    this.#tick();
    clearInterval(this.#timer);
    this.#watch.disconnect();
    this.#element.removeAttribute("src");
    this.#element = undefined;
    this.#place.hidden = true;
    this.#place.classList.remove("sound");
    this.#place.replaceChildren();
    URL.revokeObjectURL(this.#url);
    this.#teller.say(gap ?? "hidden");
    this.#teller.flush();
    this.#piece.querySelector("[data-seen]").textContent = this.#piece.dataset.inPart;
    if (gap) this.close();
  }

  /** No more bytes under this grant. */
  close() {
    if (this.isOver || !this.#grant) return;
    this.isOver = true;
    this.#bytes = undefined;
    this.#teller.say("closed");
    this.#teller.flush();
  }

  /** The person says that they saw all of it; the server says whether that is proved. */
  async attest(button) {
    button.disabled = true;
    await this.#teller.flush();
    const judged = await ask(`/console/views/${this.#grant.grant}/attest`, { last_number: this.#teller.last });
    this.isOver = true;
    this.#bytes = undefined;
    this.#piece.querySelector("[data-seen]").textContent = judged.words;
  }

  async #open() {
    if (this.#grant) return;
    const { files, fence } = this.#piece.dataset;
    const begun = performance.now();
    this.#grant = await ask(`${files}/reveal`, { fence });
    this.#teller = new Teller(`/console/views/${this.#grant.grant}/events`, begun);
  }

  async #fetch() {
    const base = `/console/views/${this.#grant.grant}`;
    const look = this.#piece.dataset.medium === "video" ? "look?sheet=true" : "look";
    const address = `${base}/${this.#isFull ? "original" : look}`;
    const answer = await fetch(address, { cache: "no-store", credentials: "same-origin" });
    if (!answer.ok) throw new Error((await answer.json()).detail ?? String(answer.status));
    const bytes = await answer.arrayBuffer();
    return new Blob([bytes], { type: kindOf(new Uint8Array(bytes, 0, Math.min(64, bytes.byteLength))) });
  }

  #picture() {
    const image = new Image();
    image.alt = this.#piece.dataset.alt;
    image.draggable = false;
    return this.#load(image);
  }

  #film() {
    const film = document.createElement("video");
    const isAudible = this.#piece.querySelector("[data-audible]")?.checked ?? false;
    if (isAudible && !this.#isAudible) this.#reached_s = 0; // all of it has to be heard
    this.#isAudible = isAudible;
    film.muted = !isAudible;
    film.addEventListener("volumechange", () => (this.#wasMuted ||= isMuted(film)));
    film.playsInline = true;
    film.disablePictureInPicture = true;
    film.addEventListener("ended", () => this.#tick());
    film.addEventListener("seeking", () => {
      if (Math.abs(film.currentTime - this.#played_s) > 0.5) this.#teller.say("seeked");
    });
    return this.#load(film);
  }

  #load(element) {
    this.#url = URL.createObjectURL(this.#bytes);
    element.src = this.#url;
    element.addEventListener("contextmenu", (event) => event.preventDefault());
    return element;
  }

  async #ready() {
    const element = this.#element;
    if (element instanceof HTMLVideoElement) {
      await new Promise((done, fail) => {
        element.onloadeddata = done;
        element.onerror = () => fail(new Error(this.#piece.dataset.unshowable));
      });
      if (!this.#isHeld) return;
      this.#place.classList.toggle("sound", !element.videoWidth); // its spectrogram, below, stays in sight
      if (this.#reached_s > element.duration - 0.2) this.#reached_s = 0; // it was at its end: from the start
      this.#played_s = this.#reached_s;
      element.currentTime = this.#reached_s;
      this.#wasMuted = isMuted(element);
      await element.play();
    } else {
      await element.decode().catch(() => {
        throw new Error(this.#piece.dataset.unshowable);
      });
    }
    if (!this.#isHeld) return;
    if (!this.#isFull) return; // a look is not the file
    this.#teller.say("loaded");
    this.#piece.querySelector("[data-attest]").disabled = false;
  }

  #tick() {
    const element = this.#element;
    const isFilm = element instanceof HTMLVideoElement;
    if (!isFilm || element.readyState < 2 || element.currentTime <= this.#played_s) {
      this.#teller.say("tick");
      return;
    }
    const now_s = element.currentTime;
    const kind = this.#wasMuted || isMuted(element) ? "played" : "heard";
    this.#teller.say(kind, { from_s: this.#played_s, to_s: now_s });
    this.#wasMuted = isMuted(element);
    this.#played_s = this.#reached_s = now_s;
    const told = this.#piece.querySelector("[data-played-told]");
    told.hidden = false;
    const seconds = { seconds: Math.round(now_s), length: Math.round(element.duration) };
    told.textContent = this.#piece.dataset.played.replace(/\{(\w+)\}/g, (_, name) => `${seconds[name]} s`);
  }
}

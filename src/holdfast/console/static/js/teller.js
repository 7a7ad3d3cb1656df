// Tells the server what was on the screen: numbered events, in order, each as often as it takes to arrive.

import { ask } from "./send.js";

const FLUSH_MS = 2000;

export class Teller {
  last = 0; // the number of the newest event
  #url;
  #begun;
  #waiting = [];
  #timer;
  #sending = Promise.resolve();

  constructor(url, begun) {
    this.#url = url;
    this.#begun = begun;
  }

  say(kind, played = {}) {
    this.last += 1;
    const clock_ms = Math.round(performance.now() - this.#begun);
    this.#waiting.push({ number: this.last, kind, clock_ms, ...played });
    this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS);
  }

  /** Sends what waits. What does not arrive waits on; a page that is being left sends all the same. */
  flush() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sending = this.#sending.then(() => this.#send());
    return this.#sending;
  }

  async #send() {
    const events = this.#waiting;
    if (!events.length) return;
    this.#waiting = [];
    try {
      const noted = await ask(this.#url, { events: JSON.stringify(events) }, { keepalive: true });
      if (noted.pause) location.assign("/console");
    } catch {
      this.#waiting = [...events, ...this.#waiting];
    }
  }
}

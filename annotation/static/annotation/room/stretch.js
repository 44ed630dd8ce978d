// The A–B loop: two frames between which the video plays, again and again. One that is not set is the clip's own end.
import { words } from "./words.js";

export class Stretch {
  // `say(text)` tells it to screen readers, `drawn(a, b)` shows it on the strip.
  constructor(article, { last, say, drawn }) {
    Object.assign(this, { article, say, drawn, end: last });
    this.a = this.b = null;
    this.#draw();
  }

  get active() {
    return this.a !== null || this.b !== null;
  }

  get first() {
    return this.a ?? 0;
  }

  get last() {
    return this.b ?? this.end;
  }

  // Set `side` ("a" or "b") here; once more at the same frame takes it away.
  set(side, frame) {
    const cleared = this[side] === frame;
    this[side] = cleared ? null : frame;
    if (this.a !== null && this.b !== null && this.a > this.b) [this.a, this.b] = [this.b, this.a];
    this.#draw();
    if (cleared) return this.say(words(`${side}Cleared`));
    this.say(["a", "b"].filter((each) => this[each] !== null).map((each) => words(`${each}Set`, this[each])).join(", "));
  }

  clear() {
    if (!this.active) return;
    this.a = this.b = null;
    this.#draw();
    this.say(words("stretchCleared"));
  }

  #draw() {
    const find = (action) => this.article.querySelector(`[data-do=${action}]`);
    find("set-a").setAttribute("aria-pressed", this.a !== null);
    find("set-b").setAttribute("aria-pressed", this.b !== null);
    find("clear-stretch").disabled = !this.active;
    this.drawn(this.a, this.b);
  }
}

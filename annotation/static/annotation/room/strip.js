// The strip of thumbnails: where the video stands, where A and B are, and a press or a drag goes to the frame under it.
import { words } from "./words.js";

export class Strip {
  // `goTo(frame)` is called while the pointer is dragged.
  constructor(article, { clock, signal, goTo }) {
    Object.assign(this, { clock, goTo });
    this.element = article.querySelector(".strip");
    this.where = this.element.querySelector(".where span");
    this.#drawTiles(Number(article.dataset.tiles), signal);
    this.#listen(signal);
  }

  show(frame) {
    this.#place("--now", (frame + 0.5) / this.#frames);
    const now = Math.min(Math.floor(((frame + 0.5) / this.#frames) * this.tiles.length), this.tiles.length - 1);
    if (now === this.now) return;
    this.now = now;
    this.tiles.forEach((tile, index) => tile.classList.toggle("now", index === now));
  }

  // From the beginning of frame `a` to the end of frame `b`; null is not set.
  showStretch(a, b) {
    this.element.classList.toggle("has-a", a !== null);
    this.element.classList.toggle("has-b", b !== null);
    this.#place("--a", (a ?? 0) / this.#frames);
    this.#place("--b", b === null ? 1 : (b + 1) / this.#frames);
  }

  get #frames() {
    return this.clock.frames || 1;
  }

  #place(name, share) {
    this.element.style.setProperty(name, share.toFixed(5));
  }

  #frameUnder({ clientX }) {
    const { left, width } = this.element.getBoundingClientRect();
    return this.clock.within(Math.floor(((clientX - left) / width) * this.#frames));
  }

  #listen(signal) {
    const on = (name, run) => this.element.addEventListener(name, run, { signal });
    on("pointerdown", (event) => {
      if (event.button) return;
      event.preventDefault(); // the focus stays where the keys belong
      this.element.setPointerCapture(event.pointerId);
      this.goTo(this.#frameUnder(event));
    });
    on("pointermove", (event) => {
      const frame = this.#frameUnder(event);
      if (this.element.hasPointerCapture(event.pointerId)) this.goTo(frame);
      this.#place("--where", (frame + 0.5) / this.#frames);
      this.element.classList.toggle("right", frame > this.#frames / 2);
      this.where.textContent = `${this.clock.secondsOf(frame).toFixed(2)} s f${frame}`;
    });
  }

  #drawTiles(count, signal) {
    this.tiles = Array.from({ length: count }, (_, index) => {
      const tile = document.createElement("button");
      const frame = Math.floor(((index + 0.5) / count) * this.#frames); // the tile shows its middle
      tile.type = "button";
      tile.tabIndex = -1; // the keys do the same, and better
      tile.setAttribute("aria-label", words("goTo", this.clock.secondsOf(frame).toFixed(2)));
      // Pressed with a pointer the strip has gone to the very frame under it already.
      tile.addEventListener("click", (event) => event.detail || this.goTo(frame), { signal });
      return tile;
    });
    this.element.querySelector(".tiles").replaceChildren(...this.tiles);
  }
}

// Native pixels: one pixel of the video on one pixel of the screen, to be dragged with mouse or finger, and back to fit.

const DRAG_PX = 4; // a press that moves less is a click

export class Zoom {
  constructor(article, signal) {
    this.screen = article.querySelector(".screen");
    this.video = article.querySelector("video");
    this.button = article.querySelector("[data-do=zoom]");
    this.on = false;
    this.pointer = null; // where the mouse is over the screen
    this.#listen(signal);
    new ResizeObserver(() => this.on && this.#place()).observe(this.screen);
  }

  toggle() {
    const anchor = this.pointer ?? this.#middle();
    const point = this.#pixelUnder(anchor);
    this.on = !this.on;
    this.button.setAttribute("aria-pressed", this.on);
    this.screen.classList.toggle("native", this.on);
    if (!this.on) return this.video.removeAttribute("style");
    const scale = devicePixelRatio;
    this.left = anchor.x - point.x / scale;
    this.top = anchor.y - point.y / scale;
    this.#place();
  }

  // Whether the click that comes now is the end of a drag.
  takeDrag() {
    const { dragged } = this;
    this.dragged = false;
    return dragged;
  }

  #middle() {
    return { x: this.screen.clientWidth / 2, y: this.screen.clientHeight / 2 };
  }

  // The video's pixel at this place of the screen while the whole video fits in.
  #pixelUnder({ x, y }) {
    const { videoWidth: width, videoHeight: height } = this.video;
    const box = { left: this.video.offsetLeft, top: this.video.offsetTop, width: this.video.clientWidth, height: this.video.clientHeight };
    const fit = Math.min(box.width / width, box.height / height);
    return {
      x: (x - box.left - (box.width - width * fit) / 2) / fit,
      y: (y - box.top - (box.height - height * fit) / 2) / fit,
    };
  }

  // On whole pixels of the screen, and never beside it: a side that is shorter than the screen stands in its middle.
  #place() {
    const scale = devicePixelRatio;
    const width = this.video.videoWidth / scale;
    const height = this.video.videoHeight / scale;
    const origin = this.screen.getBoundingClientRect();
    const whole = (value, from) => Math.round((from + value) * scale) / scale - from;
    this.left = whole(within(this.left, this.screen.clientWidth - width), origin.left);
    this.top = whole(within(this.top, this.screen.clientHeight - height), origin.top);
    Object.assign(this.video.style, { width: `${width}px`, height: `${height}px`, left: `${this.left}px`, top: `${this.top}px` });
  }

  #listen(signal) {
    const on = (name, run) => this.screen.addEventListener(name, run, { signal });
    on("pointermove", (event) => {
      const { left, top } = this.screen.getBoundingClientRect();
      this.pointer = event.pointerType === "mouse" ? { x: event.clientX - left, y: event.clientY - top } : null;
      if (this.drag?.id === event.pointerId) this.#pan(event);
    });
    on("pointerleave", () => (this.pointer = null));
    on("pointerdown", (event) => {
      this.dragged = false;
      if (this.on && !event.button) this.drag = { id: event.pointerId, x: event.clientX, y: event.clientY };
    });
    on("pointerup", () => (this.drag = null));
    on("pointercancel", () => (this.drag = null));
  }

  #pan(event) {
    const moved = { x: event.clientX - this.drag.x, y: event.clientY - this.drag.y };
    if (!this.dragged && Math.hypot(moved.x, moved.y) < DRAG_PX) return;
    if (!this.dragged) this.screen.setPointerCapture(event.pointerId);
    this.dragged = true;
    this.left += moved.x;
    this.top += moved.y;
    Object.assign(this.drag, { x: event.clientX, y: event.clientY });
    this.#place();
  }
}

// `room` is what is left beside the picture, negative where it is larger than its screen.
function within(value, room) {
  return room >= 0 ? room / 2 : Math.max(room, Math.min(value, 0));
}

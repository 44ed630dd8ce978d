// Where the project asks for one full play before the submit: what is still missing of it.

export class FullPlay {
  constructor(article, playback) {
    this.element = article.querySelector(".full-play"); // only there where it is asked for
    this.playback = playback;
    this.show();
  }

  // The sentence that says what is missing; empty when nothing is.
  get missing() {
    return this.element && !this.playback.plays ? this.element.querySelector(".to-do").textContent : "";
  }

  show() {
    if (!this.element) return;
    const done = this.playback.plays > 0;
    this.element.classList.toggle("done", done);
    this.element.querySelector("progress").value = done ? 1 : this.playback.progress;
  }
}

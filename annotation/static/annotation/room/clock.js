// Frames and their times. Frames are counted from 0; how many there are, and how many a second, the probe has measured.

export class Clock {
  constructor(article) {
    this.article = article;
    this.fps = Number(article.dataset.fps) || 24;
    this.frames = Number(article.dataset.frames) || 0;
    this.varies = "varies" in article.querySelector(".stage").dataset; // a frame's number is a good guess then, its time is true
    this.start = 0; // seconds on the video's own clock at which its first frame is shown
  }

  get last() {
    return this.frames ? this.frames - 1 : Infinity;
  }

  within(frame) {
    return Math.max(0, Math.min(frame, this.last));
  }

  // The frame that begins at this moment of the video's own clock; files round their times.
  frameFrom(moment) {
    return this.within(Math.round((moment - this.start) * this.fps));
  }

  // The frame that stands at this moment.
  frameAt(moment) {
    return this.within(Math.floor((moment - this.start) * this.fps + 0.01));
  }

  // A moment inside the frame, `share` of its time after its beginning: every browser shows that frame then.
  momentOf(frame, share = 0.5) {
    return this.start + (frame + share) / this.fps;
  }

  secondsOf(frame) {
    return frame / this.fps;
  }

  show(frame, seconds) {
    const minutes = String(Math.floor(seconds / 60)).padStart(2, "0");
    const about = this.varies ? "≈" : "";
    this.article.querySelector(".time").textContent = `${minutes}:${(seconds % 60).toFixed(2).padStart(5, "0")}`;
    this.article.querySelector(".frame").textContent = `f ${about}${frame} / ${this.frames || "?"}`;
  }
}

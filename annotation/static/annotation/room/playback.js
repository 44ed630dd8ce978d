// What was played of the video: the share of its frames, the full plays, the stalls. It goes on from what the server has.

export class Playback {
  constructor(stage, frames) {
    const { watched, plays, stalls } = stage.dataset;
    this.watchedBefore = Number(watched) || 0;
    this.plays = Number(plays) || 0;
    this.stalls = Number(stalls) || 0;
    this.seen = new Uint8Array(Math.max(frames, 1));
    this.count = 0; // of the frames that were seen
    this.moved(0);
  }

  // As the server takes them.
  fields() {
    const watched = Math.max(this.watchedBefore, this.count / this.seen.length);
    return { watched: Number(watched.toFixed(4)), plays: this.plays, stalls: this.stalls };
  }

  // How far the play has come that will count as a full one; 0 to 1.
  get progress() {
    return this.inFull ? this.last / Math.max(this.seen.length - 1, 1) : 0;
  }

  // Somebody went to this frame: what lies between was not played.
  moved(frame) {
    this.last = frame;
    this.inFull = frame === 0;
  }

  // The tab is out of sight: what plays on there is seen by nobody.
  away() {
    this.last = null;
    this.inFull = false;
  }

  // The picture has come to this frame by itself.
  painted(frame, speed) {
    if (this.last === null || frame < this.last) return this.moved(frame);
    if (frame === this.last) return;
    this.#saw(this.last, frame);
    this.last = frame;
    this.inFull &&= speed <= 1;
  }

  // It has come to its end by itself.
  ended(speed) {
    if (this.last === null) return;
    this.#saw(this.last, this.seen.length - 1);
    if (this.inFull && speed <= 1) this.plays += 1;
    this.moved(this.seen.length - 1);
  }

  // It stopped to load; before anything was played that is no stall.
  stalled() {
    if (this.count) this.stalls += 1;
  }

  #saw(from, to) {
    for (let frame = from; frame <= Math.min(to, this.seen.length - 1); frame += 1) {
      this.count += 1 - this.seen[frame];
      this.seen[frame] = 1;
    }
  }
}

// One video on the screen: its player, its answers, their drafts, and the hold on its seat.
import { Answers } from "./answers.js";
import { chooseVersion, showFinished } from "./dialogs.js";
import { Drafts, same } from "./drafts.js";
import { Player } from "./player.js";
import { send } from "./server.js";

const LONGEST_HOLD_MS = 4 * 60_000;
const SHORTEST_HOLD_MS = 15_000;

export class Screening {
  // `next()` goes on to the following video, `beat()` is called with each renewal of the seat, `edited()` at every input.
  constructor(article, { user, next, beat, edited }) {
    this.article = article;
    this.video = article.dataset.video;
    Object.assign(this, { beat, edited });
    this.end = new AbortController();
    const { signal } = this.end;
    this.player = new Player(article, signal);
    this.answers = new Answers(article, {
      signal,
      changed: () => this.changed(),
      goToFrame: (frame) => this.player.goToFrame(frame),
    });
    this.drafts = new Drafts(article, this.answers, {
      user,
      choose: (read, there) => chooseVersion(this.answers.cards, read, there),
      finished: (there) => this.#finished(there, next),
    });
    this.form = article.querySelector("form.answers");
    this.skipDialog = article.querySelector("dialog.skip");
    this.skipDialog.querySelector("form").noValidate = true; // the server says it better
  }

  async start() {
    this.player.start();
    await this.drafts.restore();
    if (!document.querySelector("dialog[open]")) this.answers.focusCurrent();
    this.#hold();
  }

  // Typed after a submit that has not gone out yet: the rater has more to say, so it waits for them.
  changed() {
    this.submitPending = false;
    this.drafts.changed();
    this.edited();
  }

  // Submit; gives the server's reply. The submit key makes a repeated one the same rating.
  async submit() {
    await this.drafts.saving;
    const { submit_key: key } = this.form.elements;
    const fields = { ...this.answers.read(), revision: this.drafts.revision, submit_key: key.value };
    const reply = await send(this.form.action, fields);
    if (reply.status === 409 && reply.data.submit_key) key.value = reply.data.submit_key;
    return reply;
  }

  skip() {
    const reason = new FormData(this.skipDialog.querySelector("form")).get("reason");
    return send(this.skipDialog.querySelector("form").action, { reason });
  }

  // The server has it all: stop, and forget the journal.
  close() {
    this.drafts.close();
    this.end.abort();
    clearTimeout(this.holdTimer);
    this.player.stop();
    this.article.remove();
  }

  async #finished(there, next) {
    const read = () => this.answers.read();
    if (there && !same(read(), there)) await showFinished(this.answers.cards, read, there);
    next();
  }

  // Say that the video is on the screen, again and again: half a lease at a time, and only while it is seen.
  async #hold() {
    clearTimeout(this.holdTimer);
    let wait = SHORTEST_HOLD_MS;
    if (!document.hidden) {
      const { status, data, date } = await send(this.article.dataset.openUrl);
      const left = Date.parse(data.leased_until) - date;
      if (status === 200) wait = Math.max(SHORTEST_HOLD_MS, Math.min(LONGEST_HOLD_MS, left / 2 || LONGEST_HOLD_MS));
      await this.player.ready();
      if (status === 200 && !this.end.signal.aborted) this.beat();
    }
    if (!this.end.signal.aborted) this.holdTimer = setTimeout(() => this.#hold(), wait);
  }
}

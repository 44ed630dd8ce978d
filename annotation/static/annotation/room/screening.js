// One video on the screen: its player, its answers, their drafts, and the hold on its seat.
import { Answers } from "./answers.js";
import { chooseVersion, showFinished } from "./dialogs.js";
import { Drafts, same } from "./drafts.js";
import { Player } from "./player.js";
import { send } from "./server.js";

const LONGEST_HOLD_MS = 4 * 60_000;
const SHORTEST_HOLD_MS = 15_000;

export class Screening {
  // `next()` goes on to the following video; `beat(reply, ready)` gets the server's answer to each renewal of the seat,
  // with what comes after, and when that may load; `edited()` is called at every input.
  constructor(article, { user, next, beat, edited }) {
    this.article = article;
    this.video = article.dataset.video;
    Object.assign(this, { user, next, beat, edited });
    this.end = new AbortController();
    this.player = new Player(article, this.end.signal);
    this.#takeAnswers();
  }

  #takeAnswers() {
    const { article } = this;
    this.form = article.querySelector("form.answers");
    this.turn = new AbortController(); // ends with these answers, the video may play on
    this.answers = new Answers(article, {
      signal: this.turn.signal,
      changed: () => this.changed(),
      goToFrame: (frame) => this.player.goToFrame(frame),
    });
    this.drafts = new Drafts(article, this.answers, {
      user: this.user,
      choose: (read, there) => chooseVersion(this.answers.cards, read, there),
      finished: (there) => this.#finished(there),
      played: () => this.#played(),
    });
    const { submit_key: key, warned } = this.form.elements;
    if (this.drafts.journal.wasWarned(key.value)) warned.value = "on";
    this.skipDialog = article.querySelector("dialog.skip");
    if (!this.skipDialog) return;
    this.skipDialog.querySelector("form").noValidate = true; // the server says it better
    this.skipDialog.addEventListener("input", () => (this.skipDialog.querySelector(".bad").textContent = ""));
  }

  async start() {
    this.player.start();
    this.answers.focusCurrent();
    const restored = await this.drafts.restore();
    if (restored && !document.querySelector("dialog[open]")) this.answers.focusCurrent();
    this.#hold();
  }

  // Typed after a submit that has not gone out yet: the rater has more to say, so it waits for them.
  changed() {
    this.submitPending = false;
    this.drafts.changed();
    this.edited();
  }

  // Submit; gives the server's reply. The submit key makes a repeated one the same rating.
  submit() {
    return this.drafts.quiet(() => {
      const { submit_key: key, warned } = this.form.elements;
      this.sent = this.answers.read();
      const fields = {
        ...this.sent,
        ...this.#played(),
        revision: this.drafts.revision,
        submit_key: key.value,
        warned: warned.value,
      };
      return send(this.form.action, fields);
    });
  }

  // The model is revealed: its words and the new answers, beside the video as it plays.
  reveal(article) {
    this.drafts.close();
    this.turn.abort();
    this.article.dataset.revision = article.dataset.revision;
    this.article.dataset.stage = article.dataset.stage;
    this.form.replaceWith(article.querySelector("form.answers"));
    this.skipDialog?.remove();
    this.#takeAnswers();
  }

  keepWarned() {
    const { submit_key: key, warned } = this.form.elements;
    warned.value = "on";
    this.drafts.journal.keepWarned(key.value);
  }

  // What was written after the submit went out, and is not in it.
  async showWhatCameTooLate() {
    const read = () => this.answers.read();
    if (!same(read(), this.sent)) await showFinished(this.answers.cards, read, this.sent);
  }

  skip() {
    const reason = new FormData(this.skipDialog.querySelector("form")).get("reason");
    return send(this.skipDialog.querySelector("form").action, { reason });
  }

  // The server has it all: stop, and forget the journal.
  close() {
    this.drafts.close();
    this.turn.abort();
    this.end.abort();
    clearTimeout(this.holdTimer);
    this.player.stop();
    this.article.remove();
  }

  // The page goes away: the last words, and what was played since the server heard of it.
  leave() {
    this.drafts.leave();
    if (JSON.stringify(this.player.played.fields()) !== this.toldPlayed) this.#open();
  }

  #open(more = {}) {
    return send(this.article.dataset.openUrl, { ...this.#played(), ...more });
  }

  #played() {
    const fields = this.player.played.fields();
    this.toldPlayed = JSON.stringify(fields);
    return fields;
  }

  async #finished(there) {
    const read = () => this.answers.read();
    if (there && !same(read(), there)) await showFinished(this.answers.cards, read, there);
    this.next();
  }

  // Say that the video is on the screen, again and again: half a lease at a time, and only while it is seen.
  async #hold() {
    clearTimeout(this.holdTimer);
    let wait = SHORTEST_HOLD_MS;
    if (!document.hidden) {
      const opened = this.#open({ ahead: "on" });
      this.beat(opened, this.player.ready());
      const { status, data, date } = await opened;
      const left = Date.parse(data.leased_until) - date;
      if (status === 200) wait = Math.max(SHORTEST_HOLD_MS, Math.min(LONGEST_HOLD_MS, left / 2 || LONGEST_HOLD_MS));
    }
    if (!this.end.signal.aborted) this.holdTimer = setTimeout(() => this.#hold(), wait);
  }
}

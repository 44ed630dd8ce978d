// Submitting: what must be there first, one request at a time, and what each answer of the server means.
import { dropHeld, holdKeys, typeHeld } from "./keys.js";
import { notify, showUnsaved } from "./status.js";
import { words } from "./words.js";

const RETRY_MS = 5000;
const PATIENCE_MS = 2000; // so long the answers stay closed while the server takes them

export class Submitting {
  // `room.screening` is what is on the screen; `room.rated(data)` is called once the server has stored it.
  constructor(room) {
    this.room = room;
  }

  // `later`: nobody has pressed anything just now, so the rater may be writing.
  async press({ later = false } = {}) {
    const { screening } = this.room;
    if (this.#isLacking(screening)) return;
    await this.once(async () => {
      const reply = await (later ? screening.submit() : this.#withKeysHeld(screening));
      screening.submitPending = false;
      if (this.room.screening !== screening || screening.drafts.closed) return;
      if (reply.status === 200) await this.#stored(reply.data);
      else if (reply.status === 409) await this.#conflicting(reply.data);
      else if (reply.status === 422) this.#refused(reply.data);
      else this.#sendLater(reply.status);
    });
  }

  // One at a time: a second press while a request is on its way is the same press.
  async once(work) {
    if (this.busy) return;
    this.busy = true;
    const button = this.room.screening.form.querySelector(".submit");
    button.setAttribute("aria-busy", "true");
    try {
      await work();
    } finally {
      this.busy = false;
      button.removeAttribute("aria-busy");
      dropHeld();
    }
  }

  // What the bar says is no longer true: something was decided, or written after a submit that waits.
  edited() {
    const { answers } = this.room;
    if (!this.complaining || (!this.sending && (answers.missing.length || answers.lacksReason))) return;
    this.sending = this.complaining = false;
    notify("");
  }

  #isLacking({ answers, player }) {
    const { missing } = answers;
    this.complaining = missing.length > 0 || answers.lacksReason;
    if (missing.length) {
      notify(words("decide", missing.map((card) => card.dataset.short).join(", ")), { bad: true });
      answers.goTo(missing[0]);
    } else if (answers.lacksReason) {
      notify(words("sayWhy"), { bad: true });
      answers.goToChange();
    } else if (player.fullPlay.missing) {
      this.#watchFirst([player.fullPlay.missing]);
      return true;
    }
    return this.complaining;
  }

  // Keys pressed meanwhile are for the video that comes next. Where none comes, letters go back into the text that
  // they were typed in.
  async #withKeysHeld(screening) {
    const { form } = screening;
    const back = document.activeElement;
    const letGo = () => {
      if (!form.inert) return;
      form.inert = false;
      back.focus({ preventScroll: true });
      typeHeld(back);
    };
    form.inert = true;
    holdKeys();
    const patience = setTimeout(letGo, PATIENCE_MS);
    const reply = await screening.submit();
    clearTimeout(patience);
    if (reply.status !== 200) letGo();
    return reply;
  }

  // What was written while the request was on its way is not in the rating: it is shown before it goes.
  async #stored(data) {
    const { screening } = this.room;
    await screening.showWhatCameTooLate();
    await this.room.rated(data);
  }

  // The server's copy moved on. When it is our own words after all, they go out again, once.
  async #conflicting(data) {
    const { screening } = this.room;
    const again = (await screening.drafts.resolve(data)) && !screening.resubmitted;
    screening.resubmitted = true;
    if (again) setTimeout(() => this.press({ later: true }));
  }

  // The check found something: it says so once, and the same submit again lets it stand. Or the answers will not do.
  #refused({ warnings, errors }) {
    const { screening } = this.room;
    if (warnings) {
      screening.keepWarned();
      notify(words("lookAgain"), { note: true, seconds: 0 });
      screening.answers.show(warnings, "warning");
    } else {
      const unplaced = screening.answers.show(errors, "bad");
      notify(unplaced.join(" ") || words("fix"), { bad: true });
      if (errors.plays) this.#watchFirst(errors.plays);
    }
  }

  #watchFirst(sentences) {
    notify(sentences.join(" "), { bad: true });
    this.room.player.playInFull();
  }

  #sendLater(status) {
    const { screening } = this.room;
    showUnsaved(words("notSaved"));
    if (status === 404 || status === 410) return notify(words("refused"), { bad: true });
    screening.submitPending = true;
    if (status !== 401 && status !== 403) {
      this.sending = this.complaining = true;
      notify(words("sending"), { bad: true, seconds: 0 });
      setTimeout(() => this.room.retry(), RETRY_MS);
    }
  }
}

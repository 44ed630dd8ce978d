// The rating room: one screening after the other without a reload.
import { open, watchSession } from "./dialogs.js";
import { forgetOld } from "./journal.js";
import { listen } from "./keys.js";
import { Screening } from "./screening.js";
import { load, parse, send } from "./server.js";
import { clearSaved, notify, showProgress, showUnsaved } from "./status.js";
import { Upcoming } from "./upcoming.js";
import { words } from "./words.js";

const TAKE_BACK_MS = 10_000;
const RETRY_MS = 5000;
const place = document.getElementById("main");
const { user, rateUrl, nextUrl } = document.getElementById("room").dataset;
const takeBackButton = document.getElementById("take-back");

class Room {
  constructor() {
    this.upcoming = new Upcoming(nextUrl);
    this.show(place.querySelector("article.screening"));
  }

  get player() {
    return this.screening.player;
  }

  get answers() {
    return this.screening.answers;
  }

  get canTakeBack() {
    return !takeBackButton.hidden;
  }

  open(id) {
    open(id);
  }

  show(article) {
    clearSaved();
    this.screening = new Screening(article, {
      user,
      next: () => this.advance(),
      beat: () => this.upcoming.prepare(this.screening.video),
      edited: () => this.#complainNoMore(),
    });
    this.screening.start();
  }

  mark() {
    this.answers.insert(this.player.mark());
  }

  async submit() {
    const { missing } = this.answers;
    if (missing.length) {
      const names = missing.map((card) => card.dataset.short).join(", ");
      notify(words("decide", names), { bad: true });
      this.complaining = true;
      return this.answers.goTo(missing[0]);
    }
    await this.#once(async () => {
      const { screening } = this;
      const reply = await screening.submit();
      screening.submitPending = false;
      if (reply.status === 200) return this.#rated(reply.data);
      if (reply.status === 409) return this.#conflicting(reply.data);
      if (reply.status === 422) return this.#refused(reply.data.errors);
      return this.#submitLater(reply.status);
    });
  }

  // One at a time: a second press while a request is on its way is the same press.
  async #once(work) {
    if (this.busy) return;
    this.busy = true;
    const button = this.screening.form.querySelector(".submit");
    button.setAttribute("aria-busy", "true");
    try {
      await work();
    } finally {
      this.busy = false;
      button.removeAttribute("aria-busy");
    }
  }

  async #rated(progress) {
    showProgress(progress);
    this.#offerTakeBack(this.screening.article.dataset.takeBackUrl);
    await this.advance();
  }

  // The server's copy moved on. When it is our own words after all, they go out again, once.
  async #conflicting(data) {
    const { screening } = this;
    const again = (await screening.drafts.resolve(data)) && !screening.resubmitted;
    screening.resubmitted = true;
    if (again) setTimeout(() => this.submit());
  }

  // What the bar says is no longer true: something was decided, or written after a submit that waits.
  #complainNoMore() {
    if (!this.complaining || (!this.sending && this.answers.missing.length)) return;
    this.sending = false;
    this.complaining = false;
    notify("");
  }

  #refused(errors) {
    notify(words("fix"), { bad: true });
    this.answers.showErrors(errors);
  }

  #submitLater(status) {
    showUnsaved(words("notSaved"));
    if (status === 404 || status === 410) return notify(words("refused"), { bad: true });
    this.screening.submitPending = true;
    if (status !== 401 && status !== 403) {
      this.sending = this.complaining = true;
      notify(words("sending"), { bad: true, seconds: 0 });
      setTimeout(() => this.retry(), RETRY_MS);
    }
  }

  // Send again what could not be sent; gives whether the server took it.
  async retry() {
    const { screening } = this;
    if (!screening) return true;
    if (screening.submitPending) {
      notify("");
      await this.submit();
      return !screening.submitPending;
    }
    if (!screening.drafts.dirty) return (await send(screening.article.dataset.openUrl)).status === 200;
    await screening.drafts.save();
    return !screening.drafts.held;
  }

  // The prepared video takes the place of this one; a page of its own says when there is none.
  async advance() {
    const old = this.screening;
    old.drafts.close();
    let article;
    try {
      article = await this.upcoming.take(old.video);
    } catch {
      notify(words("loadingNext"), { bad: true, seconds: 0 });
      setTimeout(() => this.advance(), RETRY_MS);
      return;
    }
    old.close();
    if (!article) return this.#rest();
    place.append(article);
    scrollTo(0, 0);
    if (location.search) history.replaceState(null, "", rateUrl);
    this.show(article);
  }

  // Nothing comes next: the empty room, with the last submit still to be taken back.
  async #rest() {
    this.screening = null;
    const { status, text } = await load(rateUrl);
    const main = status === 200 && parse(text).getElementById("main");
    if (!main || main.querySelector("article.screening")) return location.replace(rateUrl);
    place.replaceChildren(...main.children);
    place.querySelector("h1").setAttribute("tabindex", "-1");
    place.querySelector("h1").focus();
    history.replaceState(null, "", rateUrl);
    await import("./waiting.js");
  }

  #offerTakeBack(url) {
    clearTimeout(this.takeBackTimer);
    this.takeBackUrl = url;
    takeBackButton.hidden = false;
    notify(words("rated"), { seconds: TAKE_BACK_MS / 1000 });
    this.takeBackTimer = setTimeout(() => this.#closeTakeBack(), TAKE_BACK_MS);
  }

  #closeTakeBack() {
    clearTimeout(this.takeBackTimer);
    takeBackButton.hidden = true;
  }

  async takeBack() {
    this.#closeTakeBack();
    await this.screening?.drafts.save();
    const { status, data } = await send(this.takeBackUrl);
    if (status === 200) location.replace(data.url);
    else notify(words("tooLate"), { bad: true });
  }

  async skip() {
    await this.#once(async () => {
      const { status, data } = await this.screening.skip();
      const error = this.screening.skipDialog.querySelector(".bad");
      error.textContent = status === 422 ? Object.values(data.errors).flat().join(" ") : words("skipFailed");
      if (status !== 200 && status !== 409) return;
      this.screening.skipDialog.close();
      this.#closeTakeBack(); // it would take back the rating before the skip
      notify(words("skipped"));
      showProgress(data);
      await this.advance();
    });
  }
}

const room = new Room();
const cardOf = (element) => element.closest("[data-dimension]");
const ACTIONS = {
  help: () => room.open("help"),
  guidelines: () => room.open("guidelines"),
  play: () => room.player.toggle(),
  back: () => room.player.step(-1),
  on: () => room.player.step(1),
  slower: () => room.player.changeSpeed(-1),
  faster: () => room.player.changeSpeed(1),
  loop: () => room.player.toggleLoop(),
  reload: () => room.player.reload(),
  "go-to-frame": (button) => room.player.goToFrame(Number(button.dataset.frame)),
  keep: (button) => room.answers.keep(cardOf(button)),
  mark: (button) => room.answers.insert(room.player.mark(), cardOf(button)),
  "no-defect": (button) => room.answers.noDefect(cardOf(button), button.dataset.text),
  skip: () => room.screening.skipDialog.showModal(),
  close: (button) => button.closest("dialog").close(),
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button || (!room.screening && button.closest("main"))) return;
  ACTIONS[button.dataset.do]?.(button);
  // After a click with the mouse the keys belong to the room again, not to the button.
  if (event.detail && button.closest(".transport, .strip, .card, .seen")) button.blur();
});
document.addEventListener("submit", (event) => {
  if (event.target.matches("form.answers")) room.submit();
  else if (event.target.matches("dialog.skip form")) room.skip();
  else return;
  event.preventDefault();
});
document.addEventListener("keydown", (event) => {
  const inSkip = event.target.closest("dialog.skip form");
  if (inSkip && event.key === "Enter" && (event.ctrlKey || event.metaKey)) inSkip.requestSubmit();
});
// Back from a dialog the keys belong to the room again.
document.addEventListener("close", () => room.screening?.answers.focusCurrent(), true);
takeBackButton.addEventListener("click", () => room.takeBack());
document.addEventListener("visibilitychange", () => document.hidden && room.screening?.drafts.leave());
addEventListener("pagehide", () => room.screening?.drafts.leave());
addEventListener("online", () => room.retry());
watchSession(() => room.retry());
listen(room);
forgetOld();

// The rating room: one screening after the other without a reload.
import { open } from "./dialogs.js";
import { readGuidelines } from "./guidelines.js";
import { forgetOld } from "./journal.js";
import { dropHeld, listen } from "./keys.js";
import { Submitting } from "./rating.js";
import { Screening } from "./screening.js";
import { load, parse, send } from "./server.js";
import { watchSession } from "./session.js";
import { clearSaved, notify, showProgress } from "./status.js";
import { Upcoming } from "./upcoming.js";
import { words } from "./words.js";

const TAKE_BACK_MS = 10_000;
const RETRY_MS = 5000;
const STORED = { first: "rated", reveal: "rated", edit: "changed", return: "sentBack" };
const place = document.getElementById("main");
const { user, rateUrl, nextUrl } = document.getElementById("room").dataset;
const takeBackButton = document.getElementById("take-back");

class Room {
  constructor() {
    this.upcoming = new Upcoming(nextUrl);
    this.submitting = new Submitting(this);
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
    if (id === "guidelines") readGuidelines();
  }

  show(article) {
    clearSaved();
    this.screening = new Screening(article, {
      user,
      next: () => this.advance(),
      beat: (reply, ready) => this.upcoming.expect(reply, ready),
      edited: () => this.submitting.edited(),
    });
    this.screening.start();
  }

  mark() {
    this.answers.insert(this.player.mark());
  }

  submit() {
    return this.submitting.press();
  }

  // The server has stored it: the next video, or what the model says of this one.
  async rated(data) {
    const { stage, takeBackUrl } = this.screening.article.dataset;
    showProgress(data);
    if (data.screening) return this.#reveal(data.screening);
    this.#offerTakeBack(takeBackUrl, STORED[stage]);
    await this.advance();
  }

  // Scores given without the model are not taken back, and the video plays on.
  #reveal(html) {
    this.#closeTakeBack();
    dropHeld(); // pressed for another video
    this.screening.reveal(parse(html).querySelector("article.screening"));
    clearSaved();
    notify(words("revealed"), { note: true });
    this.answers.focusCurrent();
  }

  // Send again what could not be sent; gives whether the server took it.
  async retry() {
    const { screening } = this;
    if (!screening) return true;
    if (screening.submitPending) {
      notify("");
      await this.submitting.press({ later: true });
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
    this.pressHeld();
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

  #offerTakeBack(url, said) {
    clearTimeout(this.takeBackTimer);
    this.takeBackUrl = url;
    takeBackButton.hidden = false;
    notify(words(said), { seconds: TAKE_BACK_MS / 1000 });
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
    await this.submitting.once(async () => {
      const { status, data } = await this.screening.skip();
      const error = this.screening.skipDialog.querySelector(".bad");
      error.textContent = status === 422 ? Object.values(data.errors).flat().join(" ") : words("skipFailed");
      if (status !== 200 && status !== 409) return;
      this.screening.skipDialog.close();
      this.#closeTakeBack(); // it would take back the rating before the skip
      notify(words("skipped"));
      showProgress(data, { skipped: true });
      await this.advance();
    });
  }

  // An edit is given up.
  async leave(url) {
    await this.submitting.once(async () => {
      const { status } = await send(url);
      if (status !== 200) return notify(words("skipFailed"), { bad: true });
      notify(words("left"));
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
  zoom: () => room.player.zoom.toggle(),
  "set-a": () => room.player.setStretch("a"),
  "set-b": () => room.player.setStretch("b"),
  "clear-stretch": () => room.player.stretch.clear(),
  reload: () => {
    room.player.reload();
    room.answers.focusCurrent(); // its button goes away
  },
  "go-to-frame": (button) => room.player.goToFrame(Number(button.dataset.frame)),
  keep: (button) => room.answers.keep(cardOf(button)),
  mark: (button) => room.answers.insert(room.player.mark(), cardOf(button)),
  "no-defect": (button) => room.answers.noDefect(cardOf(button), button.dataset.text),
  skip: () => room.screening.skipDialog?.showModal(),
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
  else if (event.target.matches("form.leave")) room.leave(event.target.action);
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
document.addEventListener("visibilitychange", () => document.hidden && room.screening?.leave());
addEventListener("pagehide", () => room.screening?.leave());
addEventListener("online", () => room.retry());
watchSession(() => room.retry());
listen(room);
forgetOld();

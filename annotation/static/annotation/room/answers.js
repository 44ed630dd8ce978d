// The three cards: which one is current, scores, reasons and their time marks.

const MARK = /\[(\d+(?:\.\d+)?)s f(\d+)\]/g;

export class Answers {
  constructor(article, { signal, changed, goToFrame }) {
    this.form = article.querySelector("form.answers");
    this.cards = [...article.querySelectorAll("[data-dimension]")];
    this.changed = changed;
    this.goToFrame = goToFrame;
    this.form.noValidate = true;
    this.form.autocomplete = "off";
    const on = (name, run) => this.form.addEventListener(name, run, { signal });
    on("input", (event) => this.#edited(event.target));
    on("focusin", (event) => this.#focused(event.target.closest("[data-dimension]")));
    for (const card of this.cards) {
      const area = this.#text(card);
      area.setSelectionRange(area.value.length, area.value.length); // words go after what is there
      this.#showMarks(card);
    }
    this.#focused(this.#firstUndecided() ?? this.cards[0]);
  }

  // Everything that is stored of the answers, as the form would send it.
  read() {
    const fields = {};
    for (const card of this.cards) {
      const key = card.dataset.dimension;
      fields[key] = this.#chosen(card)?.value ?? "";
      fields[`${key}_reason`] = this.#text(card).value;
    }
    fields.flagged = this.form.elements.flagged.checked ? "on" : "";
    return fields;
  }

  write(fields) {
    for (const card of this.cards) {
      const key = card.dataset.dimension;
      for (const radio of card.querySelectorAll("[type=radio]")) radio.checked = radio.value === fields[key];
      this.#text(card).value = fields[`${key}_reason`];
      this.#showMarks(card);
    }
    this.form.elements.flagged.checked = fields.flagged === "on";
    this.#focused(this.#firstUndecided() ?? this.cards[0]);
    this.changed();
  }

  get missing() {
    return this.cards.filter((card) => !this.#chosen(card));
  }

  focusCurrent() {
    this.current.focus({ preventScroll: true });
  }

  // After a score: the next dimension, or the first that is still undecided.
  score(value) {
    const radio = this.current.querySelector(`[type=radio][value="${value}"]`);
    radio.checked = true;
    this.#edited(radio);
    const next = this.cards[this.cards.indexOf(this.current) + 1] ?? this.#firstUndecided() ?? this.current;
    this.goTo(next);
  }

  keep(card = this.current) {
    const suggested = card.querySelector(".suggested input");
    if (!suggested) return;
    this.current = card;
    this.score(suggested.value);
  }

  goTo(card) {
    this.current = card;
    card.focus({ preventScroll: true });
    card.scrollIntoView({ block: "nearest" });
  }

  move(steps) {
    const card = this.cards[this.cards.indexOf(this.current) + steps];
    if (card) this.goTo(card);
  }

  intoReason() {
    this.#text(this.current).focus();
  }

  outOfReason() {
    this.focusCurrent();
  }

  toggleFlag() {
    const flag = this.form.elements.flagged;
    flag.checked = !flag.checked;
    this.#edited(flag);
  }

  // Put words where the caret is (or was), with spaces around; the browser's undo knows them while typing.
  insert(words, card = this.current) {
    const area = this.#text(card);
    const { selectionStart: from, selectionEnd: to, value } = area;
    const before = from > 0 && !/\s/.test(value[from - 1]) ? " " : "";
    const after = to < value.length && !/\s/.test(value[to]) ? " " : "";
    const text = before + words + after;
    if (document.activeElement !== area || !document.execCommand("insertText", false, text)) {
      area.setRangeText(text, from, to, "end");
      this.#edited(area);
    }
  }

  noDefect(card, text) {
    if (!this.#text(card).value.includes(text)) this.insert(text, card);
  }

  // `errors` = {field: [sentence, ...]} of the server; goes to the first marked card.
  showErrors(errors) {
    const wrong = this.cards.filter((card) => {
      const key = card.dataset.dimension;
      const sentences = [...(errors[key] ?? []), ...(errors[`${key}_reason`] ?? [])];
      this.#error(card, sentences.join(" "));
      return sentences.length;
    });
    if (wrong.length) this.goTo(wrong[0]);
  }

  #edited(element) {
    const card = element.closest("[data-dimension]");
    if (card) {
      this.#error(card, "");
      if (element.matches("textarea")) this.#showMarks(card);
    }
    this.changed();
  }

  #focused(card) {
    if (!card) return;
    this.current = card;
    this.cards.forEach((each) => each.classList.toggle("current", each === card));
  }

  #error(card, text) {
    const element = card.querySelector(".error");
    element.textContent = text;
    element.hidden = !text;
  }

  #showMarks(card) {
    const list = card.querySelector(".marks");
    const marks = [...this.#text(card).value.matchAll(MARK)];
    const wanted = marks.map(([, seconds, frame]) => `${seconds} s f${frame}`);
    if ([...list.children].map((item) => item.textContent).join() === wanted.join()) return;
    list.replaceChildren(...marks.map(([, , frame], index) => this.#markItem(wanted[index], Number(frame))));
    list.hidden = !marks.length;
  }

  #markItem(text, frame) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.addEventListener("click", () => this.goToFrame(frame));
    item.append(button);
    return item;
  }

  #firstUndecided() {
    return this.missing[0];
  }

  #chosen(card) {
    return card.querySelector("[type=radio]:checked");
  }

  #text(card) {
    return card.querySelector("textarea");
  }
}

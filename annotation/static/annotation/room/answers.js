// The three cards: which one is current, scores, reasons and their time marks.

const MARK = /\[(\d+(?:\.\d+)?)s f(\d+)\]/g;

export class Answers {
  constructor(article, { signal, changed, goToFrame }) {
    this.form = article.querySelector("form.answers");
    this.change = this.form.elements.change_reason; // where a rating that was there is changed
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
    this.#showChanging();
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
    if (this.change) fields.change_reason = this.change.value;
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
    if (this.change) this.change.value = fields.change_reason ?? this.change.value;
    this.#showChanging();
    this.#focused(this.#firstUndecided() ?? this.cards[0]);
    this.changed();
  }

  get missing() {
    return this.cards.filter((card) => !this.#chosen(card));
  }

  // Whether a score differs from the one that was there, and nothing says why.
  get lacksReason() {
    return this.#isChanging && !this.change.value.trim();
  }

  goToChange() {
    this.change.focus({ preventScroll: true });
    this.change.scrollIntoView({ block: "nearest" });
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

  // `said` = {field: [sentence, ...]} of the server, `look` "bad" or "warning"; goes to the first field that is named.
  // Gives the sentences that have no place here.
  show(said, look) {
    const placed = new Map();
    for (const field of [...this.cards.flatMap(({ dataset: { dimension: key } }) => [key, `${key}_reason`]), "change_reason"]) {
      if (said[field] && this.form.elements[field]) placed.set(field, said[field].join(" "));
    }
    for (const card of this.cards) {
      const key = card.dataset.dimension;
      this.#say(card, [placed.get(key), placed.get(`${key}_reason`)].filter(Boolean).join(" "), look);
    }
    if (this.change) this.#say(this.change.parentElement, placed.get("change_reason") ?? "", look);
    const [first] = placed.keys();
    if (first === "change_reason") this.goToChange();
    else if (first) this.#goToField(first);
    return Object.keys(said).filter((field) => !placed.has(field)).flatMap((field) => said[field]);
  }

  #goToField(field) {
    const card = this.cards.find(({ dataset }) => field.startsWith(dataset.dimension));
    this.goTo(card);
    if (field.endsWith("_reason")) this.#text(card).focus({ preventScroll: true });
  }

  #edited(element) {
    const place = element.closest("[data-dimension], .change");
    if (place) this.#say(place, "");
    if (element.matches("[data-dimension] textarea")) this.#showMarks(place);
    this.#showChanging();
    this.changed();
  }

  get #isChanging() {
    return this.cards.some((card) => card.dataset.before && this.#chosen(card)?.value !== card.dataset.before);
  }

  #showChanging() {
    this.form.classList.toggle("changing", this.#isChanging);
    if (this.change) this.change.required = this.#isChanging;
  }

  #focused(card) {
    if (!card) return;
    this.current = card;
    for (const each of this.cards) {
      each.classList.toggle("current", each === card);
      if (each === card) each.setAttribute("aria-current", "true");
      else each.removeAttribute("aria-current");
    }
  }

  #say(place, text, look = "bad") {
    const element = place.querySelector(".error");
    element.className = `error ${look}`;
    element.textContent = text;
    element.hidden = !text;
    place.querySelector("textarea").setAttribute("aria-invalid", Boolean(text) && look === "bad");
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

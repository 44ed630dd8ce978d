// Saves answers: to the journal at every input, to the server two seconds after the last one. Says "saved"
// only when the server answered. Overwrites nothing that was written elsewhere: the rater chooses.
import { Journal } from "./journal.js";
import { send } from "./server.js";
import { notify, showSaved, showUnsaved } from "./status.js";
import { words } from "./words.js";

const QUIET_MS = 2000;
const FIRST_RETRY_MS = 3000;
const LONGEST_RETRY_MS = 60_000;

export class Drafts {
  // `choose(read, there)` asks the rater (`read()` gives what stands here), `finished(there)` tells that there is
  // no draft any more, `played()` gives what was played of the video.
  constructor(article, answers, { user, choose, finished, played }) {
    Object.assign(this, { answers, choose, finished, played });
    this.url = article.dataset.draftUrl;
    this.revision = Number(article.dataset.revision);
    this.stage = article.dataset.stage;
    this.submitKey = answers.form.elements.submit_key;
    this.journal = new Journal(user, article.dataset.video);
    this.edits = this.saved = 0;
    this.sent = null;
    this.grewFrom = []; // texts of the journal, which may reach the server after this page was made
    this.retryMs = FIRST_RETRY_MS;
  }

  get dirty() {
    return this.edits !== this.saved;
  }

  // What the journal kept and the server does not have, back into the form; gives whether there was something.
  async restore() {
    const kept = this.journal.read();
    const stored = this.answers.read();
    if (!kept) return false;
    if (same(kept.fields, stored)) {
      this.journal.clear();
      return false;
    }
    this.grewFrom = [kept.sent, kept.fields];
    // The server's copy is the one this text grew from, or an earlier half of it that was on its way.
    const ours = (kept.draft ?? this.submitKey.value) === this.submitKey.value;
    const grown = kept.revision === this.revision || (kept.sent && same(kept.sent, stored));
    if (ours && grown) this.answers.write(kept.fields);
    else this.answers.write(await this.choose(() => kept.fields, stored));
    return true;
  }

  changed() {
    this.edits += 1;
    const kept = this.#keep();
    if (!kept) showUnsaved(words("notKept"));
    this.#later(QUIET_MS);
  }

  // Save now. Resolves when nothing is on its way any more.
  save() {
    clearTimeout(this.timer);
    if (this.closed || !this.dirty) return this.saving ?? Promise.resolve();
    this.saving ??= this.#save().finally(() => {
      this.saving = null;
      if (this.dirty && !this.closed && !this.held) this.#later(this.failed ? this.#backoff() : QUIET_MS);
    });
    return this.saving;
  }

  // `submit()` carries all of it: no save sets out beside it, which would find the draft gone.
  async quiet(submit) {
    await this.saving;
    clearTimeout(this.timer);
    const reply = await submit();
    if (this.dirty && !this.held) this.#later(QUIET_MS);
    return reply;
  }

  // The page goes away: one last request that outlives it. One on its way raises the revision first.
  leave() {
    if (this.closed || !this.dirty) return;
    if (!this.saving) this.save();
    else if (this.sentEdits !== this.edits) {
      send(this.url, { ...this.answers.read(), ...this.#written, revision: this.revision + 1 });
    }
  }

  // Submitted or skipped: the server has it all.
  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.journal.clear();
  }

  async #save() {
    this.sentEdits = this.edits;
    this.sent = this.answers.read();
    this.#keep();
    const reply = await send(this.url, { ...this.sent, ...this.#written });
    if (this.closed) return;
    this.failed = reply.status !== 200;
    this.held = reply.status === 401 || reply.status === 403;
    if (reply.status === 200) this.#confirmed(reply.data.revision);
    else if (reply.status === 409) await this.resolve(reply.data);
    else {
      showUnsaved(words("notSaved"));
      if (reply.status === 404 || reply.status === 410) notify(words("refused"), { bad: true });
    }
  }

  #confirmed(revision) {
    this.revision = revision;
    this.saved = this.sentEdits;
    this.retryMs = FIRST_RETRY_MS;
    if (this.dirty) this.#keep();
    else this.journal.clear();
    showSaved();
  }

  // The server's copy is newer. Our own text with its answer lost is no conflict (true: it may go out again);
  // anything else is shown.
  async resolve({ revision, draft, stage, submit_key: key }) {
    const here = this.answers.read();
    const there = draft && normal(draft, here);
    this.failed = false;
    if (!there || revision === null || revision === undefined || stage !== this.stage) return this.finished(there);
    const ours = [here, this.sent, ...this.grewFrom].some((text) => text && same(there, text));
    if (!ours) {
      showUnsaved(words("notSaved"));
      const chosen = await this.choose(() => this.answers.read(), there);
      this.revision = revision;
      this.answers.write(chosen);
    }
    this.revision = revision;
    this.submitKey.value = key;
    this.#keep();
    return ours;
  }

  // What was played, and which draft, in which state of it, the answers were written on.
  get #written() {
    return { ...this.played(), revision: this.revision, submit_key: this.submitKey.value };
  }

  #keep() {
    const { revision, sent } = this;
    return this.journal.write({ fields: this.answers.read(), revision, sent, draft: this.submitKey.value });
  }

  #later(milliseconds) {
    if (this.closed) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), milliseconds);
  }

  #backoff() {
    const wait = this.retryMs;
    this.retryMs = Math.min(wait * 2, LONGEST_RETRY_MS);
    return wait;
  }
}

export function same(one, other) {
  return Object.keys(one).every((name) => String(one[name] ?? "") === String(other[name] ?? ""));
}

// The server's JSON in the shape of a form: "" for nothing, "on" for a flag.
function normal(draft, shape) {
  const fields = {};
  for (const name of Object.keys(shape)) {
    fields[name] = name === "flagged" ? (draft[name] ? "on" : "") : String(draft[name] ?? "");
  }
  return fields;
}

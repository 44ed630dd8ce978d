// The next video: leased and preloaded while the rater works on this one, its very elements moved into place.
import { firstFrame } from "./first_frame.js";
import { load, parse } from "./server.js";

const shelf = document.getElementById("next");

export class Upcoming {
  constructor(url) {
    this.url = url;
    this.article = null;
    this.taken = 0; // an answer that comes after its video was taken is about the past
  }

  // What comes after the video on the screen is in the server's `reply`; it loads once `ready`, not to slow that one.
  expect(reply, ready) {
    this.asking = this.#hear(reply, ready);
  }

  // The prepared article, out of its shelf; null when there is nothing to rate now. Throws when offline.
  async take(video) {
    if (!this.article) await this.asking;
    if (!this.article) await this.#ask(video);
    if (!this.article && this.failed) throw new Error("offline");
    this.#live();
    const { article } = this;
    this.article = null;
    this.taken += 1;
    article?.remove();
    return article;
  }

  async #hear(reply, ready) {
    const { taken } = this;
    const { status, data } = await reply;
    if (taken === this.taken) this.#put(status === 200, data.next, ready);
  }

  async #ask(video) {
    const { taken } = this;
    const { status, text } = await load(`${this.url}?after=${video}`);
    if (taken === this.taken) this.#put(status === 200 || status === 204, text, Promise.resolve());
  }

  #put(heard, html, ready) {
    this.failed = !heard;
    const article = heard && html ? parse(html).querySelector("article.screening") : null;
    if (!heard || (article && article.dataset.video === this.article?.dataset.video)) return;
    this.article = article;
    ready.then(() => article === this.article && this.#load());
  }

  // A video in a parsed document, which is no page, fails to load for good: only its copy in this page can.
  #live() {
    if (this.article && this.article.ownerDocument !== document) this.article = document.importNode(this.article, true);
  }

  #load() {
    this.#live();
    shelf.replaceChildren(...(this.article ? [this.article] : []));
    if (this.article) firstFrame(this.article.querySelector("video"));
  }
}

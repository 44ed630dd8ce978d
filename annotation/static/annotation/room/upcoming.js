// The next video: leased and preloaded while the rater works on this one, its very elements moved into place.
import { load, parse } from "./server.js";

const shelf = document.getElementById("next");

export class Upcoming {
  constructor(url) {
    this.url = url;
    this.article = null;
  }

  // Lease what follows `video` (and renew that lease when it is asked again).
  prepare(video) {
    this.asking = this.#ask(video);
    return this.asking;
  }

  // The prepared article, out of its shelf; null when there is nothing to rate now. Throws when offline.
  async take(video) {
    await this.asking;
    if (!this.article) await this.prepare(video);
    if (this.failed) throw new Error("offline");
    const article = this.article;
    this.article = null;
    article?.remove();
    return article;
  }

  async #ask(video) {
    const { status, text } = await load(`${this.url}?after=${video}`);
    this.failed = status !== 200 && status !== 204;
    if (this.failed) return;
    const article = status === 200 ? parse(text).querySelector("article.screening") : null;
    if (article && article.dataset.video === this.article?.dataset.video) return;
    this.article = article;
    shelf.replaceChildren(...(article ? [article] : []));
  }
}

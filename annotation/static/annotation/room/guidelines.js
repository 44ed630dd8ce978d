// The guidelines and their examples: fetched when they are first opened, kept while the page is.
import { load, parse } from "./server.js";

const dialog = document.getElementById("guidelines");
const place = dialog.querySelector(".text");
const failed = dialog.querySelector(".failed");
let fetched = false;

export async function readGuidelines() {
  if (fetched) return;
  fetched = true;
  failed.hidden = true;
  place.hidden = false;
  const { status, text } = await load(dialog.dataset.url);
  fetched = status === 200;
  failed.hidden = fetched;
  place.hidden = !fetched;
  if (fetched) place.replaceChildren(...parse(text).body.childNodes);
}

failed.querySelector("button").addEventListener("click", readGuidelines);
dialog.addEventListener("close", () => dialog.querySelectorAll("video").forEach((video) => video.pause()));

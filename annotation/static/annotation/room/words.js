// The sentences that modules say; the page holds them, translated.
const element = document.getElementById("words");

export const words = (name, value) => element.dataset[name].replace("%s", value);

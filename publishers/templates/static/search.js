// Narrows the list of datasets while the reader types; without JavaScript the list is simply whole.
"use strict";
const plain = (text) =>
  text.toLowerCase().normalize("NFD").replace(/\p{Mn}/gu, "").replaceAll("đ", "d");
const entries = [...document.querySelectorAll("[data-search]")].map((item) => [item, plain(item.dataset.search)]);
const groups = [...document.querySelectorAll(".group")];
const query = document.getElementById("query");
const found = document.getElementById("found");
function narrow() {
  const words = plain(query.value).split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const [item, text] of entries) {
    item.hidden = !words.every((word) => text.includes(word));
    shown += item.hidden ? 0 : 1;
  }
  for (const group of groups) group.hidden = !group.querySelector("[data-search]:not([hidden])");
  found.textContent = words.length === 0 ? "" : shown ? `${found.dataset.shown} ${shown} / ${entries.length}` : found.dataset.none;
}
if (query) {
  document.getElementById("search").hidden = false;
  query.addEventListener("input", narrow);
  narrow();
}

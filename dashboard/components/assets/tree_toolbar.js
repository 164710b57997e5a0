// Above the tree: search, the way from error to error, fold and unfold.

import { button, count, el, plural } from "./dom.js";

export class Toolbar {
  constructor(bar, tree) {
    this.tree = tree;
    this.hits = [];
    this.hit = new Uint8Array(0); // by row: whether it is one
    this.search = el("input", "search", bar);
    this.search.type = "search";
    this.search.placeholder = "Search spans  ( / )";
    this.search.setAttribute("aria-label", "Search spans");
    this.search.addEventListener("input", () => this.find());
    this.search.addEventListener("keydown", (event) => this.key(event));
    this.found = el("span", "found", bar);
    this.found.setAttribute("role", "status");
    this.errors = button("errors", bar, "Go to the next error", () => this.nextError());
    button("", bar, "Fold all spans", () => tree.foldAll(1)).textContent = "Fold";
    button("", bar, "Unfold all spans", () => tree.foldAll(0)).textContent = "Unfold";
  }

  // The tree has other spans now.
  setData() {
    let failed = 0;
    for (let i = 0; i < this.tree.count; i++) if (this.tree.failed(i)) failed++;
    this.errors.textContent = failed ? `✕ ${plural(failed, "error")}` : "No errors";
    this.errors.disabled = !failed;
    this.hit = new Uint8Array(this.tree.count);
    this.names = null;
    this.find();
  }

  key(event) {
    event.stopPropagation();
    if (event.key === "Enter") this.nextHit(event.shiftKey ? -1 : 1);
    if (event.key === "Escape") {
      this.search.value = "";
      this.find();
      this.tree.viewport.focus();
    }
  }

  find() {
    const wanted = this.search.value.trim().toLowerCase();
    this.hits = [];
    this.at = -1;
    this.hit.fill(0);
    if (wanted) {
      const c = this.tree.columns;
      this.names ||= Array.from(c.name, (name, i) => `${name} ${c.model[i]} ${c.tool_name[i]} ${c.kind[i]}`.toLowerCase());
      for (let i = 0; i < this.tree.count; i++) if (this.names[i].includes(wanted)) this.hits.push(i);
      for (const i of this.hits) this.hit[i] = 1;
    }
    this.found.textContent = wanted ? `${count(this.hits.length)} found` : plural(this.tree.count, "span");
    this.tree.request();
  }

  nextHit(direction) {
    if (!this.hits.length) return;
    this.at = (this.at + direction + this.hits.length) % this.hits.length;
    this.tree.select(this.hits[this.at]);
    this.found.textContent = `${this.at + 1} of ${count(this.hits.length)}`;
  }

  nextError() {
    const { count: spans, selected } = this.tree;
    for (let k = 1; k <= spans; k++) {
      const i = (selected + k + spans) % spans;
      if (this.tree.failed(i)) return this.tree.select(i);
    }
  }
}

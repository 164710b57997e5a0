// The component of a run: the tree on the left, the selected span on the right.
// The address of the page is the truth about the selection: a click asks Python to write it there, and what Python
// sends back as `selected` (also after the Back button) is what is shown.

import { el, getJson } from "./dom.js";
import { renderSpan } from "./span.js";
import { Tree } from "./tree.js";

const SETTLE_MS = 250; // arrow keys held down become one entry of the browser's history

class TraceView {
  constructor(root) {
    this.root = root;
    this.tree = new Tree(el("section", "tree", root), (index) => this.picked(index));
    this.panel = el("aside", "panel", root);
    this.panel.setAttribute("aria-label", "Selected span");
    this.panel.tabIndex = 0;
  }

  update(data, setTriggerValue) {
    this.tell = setTriggerValue;
    this.turn ??= data.heard;
    // While a selection of ours has not been heard, the address is older than what is on the screen.
    if (!this.settling && data.heard >= this.turn) this.wanted = data.selected;
    this.spanUrl = data.span_url;
    this.tree.team = data.team;
    if (this.revision !== data.revision) {
      this.revision = data.revision;
      this.load(data.url);
    } else this.applyWanted();
  }

  async load(url) {
    this.loading?.abort();
    this.loading = new AbortController();
    try {
      const columns = await getJson(url, this.loading.signal);
      this.tree.setData(columns);
      this.applyWanted();
      this.root.dataset.ready = "1";
    } catch (error) {
      if (error.name !== "AbortError") this.problem(`The spans could not be loaded. ${error.message}`);
    }
  }

  applyWanted() {
    if (this.wanted === undefined || !this.tree.columns) return;
    const index = this.tree.indexOf(this.wanted);
    if (index < 0) this.problem(`This run has no span ${this.wanted}.`);
    else if (this.tree.selected !== index || this.shown !== this.tree.columns.span_id[index]) {
      this.tree.select(index, false);
      this.show(index);
    }
    this.wanted = undefined;
  }

  picked(index) {
    this.show(index);
    clearTimeout(this.settling);
    this.settling = setTimeout(() => {
      this.settling = 0;
      this.turn += 1;
      this.tell("select", { span: this.tree.columns.span_id[index], turn: this.turn });
    }, SETTLE_MS);
  }

  async show(index) {
    const id = this.tree.columns.span_id[index], team = this.tree.columns.team[index];
    this.shown = id;
    this.showing?.abort();
    this.showing = new AbortController();
    try {
      const url = this.spanUrl + id, query = `?team=${encodeURIComponent(team)}`;
      const span = await getJson(url + query, this.showing.signal);
      const note = this.tree.foreign(index);
      renderSpan(this.panel, span, { offset: this.tree.columns.start_known[index] ? this.tree.columns.start_ns[index] : null, logs: `${url}/logs${query}`, note });
      this.panel.scrollTop = 0;
      this.panel.dataset.span = id;
    } catch (error) {
      if (error.name !== "AbortError") this.problem(`The span could not be loaded. ${error.message}`);
    }
  }

  problem(text) {
    this.shown = null;
    this.panel.replaceChildren();
    el("p", "problem", this.panel, text).setAttribute("role", "alert");
  }

  destroy() {
    clearTimeout(this.settling);
    this.loading?.abort();
    this.showing?.abort();
    this.tree.destroy();
  }
}

const views = new WeakMap();

export default function ({ parentElement, data, setTriggerValue }) {
  let view = views.get(parentElement);
  if (!view) views.set(parentElement, (view = new TraceView(parentElement.querySelector(".root"))));
  view.update(data, setTriggerValue);
  return () => {
    view.destroy();
    views.delete(parentElement);
  };
}

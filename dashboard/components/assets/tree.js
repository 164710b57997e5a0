// The spans of a run as a tree with a waterfall. Only the rows in view exist as elements, whatever the run's size.

import { count, duration, el, lasted, money } from "./dom.js";
import { kindIcon, kindOf } from "./kinds.js";
import { Toolbar } from "./tree_toolbar.js";

const ROW = 30; // px, the same as .row and .head in trace.css
const HEAD = 28;
const INDENT = 14;
const LEVELS = 9; // levels of indent that fit the column; deeper rows shift with the row that is looked at
const OVERSCAN = 6;
const NARROW = 240; // px of the time axis that five labels do not fit into

export class Tree {
  constructor(root, onSelect) {
    this.onSelect = onSelect;
    this.count = 0;
    this.selected = -1;
    this.pool = [];
    this.toolbar = new Toolbar(el("div", "toolbar", root), this);
    this.buildViewport(root);
    this.resized = new ResizeObserver(() => this.request());
    this.resized.observe(this.viewport);
  }

  buildViewport(root) {
    this.viewport = el("div", "viewport", root);
    const head = el("div", "head", this.viewport);
    head.setAttribute("role", "presentation");
    el("div", "name", head, "Span");
    el("div", "tokens", head, "Tokens");
    el("div", "cost", head, "Cost");
    this.axis = el("div", "time", head);
    this.viewport.tabIndex = 0;
    this.viewport.setAttribute("role", "tree");
    this.viewport.setAttribute("aria-label", "Trace tree with timeline");
    this.pad = el("div", "pad", this.viewport);
    this.pad.setAttribute("role", "presentation");
    this.lines = el("div", "lines", el("div", "grid", this.pad));
    this.viewport.addEventListener("scroll", () => this.request(), { passive: true });
    this.viewport.addEventListener("keydown", (event) => this.key(event));
    this.viewport.addEventListener("click", (event) => this.click(event));
  }

  // `columns` is the run in tree order: see schema.queries.run.load_tree. Folds and selection survive by span id.
  setData(columns) {
    const folded = new Set();
    for (let i = 0; i < this.count; i++) if (this.folded[i]) folded.add(this.columns.span_id[i]);
    const selected = this.selected >= 0 ? this.columns.span_id[this.selected] : null;
    this.columns = columns;
    this.count = columns.span_id.length;
    this.folded = Uint8Array.from(columns.span_id, (id) => (folded.has(id) ? 1 : 0));
    this.selected = selected ? this.indexOf(selected) : -1;
    this.total = 1;
    for (let i = 0; i < this.count; i++) if (this.own(i)) this.total = Math.max(this.total, columns.start_ns[i] + columns.duration_ns[i]);
    this.drawAxis();
    this.toolbar.setData();
    this.rebuild();
  }

  own(i) {
    return this.columns.team[i] === this.team;
  }

  // The row of a span id, rather the run's own than another team's; null is the first row of the run.
  indexOf(id) {
    const fits = (i) => id === null || this.columns.span_id[i] === id;
    const rows = [...this.columns.span_id.keys()].filter(fits);
    return rows.find((i) => this.own(i)) ?? rows[0] ?? -1;
  }

  // What sets a span apart from those of the run: another team sent it, or sent one of the same id before it.
  foreign(i) {
    const first = this.columns.first_sent_by[i];
    const conflict = first ? `span id also sent by team ${first}, before this one` : "";
    return [this.own(i) ? "" : `team ${this.columns.team[i]}, not counted in this run`, conflict].filter(Boolean).join(" · ");
  }

  // A call that waits for a human's approval is reported as an error by some senders; it has not failed.
  failed(i) {
    return this.columns.status[i] === "error" && this.columns.approval_status[i] !== "requested";
  }

  drawAxis() {
    this.axis.replaceChildren();
    this.lines.replaceChildren();
    const rough = this.total / (this.axis.clientWidth < NARROW ? 2 : 5);
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
    for (let at = 0; at < this.total; at += step) {
      const left = `${(100 * at) / this.total}%`;
      if (at < this.total * 0.92) el("span", "tick", this.axis, at ? duration(at) : "0").style.left = left;
      el("span", "line", this.lines).style.left = left;
    }
  }

  // Rows that are not inside a folded span: `end` is the row after a span's subtree, so a fold is one jump.
  rebuild() {
    const visible = new Int32Array(this.count);
    let rows = 0;
    for (let i = 0; i < this.count; i = this.folded[i] ? this.columns.end[i] : i + 1) visible[rows++] = i;
    this.visible = visible.subarray(0, rows);
    this.pad.style.height = `${rows * ROW}px`;
    for (const row of this.pool) row.signature = "";
    this.request();
  }

  rowOf(index) {
    let low = 0, high = this.visible.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (this.visible[middle] === index) return middle;
      if (this.visible[middle] < index) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  request() {
    if (this.frame || !this.columns) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.paint();
    });
  }

  paint() {
    const top = this.viewport.scrollTop, height = this.viewport.clientHeight - HEAD;
    const first = Math.max(0, Math.floor(top / ROW) - OVERSCAN);
    const last = Math.min(this.visible.length, Math.ceil((top + height) / ROW) + OVERSCAN);
    const shift = this.shift(Math.floor(top / ROW), Math.ceil((top + height) / ROW));
    while (this.pool.length < last - first) this.pool.push(this.makeRow());
    const size = this.pool.length;
    for (let k = first; k < first + size; k++) this.drawRow(this.pool[k % size], k < last ? k : -1, shift);
    const at = this.selected >= 0 ? this.rowOf(this.selected) : -1;
    if (at >= first && at < last) this.viewport.setAttribute("aria-activedescendant", `span-${this.selected}`);
    else this.viewport.removeAttribute("aria-activedescendant");
  }

  // Levels to leave out on the left, so that the selected row, or the middle of what is in view, can be read.
  shift(from, to) {
    const row = this.selected >= 0 ? this.rowOf(this.selected) : -1;
    const anchor = row >= from && row < to ? row : Math.min(this.visible.length - 1, (from + to) >> 1);
    return Math.max(0, this.columns.depth[this.visible[anchor]] - LEVELS + 2);
  }

  makeRow() {
    const node = el("div", "row", this.pad);
    node.setAttribute("role", "treeitem");
    const name = el("div", "name", node);
    const row = { node, name, signature: "", index: -1 };
    row.twist = el("span", "twist", name);
    row.twist.setAttribute("aria-hidden", "true");
    row.icon = el("span", "icon", name);
    row.failed = el("span", "failed", name, "✕");
    row.label = el("span", "label", name);
    row.extra = el("span", "extra", name);
    row.tokens = el("div", "tokens", node);
    row.cost = el("div", "cost", node);
    const time = el("div", "time", node);
    row.bar = el("div", "bar", time);
    row.duration = el("span", "duration", time);
    node.row = row;
    return row;
  }

  drawRow(row, position, shift) {
    if (position < 0) {
      if (row.index >= 0) row.node.style.display = "none";
      row.index = -1;
      row.signature = "";
      return;
    }
    const c = this.columns, i = this.visible[position], selected = i === this.selected;
    const signature = `${i}|${position}|${shift}|${selected}|${this.toolbar.hit[i]}`;
    if (row.signature === signature) return;
    Object.assign(row, { signature, index: i });
    const kind = kindOf(c.kind[i]), failed = this.failed(i), leaf = c.end[i] === i + 1;
    row.node.id = `span-${i}`;
    row.node.style.display = "";
    row.node.style.transform = `translateY(${position * ROW}px)`;
    row.node.className = `row${selected ? " selected" : ""}${failed ? " error" : ""}${this.toolbar.hit[i] ? " hit" : ""}${this.own(i) ? "" : " foreign"}`;
    row.node.dataset.span = c.span_id[i];
    row.name.style.paddingLeft = `${Math.max(0, Math.min(c.depth[i] - shift, LEVELS + 3)) * INDENT}px`;
    row.twist.textContent = leaf ? "" : this.folded[i] ? "▸" : "▾";
    row.icon.replaceChildren(kindIcon(c.kind[i]));
    row.icon.title = kind.label;
    row.failed.hidden = !failed;
    row.label.textContent = c.name[i] || "(no name)";
    row.label.title = c.name[i];
    const hidden = this.folded[i] ? `+${count(c.end[i] - i - 1)}` : "";
    const model = c.model[i] && !c.name[i].includes(c.model[i]) ? c.model[i] : "";
    row.extra.textContent = [this.foreign(i), c.orphan[i] ? "parent missing" : "", model, shift && c.depth[i] > LEVELS ? `level ${c.depth[i]}` : "", hidden].filter(Boolean).join(" · ");
    row.tokens.textContent = c.input_tokens[i] === null && c.output_tokens[i] === null ? "" : count((c.input_tokens[i] || 0) + (c.output_tokens[i] || 0));
    row.cost.textContent = c.cost_usd[i] === null ? (c.kind[i] === "llm" && !c.unpriced_reason[i].startsWith("counted") ? "no price" : "") : money(c.cost_usd[i]);
    row.cost.classList.toggle("unknown", c.cost_usd[i] === null);
    row.cost.title = c.unpriced_reason[i];
    this.drawBar(row, i, kind);
    row.node.setAttribute("aria-level", c.depth[i] + 1);
    row.node.setAttribute("aria-selected", selected);
    row.node.setAttribute("aria-posinset", position + 1);
    row.node.setAttribute("aria-setsize", this.visible.length);
    if (leaf) row.node.removeAttribute("aria-expanded");
    else row.node.setAttribute("aria-expanded", !this.folded[i]);
    row.node.setAttribute("aria-label", `${kind.label}: ${c.name[i].slice(0, 120)}, ${lasted(c.duration_ns[i])}${c.start_known[i] ? "" : ", start unknown"}${failed ? ", error" : ""}${this.own(i) ? "" : `, team ${c.team[i]}`}`);
  }

  drawBar(row, i, kind) {
    // The axis is the run's: a span of another team that lies outside of it is cut at its ends.
    const start = Math.min(Math.max(this.columns.start_ns[i], 0), this.total);
    const end = Math.min(Math.max(this.columns.start_ns[i] + this.columns.duration_ns[i], 0), this.total);
    const left = (100 * start) / this.total;
    const width = (100 * (end - start)) / this.total;
    row.bar.hidden = !this.columns.start_known[i];
    row.bar.style.left = `${left}%`;
    row.bar.style.width = `${width}%`;
    row.bar.style.background = kind.color;
    row.duration.textContent = this.columns.start_known[i] ? lasted(this.columns.duration_ns[i]) : "start unknown";
    const inside = left + width > 80 && width > 25, before = !inside && left + width > 80;
    row.duration.className = `duration${inside ? " inside" : ""}`;
    row.duration.style.left = before || inside ? "" : `calc(${left + width}% + 6px)`;
    row.duration.style.right = before ? `calc(${100 - left}% + 6px)` : inside ? `calc(${100 - left - width}% + 6px)` : "";
  }

  select(index, tell = true) {
    if (index < 0 || index >= this.count) return;
    const changed = index !== this.selected;
    this.selected = index;
    this.reveal(index);
    this.request();
    if (changed && tell) this.onSelect(index);
  }

  reveal(index) {
    let opened = false;
    for (let parent = this.columns.parent[index]; parent >= 0; parent = this.columns.parent[parent]) {
      if (this.folded[parent]) opened = true;
      this.folded[parent] = 0;
    }
    if (opened) this.rebuild();
    const top = this.rowOf(index) * ROW, { scrollTop } = this.viewport, height = this.viewport.clientHeight - HEAD;
    if (top < scrollTop) this.viewport.scrollTop = top - ROW;
    else if (top + ROW > scrollTop + height) this.viewport.scrollTop = top - height + 3 * ROW;
  }

  click(event) {
    const row = event.target.closest(".row")?.row;
    if (!row) return;
    if (event.target === row.twist && row.twist.textContent) this.fold(row.index, !this.folded[row.index]);
    else this.select(row.index);
  }

  fold(index, folded) {
    this.folded[index] = folded ? 1 : 0;
    this.rebuild();
  }

  foldAll(folded) {
    for (let i = 1; i < this.count; i++) this.folded[i] = folded && this.columns.end[i] > i + 1 ? 1 : 0;
    this.folded[0] = 0;
    this.rebuild();
  }

  key(event) {
    if (!this.columns || event.ctrlKey || event.metaKey || event.altKey) return;
    const i = this.selected, row = Math.max(0, this.rowOf(i)), page = Math.floor(this.viewport.clientHeight / ROW) - 1;
    const parent = i >= 0 ? this.columns.parent[i] : -1, inner = i >= 0 && this.columns.end[i] > i + 1;
    let target = null;
    if (event.key === "ArrowDown") target = i < 0 ? 0 : row + 1;
    else if (event.key === "ArrowUp") target = row - 1;
    else if (event.key === "PageDown") target = row + page;
    else if (event.key === "PageUp") target = row - page;
    else if (event.key === "Home") target = 0;
    else if (event.key === "End") target = this.visible.length - 1;
    else if (event.key === "ArrowRight" && inner && this.folded[i]) this.fold(i, false);
    else if (event.key === "ArrowRight" && inner) target = row + 1;
    else if (event.key === "ArrowLeft" && inner && !this.folded[i]) this.fold(i, true);
    else if (event.key === "ArrowLeft" && parent >= 0) target = this.rowOf(parent);
    else if (event.key === "/") this.toolbar.search.focus();
    else if (event.key === "n" || event.key === "N") this.toolbar.nextHit(event.key === "n" ? 1 : -1);
    else if (event.key === "e") this.toolbar.nextError();
    else if (!event.key.startsWith("Arrow")) return;
    event.preventDefault();
    event.stopPropagation();
    if (target !== null) this.select(this.visible[Math.max(0, Math.min(this.visible.length - 1, target))]);
  }

  destroy() {
    this.resized.disconnect();
    cancelAnimationFrame(this.frame);
  }
}

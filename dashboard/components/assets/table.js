// A table of figures. Rows are kept by key when data changes, so scroll, focus and selection stay while it refreshes.

import { el } from "./dom.js";

class Table {
  constructor(root) {
    this.order = null; // {column, down}
    this.rows = new Map();
    this.scroller = el("div", "scroller", root);
    this.scroller.tabIndex = 0;
    this.scroller.setAttribute("role", "region");
    this.table = el("table", "", this.scroller);
    this.caption = el("caption", "", this.table);
    this.head = el("tr", "", el("thead", "", this.table));
    this.body = el("tbody", "", this.table);
    this.body.addEventListener("click", (event) => this.click(event));
  }

  update(data, setTriggerValue) {
    this.open = setTriggerValue;
    this.data = data;
    this.caption.textContent = data.label;
    this.scroller.setAttribute("aria-label", data.label);
    this.drawHead();
    this.drawBody();
  }

  drawHead() {
    const signature = JSON.stringify([this.data.columns, this.order]);
    if (signature === this.headSignature) return;
    this.headSignature = signature;
    this.head.replaceChildren();
    this.data.columns.forEach((column, index) => {
      const cell = el("th", this.columnClass(column), this.head);
      cell.scope = "col";
      if (!column.sort) {
        cell.textContent = column.label;
        return;
      }
      const ordered = this.order?.column === index;
      cell.setAttribute("aria-sort", ordered ? (this.order.down ? "descending" : "ascending") : "none");
      const sort = el("button", "", cell, column.label);
      sort.type = "button";
      el("span", "arrow", sort, ordered ? (this.order.down ? " ↓" : " ↑") : "").setAttribute("aria-hidden", "true");
      sort.addEventListener("click", () => this.sort(index, column.numeric));
    });
  }

  columnClass(column) {
    return `${column.numeric ? "numeric" : ""}${column.wide ? " wide" : ""}`;
  }

  sort(column, numeric) {
    const again = this.order?.column === column;
    this.order = { column, down: again ? !this.order.down : numeric };
    this.drawHead();
    this.drawBody();
  }

  sorted() {
    if (!this.order) return this.data.rows;
    const { column, down } = this.order, factor = down ? -1 : 1;
    const value = (row) => row.cells[column].value;
    return [...this.data.rows].sort((a, b) => {
      const left = value(a), right = value(b);
      if (left === undefined || right === undefined) return (left === undefined) - (right === undefined); // unknown last
      return left < right ? -factor : left > right ? factor : 0;
    });
  }

  drawBody() {
    const kept = new Map();
    let previous = null;
    for (const row of this.sorted()) {
      let drawn = this.rows.get(row.key);
      const signature = JSON.stringify(row);
      if (drawn?.signature !== signature) {
        const node = drawn?.node || el("tr");
        this.drawRow(node, row);
        drawn = { node, signature };
      }
      kept.set(row.key, drawn);
      const expected = previous ? previous.nextSibling : this.body.firstChild;
      if (expected !== drawn.node) this.body.insertBefore(drawn.node, expected);
      previous = drawn.node;
    }
    for (const [key, drawn] of this.rows) if (kept.get(key)?.node !== drawn.node) drawn.node.remove();
    this.rows = kept;
  }

  drawRow(node, row) {
    node.replaceChildren();
    node.dataset.key = row.key;
    node.className = `${row.href ? "link" : ""}${row.present ? " present" : ""}`;
    if (row.present) node.setAttribute("aria-current", "true");
    else node.removeAttribute("aria-current");
    row.cells.forEach((cell, index) => {
      const column = this.data.columns[index];
      const box = el("td", `${this.columnClass(column)} ${cell.tone || ""}`, node);
      if (cell.share !== undefined) el("span", "share", box).style.width = `${Math.max(1, 100 * cell.share)}%`;
      const text = el(row.href && index === 0 ? "a" : "span", "text", box, cell.text);
      if (row.href && index === 0) text.href = row.href;
      if (cell.note) el("span", "note", box, cell.note);
      box.title = cell.title || (column.wide ? cell.text : "");
    });
  }

  click(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return; // the browser's own: a new tab
    if (String(window.getSelection())) return; // text is being selected
    const link = event.target.closest("tr")?.querySelector("a");
    if (!link) return;
    event.preventDefault();
    this.open("open", link.getAttribute("href"));
  }
}

const tables = new WeakMap();

export default function ({ parentElement, data, setTriggerValue }) {
  let table = tables.get(parentElement);
  if (!table) tables.set(parentElement, (table = new Table(parentElement.querySelector(".root"))));
  table.update(data, setTriggerValue);
  parentElement.querySelector(".root").dataset.ready = "1";
  return () => tables.delete(parentElement);
}

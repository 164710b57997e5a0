// Log records as a list, a page at a time. Each is one line until it is opened: most of what agents log is long.

import { renderContent } from "./conversation.js";
import { button, count, duration, el, getJson } from "./dom.js";
import { renderLong } from "./text.js";

const FAILURES = /^(error|fatal|critical)/i;
const PREVIEW = 400; // characters of a record on its line, more than fit

export class Records {
  // `url` answers {total, records} from the offset that is put behind it.
  constructor(parent, url) {
    this.parent = parent;
    this.url = url;
    this.load();
  }

  async load() {
    this.more?.remove();
    const status = el("p", "none", this.parent, "Loading …");
    status.setAttribute("role", "status");
    try {
      const page = await getJson(`${this.url}${this.url.includes("?") ? "&" : "?"}offset=${this.shown ?? 0}`);
      // Records that came meanwhile can lie before the ones that are shown.
      if (this.total !== undefined && this.total !== page.total) return this.restart();
      status.remove();
      this.draw(page);
    } catch (error) {
      status.className = "problem";
      status.textContent = `The log records could not be loaded. ${error.message}`;
    }
  }

  restart() {
    this.total = this.shown = undefined;
    this.parent.replaceChildren();
    return this.load();
  }

  draw({ total, records }) {
    if (!this.shown) this.list = el("ol", "records", this.parent);
    this.total = total;
    const first = this.shown ?? 0;
    this.shown = first + records.length;
    for (const record of records) drawRecord(this.list, record);
    const left = total - this.shown, next = Math.min(left, records.length);
    if (left > 0) {
      this.more = el("p", "none", this.parent, `${count(left)} more not shown `);
      const label = `Show the next ${count(next)}`;
      button("more", this.more, label, () => this.load()).textContent = label;
    }
    // Whoever pressed the button goes on where the new records begin.
    if (first) this.list.children[first]?.querySelector("summary").focus({ preventScroll: true });
  }
}

function drawRecord(list, record) {
  const fold = el("details", "record", el("li", "", list));
  const line = el("summary", "", fold);
  el("span", "at", line, record.at_ns === null ? record.time : offset(record.at_ns)).title = `${record.time} UTC`;
  if (record.severity) el("span", `severity${FAILURES.test(record.severity) ? " bad" : ""}`, line, record.severity);
  if (record.event_name) el("code", "", line, record.event_name);
  el("span", "preview", line, bodyOf(record).slice(0, PREVIEW));
  fold.addEventListener("toggle", () => drawWhole(el("div", "body", fold), record), { once: true });
}

function offset(ns) {
  return `${ns < 0 ? "−" : "+"}${duration(Math.abs(ns))}`;
}

// The body of some records is their event's name over again.
function bodyOf({ body, event_name: event }) {
  return event && body.endsWith(event) ? "" : body;
}

function drawWhole(parent, record) {
  if (bodyOf(record)) renderContent(parent, record.body);
  const entries = Object.entries(record.attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length) {
    const list = el("dl", "pairs", parent);
    for (const [key, value] of entries) {
      el("dt", "", list, key);
      renderLong(el("dd", "", list), "", value);
    }
  }
  const from = [record.service_name, record.scope_name, record.span_id && `span ${record.span_id}`];
  el("p", "ids", parent, [`${record.time} UTC`, ...from].filter(Boolean).join(" · "));
}

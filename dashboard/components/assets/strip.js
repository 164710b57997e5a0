// The whole run as a strip of bars with a playhead: where in time the replay is.

import { kindOf } from "./kinds.js";

const LANES = 6;

export class Strip {
  constructor(root, onSeek) {
    this.canvas = document.createElement("canvas");
    this.canvas.setAttribute("aria-hidden", "true"); // the slider says the same in words
    root.appendChild(this.canvas);
    this.canvas.addEventListener("click", (event) => {
      const box = this.canvas.getBoundingClientRect();
      if (this.tree) onSeek(((event.clientX - box.left) / box.width) * this.total);
    });
    this.resized = new ResizeObserver(() => this.paint());
    this.resized.observe(root);
  }

  setData(tree) {
    this.tree = tree;
    this.total = tree.start_ns.reduce((most, start, i) => Math.max(most, start + tree.duration_ns[i]), 1);
    this.deepest = tree.depth.reduce((most, depth) => Math.max(most, depth), 0);
  }

  show(at, row) {
    Object.assign(this, { at, row });
    this.paint();
  }

  paint() {
    if (!this.tree || this.at === undefined) return;
    const { canvas, tree } = this, ratio = window.devicePixelRatio || 1;
    const width = canvas.clientWidth, height = canvas.clientHeight;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const context = canvas.getContext("2d"), style = getComputedStyle(canvas);
    context.scale(ratio, ratio);
    const lanes = Math.min(LANES, this.deepest + 1), lane = height / lanes;
    for (let i = 0; i < tree.depth.length; i++) {
      if (!tree.start_known[i]) continue; // it has a place among the steps, not in time
      const x = (tree.start_ns[i] / this.total) * width;
      const long = Math.max(1.5, (tree.duration_ns[i] / this.total) * width);
      context.globalAlpha = i === this.row ? 1 : tree.start_ns[i] <= this.at ? 0.75 : 0.2;
      context.fillStyle = kindOf(tree.kind[i]).color;
      context.fillRect(x, (tree.depth[i] % LANES) * lane + 1, long, Math.max(2, lane - 2));
    }
    context.globalAlpha = 1;
    context.fillStyle = style.color;
    context.fillRect(Math.min(width - 2, (this.at / this.total) * width), 0, 2, height);
  }

  destroy() {
    this.resized.disconnect();
  }
}

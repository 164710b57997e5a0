// The log records of a run that belong to no span.

import { Records } from "./records.js";

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".root");
  if (root.dataset.revision !== data.revision) {
    root.dataset.revision = data.revision;
    root.setAttribute("role", "region");
    root.setAttribute("aria-label", data.label);
    root.replaceChildren();
    new Records(root, data.url);
  }
  return () => {};
}

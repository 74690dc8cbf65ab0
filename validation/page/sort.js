// Sorting, where JavaScript runs: each column head becomes a button. Numbers sort by data-key; what has none comes last.
"use strict";

const said = document.getElementById("said");

function key(row, column) {
  const cell = row.cells[column];
  return cell.dataset.key ?? cell.textContent.trim();
}

function value(text) {
  const found = { inf: Infinity, "-inf": -Infinity }[text] ?? (text === "" ? NaN : Number(text));
  return found;
}

function compare(a, b, isNumber, direction) {
  if (!isNumber) return direction * a.localeCompare(b, undefined, { numeric: true });
  const [x, y] = [value(a), value(b)];
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
  return x === y ? 0 : x < y ? -direction : direction;
}

function sort(head) {
  const table = head.closest("table");
  const isNumber = head.classList.contains("number");
  const before = head.getAttribute("aria-sort");
  const rises = before ? before === "descending" : !isNumber; // numbers: greatest first
  for (const other of table.querySelectorAll("thead th")) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", rises ? "ascending" : "descending");
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => [key(row, head.cellIndex), row]);
  rows.sort((a, b) => compare(a[0], b[0], isNumber, rises ? 1 : -1));
  body.append(...rows.map((pair) => pair[1]));
  said.textContent = `Sorted by ${head.textContent}, ${rises ? "ascending" : "descending"}`;
}

for (const head of document.querySelectorAll("table.sorts thead th")) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...head.childNodes);
  button.addEventListener("click", () => sort(head));
  head.append(button);
}

// SPDX-License-Identifier: Apache-2.0
// A click on a heading sorts the table by that column, numbers downwards first; a second click turns the order.
for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    heading.querySelector("button").addEventListener("click", () => {
      const body = table.tBodies[0];
      const value = row => row.cells[column].textContent.replace(/\s/g, "");
      const descending = heading.getAttribute("aria-sort") !== "descending" && column > 0 ||
        heading.getAttribute("aria-sort") === "ascending";
      const compare = (a, b) => {
        const [x, y] = [value(a), value(b)];
        const numbers = [parseFloat(x), parseFloat(y)].map(n => Number.isNaN(n) ? -1 : n);
        return column === 0 ? x.localeCompare(y) : numbers[0] - numbers[1];
      };
      body.append(...[...body.rows].sort((a, b) => descending ? compare(b, a) : compare(a, b)));
      for (const other of headings) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
    });
  });
}

// Adds and takes away the rows of a list in a form. Without this module the same buttons post the form.

function clear(row) {
  for (const input of row.querySelectorAll("input, select")) {
    if (input instanceof HTMLSelectElement) input.selectedIndex = 0;
    else input.value = "";
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
  }
  for (const error of row.querySelectorAll(".wrong")) error.remove();
}

// The names, ids and labels of a row carry its number: `vlans.3.vlan`.
function renumber(row, list, number) {
  const pattern = new RegExp(`(${list}[.-])\\d+(?=[.-]|$)`);
  for (const element of [row, ...row.querySelectorAll("*")]) {
    for (const attribute of ["name", "id", "for", "value", "aria-labelledby"]) {
      const text = element.getAttribute(attribute);
      const own = attribute !== "value" || element instanceof HTMLButtonElement;
      if (own && text) element.setAttribute(attribute, text.replace(pattern, `$1${number}`));
    }
    const label = element.getAttribute("aria-label"); // people count from 1
    if (label) element.setAttribute("aria-label", label.replace(/\d+$/, String(number + 1)));
  }
}

function add(rows) {
  const last = rows.lastElementChild;
  const row = last.cloneNode(true);
  const number = Number(rows.dataset.next);
  rows.dataset.next = String(number + 1);
  renumber(row, rows.dataset.rows, number);
  row.hidden = false;
  clear(row);
  rows.append(row);
  row.querySelector("input, select")?.focus();
}

function remove(row) {
  clear(row); // a row that is blank as a whole is none
  row.hidden = true;
  const next = row.parentElement.querySelector(":scope > :not([hidden]) input");
  next?.focus();
}

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("button[name=_add], button[name=_remove]") : null;
  if (!button) return;
  const rows = button.form?.querySelector(`[data-rows="${CSS.escape(button.value.split(".")[0])}"]`);
  if (!rows) return;
  event.preventDefault();
  if (button.name === "_add") add(rows);
  else remove(button.closest("[data-rows] > *"));
});

// What every page needs of a script, and works without: asking before a deletion, the first error of a form in sight.

function ask(form, submitter) {
  const dialog = document.createElement("dialog");
  const text = document.createElement("p");
  text.id = "ask-text";
  text.textContent = form.dataset.confirm;
  const keep = button("Cancel", "");
  const go = button(submitter?.textContent.trim() || "Continue", "danger");
  const row = document.createElement("div");
  row.className = "actions";
  row.append(keep, go);
  dialog.setAttribute("aria-labelledby", text.id);
  dialog.append(text, row);
  keep.addEventListener("click", () => dialog.close());
  go.addEventListener("click", () => {
    form.dataset.confirmed = "yes";
    dialog.close();
    form.requestSubmit(submitter ?? undefined);
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  keep.focus();
}

function button(label, name) {
  const node = document.createElement("button");
  node.type = "button";
  node.className = name;
  node.textContent = label;
  return node;
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.dataset.confirm || form.dataset.confirmed) return;
  event.preventDefault();
  ask(form, event.submitter);
});

// A form is sent once, however often the button is pressed; coming back with "Back" opens it again.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method === "get") return;
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "yes";
});
addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));

document.querySelector("[data-focus]")?.focus();

// A select or check box with data-submit sends its form by itself (a filter); there is a button for who has no script.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
});

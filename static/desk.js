// The desk's own script, in five files: the thread between mail and fields, the diff, and that nothing typed is lost; then
// news.js, keys.js, palette.js, begin.js.
// Nothing here decides anything; every form and link works without it.

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const WORDS = JSON.parse($("meta[name=words]")?.content ?? "{}"); // of another language than English
const say = (words, holes = {}) => (WORDS[words] ?? words).replace(/\{(\w+)\}/g, (hole, name) => holes[name] ?? hole);

// ---- A word in the mail and the field that it filled light up together

function link(event) {
  const field = event.target.closest?.("[data-field]")?.dataset.field;
  for (const one of $$("[data-field]")) one.classList.toggle("is-linked", one.dataset.field === field);
}
for (const kind of ["pointerover", "focusin"]) addEventListener(kind, link);

// ---- The reply: placeholders marked behind the text, the diff below it, the button renamed

const words = (text) => text.match(/\s*(?:[\p{L}\p{N}_{}@'’-]+|\S)/gu) ?? [];

function compare(before, after) {
  const same = (i, j) => before[i].trim() === after[j].trim();
  const longest = Array.from({ length: before.length + 1 }, () => new Uint16Array(after.length + 1));
  for (let i = before.length - 1; i >= 0; i--)
    for (let j = after.length - 1; j >= 0; j--)
      longest[i][j] = same(i, j) ? longest[i + 1][j + 1] + 1 : Math.max(longest[i + 1][j], longest[i][j + 1]);
  const steps = [];
  let i = 0, j = 0;
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && same(i, j)) { steps.push(["", after[j]]); i++; j++; }
    else if (j === after.length || (i < before.length && longest[i + 1][j] >= longest[i][j + 1])) steps.push(["del", before[i++]]);
    else steps.push(["ins", after[j++]]);
  }
  return steps;
}

function line(steps, mark) {
  const near = (at) => steps.slice(Math.max(0, at - 1), at + 3).some(([kind]) => kind);
  const parts = [];
  let skipped = false;
  steps.forEach(([kind, text], at) => {
    if (kind && kind !== mark) return;
    if (!kind && !near(at)) { skipped = true; return; }
    if (skipped && parts.length) parts.push(" … ");
    skipped = false;
    if (!kind) return parts.push(text);
    const changed = document.createElement(kind);
    changed.textContent = text.trim();
    parts.push(/^\s/.test(text) ? " " : "", changed);
  });
  if (skipped) parts.push(" …");
  return parts;
}

function redraw() {
  const reply = $("#f-reply");
  if (!reply) return;
  const before = $("#model-reply").value, after = reply.value;
  $(".editor-mirror").replaceChildren(...after.split(/(\{[a-z_.]+\})/).map((part, at) => {
    if (at % 2 === 0) return part;
    const hole = document.createElement("mark");
    hole.textContent = part;
    return hole;
  }), "\n");
  const edited = after.trim() !== before.trim();
  $(".diff").hidden = !edited;
  const renamed = $("[data-edited]");
  if (renamed) renamed.hidden = !edited && !isDirty();
  if (!edited) return;
  const steps = compare(words(before), words(after));
  const [wrote, yours] = $$(".diff dd:first-of-type");
  wrote.replaceChildren(...line(steps, "del"));
  yours.replaceChildren(...line(steps, "ins"));
}

// ---- Nothing typed is lost: the server keeps it as it is typed, this browser until the server has it

let drawn = "";
const form = () => $(".proposal[data-status=in_review]");
const values = () => { const now = form(); return now ? new URLSearchParams(new FormData(now)).toString() : ""; };
const isDirty = () => values() !== drawn;
const TYPED = ["category", "username", "reply"];
const keep = () => [...new FormData(form())].filter(([name]) => TYPED.includes(name) || name.startsWith("details."));

addEventListener("input", (event) => {
  const field = event.target.closest("[data-kept]");
  if (field) localStorage.setItem(field.dataset.kept, field.value);
  if (!event.target.closest(".proposal[data-status=in_review]")) return;
  redraw();
  localStorage.setItem(form().id, JSON.stringify(keep()));
  typing(true);
});

document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, successful, requestConfig } = event.detail;
  if (elt.id.endsWith("-saved") && successful && event.detail.xhr.status === 200) localStorage.removeItem(elt.id.replace("-saved", "-proposal"));
  const note = successful && requestConfig.verb === "post" && $("[data-kept]", elt);
  if (note) localStorage.removeItem(note.dataset.kept);
});
document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (event.detail.xhr.status !== 401) return;
  event.preventDefault();
  const door = `/session?next=${encodeURIComponent(location.pathname + location.search)}`;
  if (!isDirty()) location.href = door;
  else tell(say("You were signed out. What you typed is kept in this browser."), true, [say("Sign in"), door]);
});
document.addEventListener("htmx:sendError", () => {
  tell(say("Courtdesk cannot be reached. What you typed is kept in this browser."));
});

function restore() {
  for (const field of $$("[data-kept]")) if (!field.value) field.value = localStorage.getItem(field.dataset.kept) ?? "";
  const kept = form() && localStorage.getItem(form().id);
  if (!kept) return;
  let changed = null;
  for (const [name, value] of JSON.parse(kept)) {
    const fields = $$(`[name="${CSS.escape(name)}"]`, form());
    const field = fields.find((one) => one.type !== "radio" || one.value === value);
    if (field?.type === "radio") { if (!field.checked) { field.checked = true; changed = field; } }
    else if (field && field.value !== value) { field.value = value; changed = field; }
  }
  setTimeout(() => changed?.dispatchEvent(new Event("input", { bubbles: true })), 100); // htmx listens by then
}

let stopped = 0;
function typing(now) {
  const flag = $("#is-typing");
  if (!flag) return;
  clearTimeout(stopped);
  if (now) stopped = setTimeout(() => typing(false), 5000);
  if ((flag.value === "1") === now) return;
  flag.value = now ? "1" : "0";
  document.body.dispatchEvent(new Event("desk:typing"));
}

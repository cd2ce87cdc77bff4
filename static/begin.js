// The next ticket is fetched in advance; and the page begins.

// ---- The next ticket is fetched before it is asked for

let soon = 0;
for (const kind of ["pointerover", "focusin"]) addEventListener(kind, (event) => {
  const link = event.target.closest?.(".row-link:not([aria-current])");
  clearTimeout(soon);
  if (link) soon = setTimeout(() => link.dispatchEvent(new Event("desk:soon")), 80);
});

// ---- Begin, and begin again whenever htmx has drawn a new page

function mark() {
  const id = $("#conversation")?.dataset.ticket;
  for (const link of $$(".row-link")) {
    if (link.closest(".row").id === `ticket-${id}-row`) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}
function begin() {
  mark();
  drawn = values();
  renamed = performance.now();
  redraw();
  restore();
  requestAnimationFrame(watch);
  $(".row-link[aria-current]")?.scrollIntoView({ block: "nearest" });
}
document.addEventListener("htmx:afterSettle", (event) => {
  const target = event.detail.target;
  if (target === document.body || target?.id === "work") begin();
  else if (target?.id === "queue-rows") mark();
});
begin();

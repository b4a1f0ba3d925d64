// Keys, counting, copying, and what follows an answer. Everything here is a shortcut to forms and links that work
// without it.
"use strict";
(() => {
  document.documentElement.classList.add("scripted");
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const token = document.body.dataset.formToken;
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  // ---- where the keyboard is -------------------------------------------------------------------------------------
  let currentId = "";
  const chosenOf = new Map();
  const cards = () => all("[data-opportunity]");
  const current = () => document.getElementById(currentId);
  const suggestions = (card) => all("[data-suggestion]", card);
  const chosen = (card) => {
    const items = suggestions(card);
    const number = chosenOf.get(card.id);
    const open = (item) => one('[data-act="approve"].primary', item);
    return items.find((item) => item.dataset.number === number)
      ?? items.find((item) => item.dataset.status === "awaiting" && open(item))
      ?? items.find((item) => item.dataset.status === "pending") ?? items[0];
  };
  const mark = () => {
    for (const card of cards()) {
      const here = card.id === currentId;
      card.classList.toggle("current", here);
      if (here) card.setAttribute("aria-current", "true"); else card.removeAttribute("aria-current");
      const item = here ? chosen(card) : null;
      for (const each of suggestions(card)) {
        each.classList.toggle("chosen", each === item);
        if (each === item) each.setAttribute("aria-current", "true"); else each.removeAttribute("aria-current");
      }
    }
  };
  // Where several people decide, they see which cards somebody has had open: for a while, not in passing.
  const team = "team" in document.body.dataset;
  const told = new Set();
  let looking;
  const lookAt = (card) => {
    clearTimeout(looking);
    if (!team || !card || told.has(card.id)) return;
    looking = setTimeout(() => {
      told.add(card.id);
      const { project, tweet } = card.dataset;
      const body = new URLSearchParams({ token, project, tweet_id: tweet });
      fetch("/seen", { method: "POST", body }).catch(() => told.delete(card.id));
    }, 1500);
  };
  const reveal = (element) => {
    const top = one(".top").getBoundingClientRect().bottom + 12;
    const box = element.getBoundingClientRect();
    if (box.top >= top && box.bottom <= innerHeight - 12) return;
    scrollBy({ top: box.top - top, behavior: still.matches ? "auto" : "smooth" });
  };
  const goTo = (card, { focus = true, scroll = true } = {}) => {
    if (!card) return;
    currentId = card.id;
    mark();
    lookAt(card);
    if (focus) card.focus({ preventScroll: true });
    if (scroll) reveal(card);
  };
  const move = (by) => {
    const list = cards();
    const at = list.findIndex((card) => card.id === currentId);
    if (at < 0) {
      const top = one(".top").getBoundingClientRect().bottom;
      goTo(list.find((card) => card.getBoundingClientRect().bottom > top + 40) ?? list[0]);
      return;
    }
    if (list[at + by]) goTo(list[at + by]);
    else if (by > 0) one("[data-more] a")?.click();
  };
  document.addEventListener("focusin", (event) => {
    const card = event.target.closest?.("[data-opportunity]");
    if (!card) return;
    const item = event.target.closest("[data-suggestion]");
    if (item) chosenOf.set(card.id, item.dataset.number);
    currentId = card.id;
    mark();
    lookAt(card);
  });
  if (location.pathname === "/tweet") lookAt(cards()[0]);

  // ---- saying something ------------------------------------------------------------------------------------------
  const live = one("#live");
  let fading;
  const fade = () => {
    clearTimeout(fading);
    // A toast with a button stays longer, and as long as somebody is in it.
    fading = setTimeout(() => {
      if (live.matches(":hover, :focus-within")) fade(); else live.replaceChildren();
    }, one("form", live) ? 12000 : 7000);
  };
  const say = (text, kind = "done") => {
    const box = document.createElement("div");
    box.className = `toast ${kind}`;
    box.dataset.toast = kind;
    const line = document.createElement("p");
    line.textContent = text;
    box.append(line);
    live.replaceChildren(box);
    fade();
  };
  if (live.childElementCount) fade();

  // ---- what a key does -------------------------------------------------------------------------------------------
  const press = (action) => {
    const card = current();
    const item = card && chosen(card);
    if (!item) { say("Choose a tweet first: j and k.", "bad"); return; }
    const button = one(`[data-act="${action}"]`, item);
    // Stays chosen: pressing the key twice must not decide about the next one too.
    chosenOf.set(card.id, item.dataset.number);
    if (button) button.click();
    else say(`“${item.querySelector(".kind bdi").textContent}” is ${item.dataset.status}: that is not possible now.`, "bad");
  };
  const openPanel = (name) => {
    const card = current();
    const item = card && chosen(card);
    const panel = item && one(`[data-panel="${name}"]`, item);
    if (!panel) { say("That is not possible now.", "bad"); return; }
    panel.open = true;
    const field = one("textarea, input:not([type=hidden])", panel);
    field.focus();
    if (field.setSelectionRange) field.setSelectionRange(field.value.length, field.value.length);
  };
  const follow = (selector) => {
    const card = current();
    const item = card && (chosen(card) ?? card);
    const found = item && one(selector, item);
    if (found) found.click(); else say("That is not possible now.", "bad");
  };
  const keys = {
    j: () => move(1),
    k: () => move(-1),
    a: () => press("approve"),
    p: () => press("post"),
    e: () => openPanel("edit"),
    r: () => openPanel("reject"),
    v: () => openPanel("revise"),
    o: () => follow("[data-composer]"),
    c: () => follow("[data-copy]"),
    u: () => one("#undo").requestSubmit(),
    "/": () => { const field = one("#search"); if (field) { field.focus(); field.select(); } },
    "?": () => one("#help").showModal(),
  };
  for (const number of "12345") {
    keys[number] = () => {
      const card = current();
      const item = card && one(`[data-number="${number}"]`, card);
      if (!item) return;
      chosenOf.set(card.id, number);
      mark();
      reveal(item);
      say(`Suggestion ${number}: ${one(".reply", item).textContent.slice(0, 200)}`);
    };
  }
  const typing = (element) => element.isContentEditable
    || element.matches?.("textarea, select, input:not([type=checkbox], [type=radio], [type=submit], [type=button])");
  document.addEventListener("keydown", (event) => {
    const element = event.target;
    if (event.isComposing) return;
    if (typing(element)) {
      if (event.key === "Escape") {
        const panel = element.closest("[data-panel]");
        if (panel) { panel.open = false; goTo(panel.closest("[data-opportunity]"), { scroll: false }); }
        else element.blur();
        event.preventDefault();
      } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && element.form?.dataset.form === "edit") {
        element.form.requestSubmit();
        event.preventDefault();
      }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || one("dialog[open]")) return;
    if (event.key === "Escape") {
      for (const open of all("[data-panel][open], [data-menu][open], [data-choices].over[open]")) open.open = false;
      return;
    }
    const action = keys[event.key];
    if (!action || event.repeat && !"jk".includes(event.key)) return;
    event.preventDefault();
    action();
  });

  // ---- clicks ----------------------------------------------------------------------------------------------------
  const copy = async (text) => {
    if (navigator.clipboard && isSecureContext) {
      await navigator.clipboard.writeText(text);
      return;
    }
    // Pages that came over plain HTTP from another machine get no clipboard; the old way still works there.
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "sr";
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    if (!done) throw new Error("refused");
  };
  document.addEventListener("click", (event) => {
    const element = event.target.closest?.("[data-copy], [data-close], [data-opens]");
    if (element?.dataset.opens) one(`#${element.dataset.opens}`).showModal();
    else if (element && "close" in element.dataset) {
      const panel = element.closest("[data-panel]");
      one("form", panel)?.reset();
      panel.open = false;
      count(one("[data-counted]", panel));
    } else if (element) {
      copy(element.dataset.copy).then(() => say("Copied"), () => say("The browser did not let it be copied.", "bad"));
    }
    for (const menu of all("[data-menu][open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("toggle", (event) => {
    const panel = event.target;
    if (!panel.matches?.("[data-panel]") || !panel.open) return;
    // What was said last would cover what has just been opened.
    live.replaceChildren();
    for (const other of all("[data-panel][open]", panel.closest("[data-suggestion]") ?? document)) {
      if (other !== panel && panel.closest("[data-suggestion]")) other.open = false;
    }
  }, true);

  // ---- what is posted, and greens to tick --------------------------------------------------------------------------
  // Once X has been opened, what is left is to say that it is posted.
  document.addEventListener("click", (event) => {
    event.target.closest?.("[data-composer]")?.closest("[data-suggestion]")?.classList.add("opened");
    const dismissed = event.target.closest?.("dialog [data-dismiss]");
    if (dismissed) {
      event.preventDefault();
      dismissed.closest("dialog").close();
    }
  });
  const greens = one("#greens-dialog");
  document.addEventListener("change", (event) => {
    const form = event.target.closest?.("[data-form=greens]");
    if (form) one("[data-ticked]", form).textContent = ` (${all("[name=pick]:checked", form).length})`;
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const asked = event.detail.requestConfig?.verb === "get" && event.detail.target?.id === "greens";
    if (greens && asked && !greens.open) greens.showModal();
  });
  // What is said about an error stands below the list, not in here.
  for (const name of ["review:many", "htmx:sendError", "htmx:responseError"]) {
    document.addEventListener(name, () => greens?.close());
  }
  // A decision about many is answered with the cards that are shown here.
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.verb === "post" && /^\/(undo|approve-greens)/.test(event.detail.path)) {
      event.detail.parameters.shown = cards().map((card) => card.id).join(" ");
    }
  });

  // ---- counting --------------------------------------------------------------------------------------------------
  let asked;
  const show = (field, length) => {
    const output = one("[data-count]", field.form);
    const limit = Number(field.dataset.counted);
    output.textContent = `${length}/${limit}`;
    output.classList.toggle("over", length > limit);
    if (length > limit) field.setAttribute("aria-invalid", "true"); else field.removeAttribute("aria-invalid");
  };
  const count = (field) => {
    if (!field) return;
    show(field, window.reviewWeight(field.value));
    clearTimeout(asked);
    asked = setTimeout(async () => {
      const text = field.value;
      try {
        const answer = await fetch("/length", { method: "POST", body: new URLSearchParams({ token, text }) });
        if (answer.ok && field.isConnected && field.value === text) show(field, (await answer.json()).length);
      } catch { /* The server is away; saving will tell. */ }
    }, 300);
  };
  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-counted]")) count(event.target);
  });

  // ---- filters: every change shows at once, and the address stays short --------------------------------------------
  const filters = one("[data-filters]");
  if (filters) {
    const choices = one("[data-choices]", filters);
    const wide = matchMedia("(min-width: 75rem)");
    const arrange = () => { if (choices) choices.open = wide.matches; };
    arrange();
    wide.addEventListener("change", arrange);
    // Browsers put back what was chosen later when somebody goes back: the address counts.
    addEventListener("pageshow", () => filters.reset());
    filters.addEventListener("change", (event) => {
      if (event.target.matches("select")) filters.requestSubmit();
    });
    filters.addEventListener("submit", () => {
      for (const field of all("input, select", filters)) {
        const usual = field.dataset.usual ?? (field.matches("select") ? field.options[0].value : "");
        field.disabled = field.value === usual;
      }
      // The back button may show this page as it was left.
      setTimeout(() => { for (const field of all("input, select", filters)) field.disabled = false; });
    });
  }

  // ---- answers of the server -------------------------------------------------------------------------------------
  // A card is replaced as a whole. What somebody has open in it meanwhile is carried over, with the version it was
  // begun on: should the suggestion have changed under it, saving says so.
  const carried = new Map();
  const carry = (target, asker) => {
    const card = target?.closest?.("[data-opportunity]");
    if (!card) return;
    const name = (panel) => panel && `${panel.closest("[data-suggestion]").dataset.suggestion} ${panel.dataset.panel}`;
    const answered = name(asker?.closest("[data-panel]"));
    const panels = all("[data-panel][open]", card).filter((panel) => name(panel) !== answered).map((panel) => {
      const form = one("form", panel);
      const active = form.contains(document.activeElement) ? document.activeElement : null;
      return {
        type: panel.closest("[data-suggestion]").dataset.suggestion,
        name: panel.dataset.panel,
        values: all("textarea, input[name=reason], input[name=wish], input[name=version], input[name=shown]", form).map((field) => [field.name, field.value]),
        active: active?.name,
        at: active?.selectionStart,
      };
    });
    if (panels.length) carried.set(card.id, { card, panels });
  };
  const giveBack = () => {
    for (const [id, { card: old, panels }] of carried) {
      const card = document.getElementById(id);
      // Messages are swapped in before the card is: not yet.
      if (card === old) continue;
      carried.delete(id);
      for (const kept of card ? panels : []) {
        const item = suggestions(card).find((each) => each.dataset.suggestion === kept.type);
        const panel = item && one(`[data-panel="${kept.name}"]`, item);
        if (!panel) continue;
        panel.open = true;
        for (const [name, value] of kept.values) one(`[name="${name}"]`, panel).value = value;
        const field = kept.active && one(`[name="${kept.active}"]`, panel);
        if (field) {
          field.focus({ preventScroll: true });
          if (field.setSelectionRange && kept.at !== undefined) field.setSelectionRange(kept.at, kept.at);
        }
      }
    }
  };
  // Several answers may be under way for a card, and the first one replaces what the others were meant to replace: they
  // go to what stands there now. None takes the place of one that was asked for later, unless it says what went wrong.
  const numbers = new WeakMap();
  const newest = new Map();
  let asking = 0;
  let answering;
  const overtakes = (id, xhr) => {
    if (numbers.get(xhr) < newest.get(id) && xhr.status < 400) return false;
    newest.set(id, numbers.get(xhr));
    return true;
  };
  const answer = (event) => { answering = event.detail.xhr; };
  const place = (event) => {
    const { detail } = event;
    const card = detail.target;
    if (!card.matches("[data-opportunity]") || detail.xhr.getResponseHeader("hx-reswap") === "none") return;
    detail.target = document.getElementById(card.id) ?? card;
    detail.shouldSwap &&= overtakes(card.id, detail.xhr);
    if (detail.shouldSwap) carry(detail.target, detail.requestConfig.elt);
  };
  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    numbers.set(detail.xhr, asking += 1);
    // Heard where it happens: what is no longer part of the page tells the page nothing.
    detail.elt.addEventListener("htmx:beforeOnLoad", answer);
    detail.target.addEventListener("htmx:beforeSwap", place);
  });
  document.addEventListener("htmx:oobBeforeSwap", ({ detail }) => {
    if (!detail.target.matches("[data-opportunity]")) return;
    detail.shouldSwap &&= overtakes(detail.target.id, answering);
    if (detail.shouldSwap) carry(detail.target, null);
  });
  document.addEventListener("htmx:afterSwap", giveBack);
  document.addEventListener("htmx:oobAfterSwap", giveBack);
  document.addEventListener("htmx:beforeRequest", (event) => {
    event.detail.elt.closest?.("[data-opportunity]")?.setAttribute("aria-busy", "true");
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    event.detail.elt.closest?.("[data-opportunity]")?.removeAttribute("aria-busy");
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    const swapped = event.detail.elt;
    if (live.childElementCount) fade();
    const card = current();
    if (card && (document.activeElement === document.body || document.activeElement === null || !document.activeElement.isConnected)) {
      const trouble = one("[data-trouble]", card);
      const field = trouble && one("details[open] textarea, [data-kept]", trouble.closest("[data-suggestion]") ?? card);
      if (field) field.focus(); else card.focus({ preventScroll: true });
    }
    for (const field of all("[data-panel][open] [data-counted]", swapped)) show(field, window.reviewWeight(field.value));
    mark();
  });
  document.addEventListener("review:moved", (event) => {
    // Not away from where somebody is typing.
    if (!typing(document.activeElement)) goTo(document.getElementById(event.detail.id));
  });
  document.addEventListener("htmx:sendError", () => say("The server does not answer. Is it still running?", "bad"));
  document.addEventListener("htmx:responseError", (event) => {
    const { xhr } = event.detail;
    if (!xhr.getResponseHeader("content-type")?.includes("html")) say(xhr.responseText.slice(0, 200) || "That did not work.", "bad");
  });

  if (location.hash.startsWith("#o-")) goTo(document.getElementById(location.hash.slice(1)), { scroll: false });
})();

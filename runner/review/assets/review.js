// Keys, live updates and copying. Every page works without it; nothing is decided here.
'use strict';

const byId = (id) => document.getElementById(id);

// Pages of our own, read as documents so that parts of them can take the place of parts of this one.
const policy = window.trustedTypes
  ? window.trustedTypes.createPolicy('review', { createHTML: (text) => text })
  : { createHTML: (text) => text };
const parse = (text) => new DOMParser().parseFromString(policy.createHTML(text), 'text/html');

// What was done is said for a moment; what is the matter, until it is not.
const SAID_FOR_MS = 5000;
let saying = 0;
const say = (words, passing = false) => {
  byId('live').textContent = words;
  clearTimeout(saying);
  if (passing) saying = setTimeout(say, SAID_FOR_MS, '');
};

// Live updates.

const POINTS = matchMedia('(hover: hover)');

async function ask(path) {
  return fetch(path, { headers: { 'x-synapsor-live': '1' }, credentials: 'same-origin', redirect: 'error' });
}

// A part that names a key is left alone while the key is the same: somebody may be typing in it. A list under the pointer
// waits until the pointer has left it: a row that moves would be another one than the person meant to press.
function replaceParts(fresh) {
  let happened = '';
  for (const part of document.querySelectorAll('[data-live]')) {
    const next = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
    if (!next) continue;
    const same = part.dataset.key ? part.dataset.key === next.dataset.key : part.innerHTML === next.innerHTML;
    if (same) continue;
    if (part.dataset.live === 'list' && POINTS.matches && part.matches(':hover')) {
      say('There is something new; move the pointer off the list to see it');
      part.addEventListener('pointerleave', refresh, { once: true });
      continue;
    }
    const open = [...part.querySelectorAll('details')].map((details) => details.open);
    const row = part.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;
    const adopted = document.importNode(next, true);
    part.replaceWith(adopted);
    adopted.querySelectorAll('details').forEach((details, at) => { details.open = open[at] ?? details.open; });
    adopted.classList.add('fresh');
    if (row) adopted.querySelector(`[href="${CSS.escape(row)}"]`)?.focus();
    happened = part.id === 'decision' ? 'Decided in the meantime' : happened || 'Updated';
  }
  return happened;
}

let asking = false;
let again = false;
async function refresh() {
  if (asking) { again = true; return; }
  asking = true;
  try {
    const response = await ask(location.pathname + location.search);
    if (response.status === 401) {
      say('The session is over: it needs a new link');
      source?.close();
      return;
    }
    const happened = response.ok ? replaceParts(parse(await response.text())) : '';
    if (happened) {
      say(happened, true);
      enliven();
    }
  } catch {
    say('Not connected');
  } finally {
    asking = false;
    if (again) { again = false; refresh(); }
  }
}

let source = null;
function watch() {
  if (!document.querySelector('[data-live]') || !window.EventSource) return;
  let last = null;
  source = new EventSource('/live');
  source.onmessage = (event) => {
    if (last !== event.data) refresh();
    last = event.data;
  };
  source.onopen = () => say('');
  // Turned away is not unreachable: the page asks for itself once more and learns why.
  source.onerror = () => (source.readyState === EventSource.CLOSED ? refresh() : say('Not connected'));
  addEventListener('pagehide', () => source.close());
}

// The rerun badge.

async function rerun() {
  const place = document.querySelector('[data-rerun]');
  if (!place) return;
  place.textContent = 'running the recorded call again …';
  try {
    const response = await ask(place.dataset.rerun);
    if (!response.ok) throw new Error(String(response.status));
    place.replaceChildren(...parse(await response.text()).body.childNodes);
  } catch {
    place.textContent = 'the recorded call could not be run again now';
  }
}

// What a fresh part needs.

function enliven() {
  for (const button of document.querySelectorAll('[data-copy]')) {
    button.hidden = !navigator.clipboard;
    button.onclick = async () => {
      await navigator.clipboard.writeText(byId(button.dataset.copy).textContent);
      button.textContent = 'Copied';
    };
  }
  const reason = byId('reason');
  byId('reject')?.addEventListener('click', (event) => {
    reason.setCustomValidity(reason.value.trim() ? '' : 'A rejection needs a reason.');
    if (!reason.reportValidity()) event.preventDefault();
  });
  byId('approve')?.addEventListener('click', () => reason.setCustomValidity(''));
  reason?.addEventListener('input', () => reason.setCustomValidity(''));
  // Sent once: a second click does nothing.
  for (const form of document.querySelectorAll('main form[method=post]')) {
    form.addEventListener('submit', (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = '1';
    });
  }
}

// Keys. A key alone never decides: it moves the focus, and Enter on a button is a decision.

function step(by) {
  const rows = [...document.querySelectorAll('[data-row]')];
  if (rows.length === 0) return;
  const at = rows.indexOf(document.activeElement);
  const next = at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + by, 0), rows.length - 1);
  rows[next].focus();
}

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  a: () => byId('approve')?.focus(),
  r: () => byId('reason')?.focus(),
  u: () => document.querySelector('[data-up]')?.click(),
  '/': () => byId('search')?.focus(),
  '?': () => byId('help').showModal(),
};

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || byId('help').open) return;
  if (event.target.closest('input, textarea, select')) {
    if (event.key === 'Escape') event.target.blur();
    return;
  }
  const action = KEYS[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});

byId('help-open').hidden = false;
byId('help-open').addEventListener('click', KEYS['?']);

// A page that comes back from the browser's memory may be old.
addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });

enliven();
rerun();
watch();

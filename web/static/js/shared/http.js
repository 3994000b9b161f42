// Asking the server, outside the socket.

const TIMEOUT = 15_000;

function token() {
  return document.querySelector('meta[name="csrf-token"]').content;
}

/** Post `fields` (or a `FormData` with files) to `url` and return the response. Throws when it takes too long, or `stop` aborts. */
export function post(url, fields = {}, patience = TIMEOUT, stop = new AbortController().signal) {
  return fetch(url, {
    method: "POST",
    body: fields instanceof FormData ? fields : new URLSearchParams(fields),
    headers: { "X-CSRFToken": token(), "X-Fragment": "1" },
    signal: AbortSignal.any([AbortSignal.timeout(patience), stop]),
  });
}

/** The fragment at `url` as detached DOM, or null when there is none to have. */
export async function fragment(url, signal = AbortSignal.timeout(TIMEOUT)) {
  try {
    const response = await fetch(url, { headers: { "X-Fragment": "1" }, signal });
    return response.ok ? parse(await response.text()) : null;
  } catch {
    return null;
  }
}

/** What the server says is wrong, as one sentence; empty when it says nothing. */
export async function sentenceOf(response) {
  const found = await response?.json().catch(() => null);
  return found?.sentence ?? "";
}

/** HTML from our own server as detached DOM. */
export function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

// Asking the server, outside the socket.

const TIMEOUT = 15_000;

function token() {
  return document.querySelector('meta[name="csrf-token"]').content;
}

/** Post `fields` to `url` and return the response. Throws when the server was not reached in time. */
export function post(url, fields = {}) {
  return fetch(url, {
    method: "POST",
    body: new URLSearchParams(fields),
    headers: { "X-CSRFToken": token(), "X-Fragment": "1" },
    signal: AbortSignal.timeout(TIMEOUT),
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

/** HTML from our own server as detached DOM. */
export function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

// HTTP requests to the server, beside the socket.

const TIMEOUT = 15_000;

function token() {
  return document.querySelector('meta[name="csrf-token"]').content;
}

/**
 * Post fields, or a form with files.
 * @param {string} url
 * @param {object|FormData|URLSearchParams|Array<[string, string]>} fields
 * @param {number} timeout In milliseconds.
 * @param {AbortSignal} abort
 * @returns {Promise<Response>} Rejects when the network fails, the time is over, or `abort` fires.
 */
export function post(url, fields = {}, timeout = TIMEOUT, abort = new AbortController().signal) {
  return fetch(url, {
    method: "POST",
    body: fields instanceof FormData ? fields : new URLSearchParams(fields),
    headers: { "X-CSRFToken": token(), "X-Fragment": "1" },
    signal: AbortSignal.any([AbortSignal.timeout(timeout), abort]),
  });
}

/**
 * Fetch a part of a page.
 * @param {string} url
 * @param {AbortSignal} signal
 * @returns {Promise<DocumentFragment|null>} Detached; null when the request fails.
 */
export async function fragment(url, signal = AbortSignal.timeout(TIMEOUT)) {
  try {
    const response = await fetch(url, { headers: { "X-Fragment": "1" }, signal });
    return response.ok ? parse(await response.text()) : null;
  } catch {
    return null;
  }
}

/**
 * What was refused, and why.
 * @param {Response|null} response
 * @returns {Promise<{sentence: string, retry: boolean}|null>} Null where the response does not say.
 */
export async function refusalOf(response) {
  const found = await response?.json().catch(() => null);
  return found?.sentence ? found : null;
}

/**
 * The sentence of an error response.
 * @param {Response|null} response
 * @returns {Promise<string>} Empty when it holds none.
 */
export async function sentenceOf(response) {
  return (await refusalOf(response))?.sentence ?? "";
}

// Browsers that know Trusted Types make HTML of text, and start scripts beside the page, nowhere else in our pages.
const ours = globalThis.trustedTypes?.createPolicy("chaski", { createHTML: (html) => html, createScriptURL });

function createScriptURL(address) {
  if (new URL(address, location.href).origin !== location.origin) throw new TypeError("not a script of ours");
  return address;
}

/**
 * Start a script of our own server beside the page.
 * @param {string} address
 * @returns {Worker}
 */
export function startWorker(address) {
  return new Worker(ours ? ours.createScriptURL(address) : address);
}

/**
 * Parse HTML of our own server.
 * @param {string} html
 * @returns {DocumentFragment} Detached.
 */
export function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = ours ? ours.createHTML(html) : html;
  return template.content;
}
